"""Too little GPU memory: half, a quarter, the CPU, and the next job runs.

A machine without a GPU cannot run out of its memory for real, so the error of torch is raised by a hook inside the
real model, at the batch size that "does not fit".
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from fineview.core.errors import DeviceProblem
from fineview.models.attention.by_parts import by_parts
from fineview.models.attention.rows import capture
from fineview.models.memory_ladder import IN_PARTS, ON_CPU, MemoryLadder, at_once, sharing
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY

PICTURE = np.random.default_rng(5).integers(0, 255, (640, 640, 3)).astype(np.uint8)


@pytest.fixture
def predictor() -> Predictor:
    return Predictor.untrained(TINY, seed=3)


def fits(predictor: Predictor, tiles: int, tries: int = 99) -> list[int]:
    """Let the first ViT layer fail on more than ``tiles`` at once, ``tries`` times at most; returns what it got."""
    seen: list[int] = []

    def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0].shape[0])
        if inputs[0].shape[0] > tiles and sum(one > tiles for one in seen) <= tries:
            raise torch.cuda.OutOfMemoryError

    predictor._model.encoder.vit.encoder.layers[0].register_forward_pre_hook(hook)
    return seen


def test_half_the_tiles_at_once_give_the_same_encoding(predictor: Predictor) -> None:
    plain = predictor.encode(PICTURE)  # 672 x 672: four tiles and the global view
    seen = fits(predictor, 3)
    parts = predictor.encode(PICTURE)
    assert seen == [5, 3, 2] and parts.notes == (IN_PARTS,) and plain.notes == ()
    assert np.allclose(parts.logits, plain.logits, atol=2e-2)
    assert np.allclose(parts.cls_row, plain.cls_row, atol=1e-2)
    assert torch.allclose(parts.tokens, plain.tokens, atol=5e-2)


def test_a_quarter_where_half_is_too_much_and_the_next_job_begins_there(predictor: Predictor) -> None:
    seen = fits(predictor, 2)
    assert predictor.encode(PICTURE).notes == (IN_PARTS,)
    assert seen == [5, 3, 2, 2, 1]
    assert predictor.encode(PICTURE).notes == (IN_PARTS,)
    assert seen[5:] == [2, 2, 1]


def test_the_cpu_where_nothing_fits_and_the_next_job_runs(predictor: Predictor) -> None:
    seen = fits(predictor, 0, tries=3)
    assert predictor.encode(PICTURE).notes == (ON_CPU,)
    assert seen == [5, 3, 2, 5] and predictor.device == "cpu"
    assert np.isfinite(predictor.raw_map(predictor.encode(PICTURE), "disc")).all()


def test_another_error_is_not_a_matter_of_memory() -> None:
    def broken() -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        MemoryLadder(lambda: None).run(broken)


@pytest.mark.parametrize("full", [lambda: torch.empty(10**15), lambda: np.empty(10**16, np.uint8)],
                         ids=["torch", "numpy"])
def test_a_cpu_without_memory_is_one_sentence(full: Callable[[], object]) -> None:
    with pytest.raises(DeviceProblem) as told:
        MemoryLadder(lambda: None).run(full)
    assert told.value.code == "device-memory"


def test_rows_read_in_parts_are_the_rows_of_the_whole() -> None:
    vit = Predictor.untrained(TINY, seed=1)._model.encoder.vit
    tokens = torch.randn(5, 577, TINY.encoder.vit_width, generator=torch.Generator().manual_seed(0))
    layer = vit.encoder.layers[2]
    with torch.inference_mode():
        with capture(vit, [2], [0, 7]) as whole:
            expected = layer(tokens, None)
        with capture(vit, [2], [0, 7]) as parts, sharing(0.25):
            assert at_once(5) == 2
            made = by_parts(layer, tokens)
    assert torch.allclose(made, expected, atol=1e-6)
    assert parts[2].shape == whole[2].shape == (5, TINY.encoder.vit_heads, 2, 577)
    assert torch.allclose(parts[2], whole[2], atol=1e-6)
