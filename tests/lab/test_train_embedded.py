"""Training on the real sample stream with a tiny encoder: it resumes to the same weights, and its losses mean it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("accelerate", reason="training needs the extra \"train\"")

from fineview.core.errors import InputProblem, WrongWords
from fineview.core.labels import WORDS
from fineview.lab import train_losses as losses
from fineview.lab.train_crops import window
from fineview.lab.train_embedded import train_embedded
from fineview.lab.train_state import TOGETHER
from fineview.models import weights
from fineview.models.language.words import START
from fineview.models.vision.build import TINY, RetinaConfig
from tests.small_stages import MIX, TABLE, train


def test_a_killed_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    steps = 6

    def kill(step: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    def run(folder: Path, resume: bool = False) -> dict[str, torch.Tensor]:
        path = train_embedded(folder, steps, resume, None, stage=TOGETHER, mix=MIX, config=TINY, workers=0,
                              save_every=2, table=TABLE, say=lambda _: None)
        return weights.load(path.parent)[0]

    straight = run(tmp_path / "straight")
    killed = tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        train_embedded(killed, steps, False, None, stage=TOGETHER, mix=MIX, config=TINY, workers=0, save_every=2,
                       table=TABLE, export_minutes=1e9, say=lambda _: None, after_step=kill)
    assert not (killed / "export").exists()
    resumed = run(killed, resume=True)
    assert straight.keys() == resumed.keys()
    assert all(torch.equal(straight[name], resumed[name]) for name in straight)
    manifest = json.loads((killed / "export" / weights.MANIFEST).read_text())
    assert manifest["trained_steps"] == steps and manifest["name"] == "tiny"
    assert manifest["licence"] == "Apache-2.0", "phantoms alone"


def test_a_run_may_go_on_from_exported_weights_of_the_same_structure(tmp_path: Path) -> None:
    def run(name: str, steps: int, config: RetinaConfig = TINY, begin: Path | None = None) -> Path:
        return train_embedded(tmp_path / name, steps, False, None, stage=TOGETHER, mix=MIX, config=config, workers=0,
                              begin=begin, table=TABLE, say=lambda _: None).parent

    first = run("first", 2)
    nothing_done = run("nothing-done", 0, begin=first)
    (before, manifest), (after, later) = weights.load(first), weights.load(nothing_done)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert later.facts["begun_from"] == manifest.sha256
    with pytest.raises(WrongWords, match="structure"):
        run("other", 0, TINY.with_encoder(vit_layers=5), first)


def test_a_resumed_run_keeps_the_weights_it_began_from(tmp_path: Path) -> None:
    first, other = train(tmp_path / "first", 2, TOGETHER).parent, tmp_path / "other"
    moved = {name: value + 1 for name, value in weights.load(first)[0].items()}
    weights.save(moved, other, weights.read_manifest(first).facts)
    began = hashlib.sha256((first / weights.TENSORS).read_bytes()).hexdigest()
    run = tmp_path / "run"

    def told(path: Path) -> str | None:
        return weights.read_manifest(path.parent).facts.get("begun_from")

    assert told(train(run, 2, TOGETHER, begin=first)) == began
    assert told(train(run, 4, TOGETHER, resume=True)) == began
    assert told(train(run, 6, TOGETHER, resume=True, begin=first)) == began
    with pytest.raises(WrongWords, match=f"began from the weights {began[:8]}, not from"):
        train(run, 8, TOGETHER, resume=True, begin=other)
    with pytest.raises(WrongWords, match="began from random weights, not from"):
        train(tmp_path / "first", 4, TOGETHER, resume=True, begin=other)
    assert told(train(tmp_path / "first", 4, TOGETHER, resume=True)) is None


def test_damaged_mistakes_stop_a_run_that_is_resumed_without_its_weights(tmp_path: Path) -> None:
    train(tmp_path, 2, TOGETHER)
    (tmp_path / "mistakes").mkdir()
    (tmp_path / "mistakes" / "one.npz").write_bytes(b"PK")
    with pytest.raises(InputProblem, match="1 files in .*mistakes are damaged") as caught:
        train(tmp_path, 4, TOGETHER, resume=True)
    assert "--from" in caught.value.remedy


def test_prompts_name_each_label_then_any_lesion_then_nothing() -> None:
    ids, count = losses.prompts(np.random.default_rng(0))
    assert ids.shape == (len(WORDS) + 2, 16) and count == len(WORDS)
    assert bool((ids[:, 0] == START).all())


def test_patch_targets_know_what_is_unknown() -> None:
    target, weight = torch.zeros(1, 8, 16, 16), torch.ones(1, 8, 16, 16)
    target[0, 0, 2, 3] = 0.4
    weight[0, 1, 12, 12] = 0.0
    hits, trust = losses.text_targets(target, weight)
    assert hits.shape == (1, 10, 4)
    assert hits[0, 0].tolist() == [1, 0, 0, 0] and hits[0, 8].tolist() == [1, 0, 0, 0]
    assert trust[0, 1].tolist() == [1, 1, 1, 0] and trust[0, 8].tolist() == [1, 1, 1, 0]
    assert hits[0, 9].sum() == 0


def test_unknown_cells_and_unknown_lines_cost_nothing() -> None:
    logits = torch.randn(1, 8, 16, 16)
    target, weight = torch.zeros(1, 8, 16, 16), torch.ones(1, 8, 16, 16)
    weight[:, 3] = 0
    wrong = logits.clone()
    wrong[:, 3] = 50.0
    assert torch.equal(losses.dense_loss(logits, target, weight), losses.dense_loss(wrong, target, weight))
    nowhere = torch.full((1, 3, 16), float("nan"))
    assert float(losses.line_loss(torch.randn(1, 3, 16, 16), nowhere, torch.zeros(1))) == 0.0
    low, high = (float(losses.line_loss(torch.full((1, 3, 16, 16), at), nowhere, torch.ones(1))) for at in (-9.0, 9.0))
    assert low < 0.01 < high
    assert float(losses.domain_loss(torch.randn(2, 3), torch.tensor([-1, -1]))) == 0.0


def test_the_line_loss_is_least_at_the_line() -> None:
    lines = torch.full((1, 3, 4), 5.0)
    rows = torch.arange(12.0).view(1, 1, 12, 1)
    costs = [float(losses.line_loss((-(rows - at) ** 2).expand(1, 3, 12, 4), lines, torch.ones(1))) for at in range(12)]
    assert int(np.argmin(costs)) == 5


def test_a_column_over_a_druse_counts_more_up_to_four_times() -> None:
    nan = float("nan")
    rows = torch.tensor([[[0.0] * 6, [10.0] * 6, [14.0, 14.0, 14.0, 18.0, 90.0, nan]]])
    assert losses.lifted(rows)[0].tolist() == [1.0, 1.0, 1.0, 2.0, 4.0, 1.0]
    assert losses.lifted(torch.full((1, 3, 4), nan)).tolist() == [[1.0] * 4]


def test_position_windows_lie_in_the_grid() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        found = window(12, rng)
        assert found is not None and found.shape == (145,) and found[0] == 0
        grid = (found[1:] - 1).view(12, 12)
        assert int(grid.max()) < 576 and bool((grid[:, 1:] - grid[:, :-1] == 1).all())
    assert window(24, rng) is None
