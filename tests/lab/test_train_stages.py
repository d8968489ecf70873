"""The stages: their shares, what each may change, and that a run goes on from wherever it was killed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("accelerate", reason="training needs the extra \"train\"")

from fineview.core.errors import WrongWords
from fineview.lab import train_losses as losses
from fineview.lab.samples import Sample
from fineview.lab.train_embedded import _usual
from fineview.lab.train_sources import CANVASES, canvas_of, grid_of
from fineview.lab.train_stages import ALL, STAGES, legs
from fineview.lab.train_step import start
from fineview.models.vision.build import MULTI_SCALE_S, RETINA_S, TINY, TRAINED, build_encoder
from tests.small_stages import TABLE, average, train


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A whole run of 3 + 2 + 7 steps that nobody disturbed."""
    out = tmp_path_factory.mktemp("straight")
    train(out, 12, cache=cache)
    return out


@pytest.mark.parametrize("killed_after", [2, 3, 10])
def test_a_run_killed_in_any_stage_resumes_to_the_same_weights(killed_after: int, straight: Path, cache: Path,
                                                               tmp_path: Path) -> None:
    def kill(step: int) -> None:
        if step == killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 12, after_step=kill, cache=cache)
    train(tmp_path, 12, stage=None, resume=True, cache=cache)
    expected, found = average(straight), average(tmp_path)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    rows = [(path / "curves.csv").read_text().splitlines() for path in (straight, tmp_path)]
    # the last column is a speed, which no two runs share
    assert [row.rpartition(",")[0] for row in rows[0]] == [row.rpartition(",")[0] for row in rows[1]]


def test_a_later_stage_still_knows_which_weights_the_run_began_from(straight: Path, cache: Path, tmp_path: Path
                                                                    ) -> None:
    def kill(step: int) -> None:
        if step == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, 12, begin=straight / "export", after_step=kill, cache=cache)
    held = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    digest = hashlib.sha256((straight / "export" / "model.safetensors").read_bytes()).hexdigest()
    assert (held["stage"], held["begun_from"]) == ("fusion", digest)


def test_shares_and_order_of_the_stages() -> None:
    plan = legs(ALL, 24_000, RETINA_S.encoder)
    assert [(leg.stage.word, leg.before, leg.steps) for leg in plan] == [
        ("contrastive", 0, 6000), ("fusion", 6000, 4000), ("all-parameters", 10_000, 14_000)]
    together = STAGES["together"].switches(2450)  # the shipped recipe: the last sixth on whole tiles
    assert [(first, last, part.tile_px, part.batch) for first, last, part in together] == [
        (0, 2042, 384, 8), (2042, 2450, 768, 2)]


def test_where_no_stage_is_named_all_run_that_the_encoder_has(tmp_path: Path, straight: Path) -> None:
    assert [_usual(tmp_path, False, config) for config in (RETINA_S, MULTI_SCALE_S)] == [ALL, "together"]
    assert _usual(straight, True, RETINA_S) == ALL


def test_the_fusion_stage_changes_fusions_and_heads_alone(straight: Path, tmp_path: Path) -> None:
    train(tmp_path, 2, stage="fusion", begin=straight / "export")
    before, after = start(TINY).model.state_dict(), average(tmp_path)
    begun = average(straight)
    changed = {name for name in before if not torch.equal(begun[name].half().float(), after[name])}
    assert changed and not [name for name in changed if name.startswith(("encoder.vit.", "encoder.conv."))]
    assert {"encoder.fusions.0.alpha", "row.query.weight", "decoder.classes.weight"} <= changed


def test_a_stage_that_cannot_be_is_refused_in_words(tmp_path: Path, straight: Path) -> None:
    with pytest.raises(WrongWords, match="freezes"):
        train(tmp_path, 2, stage="fusion")
    with pytest.raises(WrongWords, match="is at the stage all-parameters"):
        train(straight, 12, stage="contrastive", resume=True)
    with pytest.raises(WrongWords, match="no fusion"):
        legs("fusion", 2, MULTI_SCALE_S.encoder)


def test_a_checkpoint_from_before_there_were_stages_goes_on_as_it_was(tmp_path: Path) -> None:
    def old(step: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    train(tmp_path / "straight", 5, stage="together")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "old", 5, stage="together", after_step=old)
    path = tmp_path / "old" / "checkpoint.pt"
    held = torch.load(path, weights_only=True)
    assert held.pop("stage") == "together"
    torch.save(held, path)
    train(tmp_path / "old", 5, stage=None, resume=True)
    expected, found = average(tmp_path / "straight"), average(tmp_path / "old")
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_a_run_leaves_a_picture_of_its_curves_beside_them(straight: Path) -> None:
    from PIL import Image

    with Image.open(straight / "curves.png") as picture:
        colours = picture.convert("RGB").getcolors(1 << 24) or []
    assert len(colours) > 8, "axes, words and lines of several colours"


def test_every_encoder_of_ours_has_at_most_twelve_million_parameters() -> None:
    for config, _ in TRAINED.values():
        with torch.device("meta"):
            count = sum(value.numel() for value in build_encoder(config.encoder).parameters())
        assert 1e5 < count <= 12e6, config.encoder.name


def test_the_canvas_of_a_step_is_one_of_the_apps_and_all_come() -> None:
    drawn = [grid_of(step) for step in range(400)]
    assert set(drawn) == {grid for grid, _ in CANVASES} and drawn == [grid_of(step) for step in range(400)]


def test_a_canvas_is_the_middle_of_its_square_with_its_truth() -> None:
    rng = np.random.default_rng(0)
    side, tile = 128, 64
    lines = np.array([[12.0, 2.0, np.nan, *[20.0] * 29]] * 3, np.float32)  # of 32 rows, the middle are 8..23
    square = Sample(rng.integers(0, 255, (side, side, 3)).astype(np.uint8),
                    rng.random((8, 32, 32)).astype(np.float16), np.ones((8, 32, 32), np.float16), lines, 1,
                    np.ones((32, 32), bool), "phantom_oct")
    wide = canvas_of(square, (1, 2), tile)
    assert wide.rgb.shape == (64, 128, 3) and np.array_equal(wide.rgb, square.rgb[32:96])
    assert np.array_equal(wide.target, square.target[:, 8:24])
    assert wide.lines[0, 0] == 4.0 and np.isnan(wide.lines[0, 1:3]).all() and wide.lines[0, 3] == 12.0
    blind = replace(square, valid=np.zeros((32, 32), bool))
    assert canvas_of(blind, (2, 1), tile).domain == -1 and canvas_of(blind, (2, 1), tile).lines.shape == (3, 16)


def test_a_patch_of_the_global_view_holds_what_any_of_its_patches_holds() -> None:
    target, weight = torch.zeros(1, 8, 16, 32), torch.ones(1, 8, 16, 32)
    target[0, 0, 0, 31], weight[0, 1, 15, 0] = 1.0, 0.0
    hits, trust = losses.text_targets(target, weight, (1, 2))
    assert hits.shape == (1, 10, 4) and hits[0, 0].tolist() == [0, 1, 0, 0]
    assert trust[0, 1].tolist() == [1, 1, 0, 1]


def test_small_stages_are_those_of_the_recipe() -> None:
    assert TABLE.keys() == STAGES.keys()
    assert all(TABLE[word].objective is STAGES[word].objective for word in STAGES)
