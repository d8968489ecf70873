"""The contract every encoder passes: those that are built here and those that come from published folders."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from fineview.models import full_size, published
from fineview.models.vision.build import KINDS, TINY, build_encoder
from fineview.models.vision.features import Features, VisionEncoder
from tests.models import tiny_folders

BUILT, FOLDERS = tuple(KINDS), tiny_folders.KINDS
EVERY = pytest.mark.parametrize("kind", [*BUILT, *(f"folder {one}" for one in FOLDERS)])
_made: dict[str, VisionEncoder] = {}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nets")


@pytest.fixture
def encoder(kind: str, folder: Path) -> VisionEncoder:
    if kind not in _made:
        torch.manual_seed(5)
        if kind in KINDS:
            made = build_encoder(TINY.with_encoder(kind=kind).encoder)
        else:
            word = kind.removeprefix("folder ")
            path = tiny_folders.save(word, folder / word)
            made = full_size.load(published.inspect(path), path).encoder
        for fusion in getattr(made, "fusions", ()):
            torch.nn.init.constant_(fusion.alpha, 0.4)
        _made[kind] = made.eval()  # type: ignore[attr-defined]
    return _made[kind]


def picture(encoder: VisionEncoder, batch: int, rows: int, cols: int) -> tuple[Tensor, Tensor | None]:
    made = torch.Generator().manual_seed(rows * 10 + cols)
    fine = torch.rand(batch, 3, rows * 768, cols * 768, generator=made)
    extra = torch.rand(batch, 2, rows * 768, cols * 768, generator=made) if encoder.extra_channels else None
    return fine, extra


def parts(seen: Features) -> list[Tensor]:
    return [seen.tokens, seen.cls, *([seen.whole] if seen.whole is not None else []), *seen.stages]


@EVERY
def test_shapes_types_and_places(kind: str, encoder: VisionEncoder) -> None:
    fine, extra = picture(encoder, 1, 1, 2)
    changed = fine.clone()
    changed[..., 1200:] = 1.0 - changed[..., 1200:] * 0.5
    with torch.inference_mode():
        seen = encoder(fine, extra, (1, 2))  # type: ignore[operator]
        tiles = encoder(changed, extra, (1, 2), whole=False)  # type: ignore[operator]
    assert seen.tokens.shape == (1, encoder.width, 24, 48)
    assert seen.cls.shape == (1, 3, encoder.width) and tiles.cls.shape == (1, 2, encoder.width)
    assert seen.whole is not None and seen.whole.shape == (1, encoder.width, 24, 24) and tiles.whole is None
    assert len(seen.stages) == len(encoder.stage_widths) and len(seen.stages) in (0, 4)
    for stage, width, stride in zip(seen.stages, encoder.stage_widths, (4, 8, 16, 32), strict=False):
        assert stage.shape == (1, width, 768 // stride, 1536 // stride)
    assert all(part.dtype == torch.float32 and bool(torch.isfinite(part).all()) for part in parts(seen))
    assert isinstance(encoder.gates, tuple) and encoder.extra_channels in (0, 2)
    # What changed at the right edge moved the tokens there most: every tile lies at its place.
    moved = (tiles.tokens - seen.tokens).abs().mean(1)[0]
    assert moved[:, 40:].mean() > moved[:, :8].mean() * 2 and moved[:, 40:].mean() > 0


@EVERY
def test_the_same_twice_and_alone_as_in_a_batch_without_side_effects(kind: str, encoder: VisionEncoder) -> None:
    fine, extra = picture(encoder, 2, 1, 1)
    one, more = fine[1:], None if extra is None else extra[1:]
    before = {name: value.clone() for name, value in encoder.state_dict().items()}  # type: ignore[attr-defined]
    with torch.inference_mode():
        both = parts(encoder(fine, extra, (1, 1)))  # type: ignore[operator]
        alone, again = (parts(encoder(one, more, (1, 1))) for _ in range(2))  # type: ignore[operator]
        with torch.autocast("cpu", torch.bfloat16):
            half = parts(encoder(one, more, (1, 1)))  # type: ignore[operator]
    for together, single, second, coarse in zip(both, alone, again, half, strict=True):
        assert torch.equal(single, second)
        assert torch.allclose(together[1:], single, atol=1e-4, rtol=1e-4)
        assert bool(torch.isfinite(coarse.float()).all())
        assert (single - coarse.float()).abs().mean() <= 0.1 * single.abs().mean() + 1e-6
    after = encoder.state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert not any(module.training for module in encoder.modules())  # type: ignore[attr-defined]
