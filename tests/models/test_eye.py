"""What the eye shows is what reached the network's first layer, read there while it ran."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from fineview.models import shelf
from fineview.models.vision.build import TINY
from tests.models import tiny_folders
from tests.services.tiny_encoders import tiny_folder

CASES = {"clip": (336, 0), "vit": (384, 0), "fila": (336, 0), "own-fila": (336, 1), "own-plain-vit16": (384, 1),
         "resnet": None, "own-plain-resnet": None}


def engine_of(kind: str, folder: Path) -> Any:
    if not kind.startswith("own-"):
        return shelf.open_encoder(str(tiny_folders.save(kind, folder / kind)), (), "cpu")
    config = TINY.with_encoder(kind=kind[4:], conv_extra=2 if kind == "own-fila" else 0)
    return shelf.open_encoder(str(tiny_folder(folder, "own", 1, config)), (), "cpu")


def read_there(engine: Any, rgb: np.ndarray) -> tuple[Any, list[torch.Tensor], list[torch.Tensor]]:
    """The encoding, and the pixels in [0, 1] that reached patch embeddings and the first convolution on the way."""
    encoder = getattr(engine, "_encoder", None) or engine._model.encoder
    patches: list[torch.Tensor] = []
    canvases: list[torch.Tensor] = []
    hooks = []
    for name, mean, std, kept in (("vit", "vit_mean", "vit_std", patches), ("conv", "conv_mean", "conv_std", canvases)):
        part = getattr(encoder, name, None)
        if part is None:
            continue
        first = next(one for one in part.modules() if isinstance(one, nn.Conv2d))

        def keep(_: nn.Module, given: tuple[torch.Tensor, ...], mean: str = mean, std: str = std,
                 kept: list[torch.Tensor] = kept) -> None:
            kept.append(given[0][:, :3].float() * getattr(encoder, std) + getattr(encoder, mean))

        hooks.append(first.register_forward_pre_hook(keep))
    encoding = engine.encode(rgb)
    for hook in hooks:
        hook.remove()
    return encoding, patches, canvases


def same(ours: np.ndarray, theirs: torch.Tensor) -> bool:
    """Equal up to the rounding to 8 bits."""
    return ours.shape[:2] == theirs.shape[-2:] and bool(
        np.abs(ours / 255 - theirs.permute(1, 2, 0).numpy()).max() <= 0.51 / 255)


@pytest.mark.parametrize(("kind", "case"), CASES.items())
def test_the_shown_pixels_are_the_networks(kind: str, case: tuple[int, int] | None, tmp_path: Path) -> None:
    rgb = np.random.default_rng(2).integers(0, 255, (500, 760, 3)).astype(np.uint8)
    engine = engine_of(kind, tmp_path)
    encoding, patches, canvases = read_there(engine, rgb)
    eye = engine.eye(encoding)
    if canvases:
        assert same(eye.canvas, canvases[0][0])
    if case is None:
        assert eye.tiles == () and eye.whole is None and "at once" in eye.words
        return
    side, views = case
    shown = torch.cat([one for one in patches if one.shape[-1] == side])
    assert (eye.whole is not None) is bool(views) and f"{len(eye.tiles)} tiles of {side} px" in eye.words
    if eye.whole is not None:
        assert same(eye.whole, shown[0])
    if not canvases:  # a ViT alone: every tile that is drawn is one that was read
        for number, tile in enumerate(eye.tiles):
            top, left = round(tile.y), round(tile.x)
            assert (tile.h, tile.w) == (side, side)
            assert same(eye.canvas[top:top + side, left:left + side], shown[views + number])
    # The picture lies where it says: its middle is as wide there as the frame is, in the frame's own shape.
    assert eye.picture.w / eye.picture.h == pytest.approx(760 / 500, rel=0.01)
    assert eye.picture.x >= 0 and eye.picture.x + eye.picture.w <= eye.canvas.shape[1] + 1e-6
