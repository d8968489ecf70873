"""Weights stored as int8: half the space of fp16, half a step of error, and refused where a part is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fineview import paths
from fineview.core.errors import WeightsProblem
from fineview.models.int8 import restored, save_int8, shrunk
from fineview.models.predictor import Predictor

EMBEDDED = paths.weights_dir() / "retina-s"


def test_each_value_is_within_half_a_step_of_its_channel() -> None:
    made = torch.Generator().manual_seed(0)
    kernel = torch.randn(6, 8, 7, 7, generator=made) * torch.tensor([1.0, 1e-3, 5, 1e2, 1, 0]).view(6, 1, 1, 1)
    small, held = torch.randn(8, 8, generator=made), shrunk({"k": kernel, "s": torch.ones(4, 4), "a": torch.ones(())})
    assert set(held) == {"k.int8", "k.scale", "s", "a"} and held["k.int8"].dtype == torch.int8
    assert held["k.scale"].shape == (6, 1, 1, 1)
    steps = kernel.abs().flatten(1).amax(1) / 127
    back = restored({**held, "s": small})
    assert set(back) == {"k", "s", "a"} and torch.equal(back["s"], small)
    assert ((back["k"] - kernel).abs().flatten(1).amax(1) <= steps / 2 + 1e-6).all()
    assert torch.equal(back["k"][5], torch.zeros(8, 7, 7))


@pytest.mark.parametrize("broken", [
    {"k.int8": torch.zeros(4, 4, dtype=torch.int8)},
    {"k.int8": torch.zeros(4, 4, dtype=torch.int8), "k.scale": torch.ones(3, 1)},
    {"k.int8": torch.zeros(4, 4), "k.scale": torch.ones(4, 1)}], ids=["no scale", "another shape", "no int8"])
def test_parts_that_do_not_fit_are_refused(broken: dict[str, torch.Tensor]) -> None:
    with pytest.raises(WeightsProblem) as told:
        restored(broken)
    assert told.value.code == "weights-format"


def test_the_embedded_encoder_stored_so_gives_nearly_the_same_maps(tmp_path: Path) -> None:
    path = save_int8(EMBEDDED, tmp_path)
    assert path.stat().st_size < 0.55 * (EMBEDDED / "model.safetensors").stat().st_size
    plain, small = Predictor.load(EMBEDDED, "cpu"), Predictor.load(tmp_path, "cpu")
    assert small.trained and small.fusion_trained and small.sha256 != plain.sha256
    assert small.thresholds == plain.thresholds
    rgb = np.random.default_rng(1).integers(0, 255, (200, 420, 3)).astype(np.uint8)
    ours, theirs = small.encode(rgb), plain.encode(rgb)
    raw = np.abs(small.raw_map(ours, "haemorrhage") - plain.raw_map(theirs, "haemorrhage"))
    assert raw.mean() < 0.02 and not np.array_equal(ours.logits, theirs.logits)
