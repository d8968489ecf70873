"""The model's eye: the exact input of each branch as pictures, to the eighth bit.

A convolution reads the whole canvas at 32 px a cell.  A ViT reads tiles of the canvas brought to its own patch size,
and its canvas is what is shown where it stands alone; beside a convolution it is coarser, and the words say so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fineview.core.evidence import ModelsEye
from fineview.core.geometry import Box
from fineview.imaging.placement import FINE_PATCH_PX, PATCH_PX, TILE_PX, Placement


def models_eye(encoder: Any, canvas: NDArray[np.uint8], where: Placement, whole: bool) -> ModelsEye:
    """What a ``VisionEncoder`` is given of ``canvas`` (H, W, 3) uint8, the input at 32 px a cell.

    ``whole``: a global view of the canvas is shown to its ViT as well.
    """
    vit = getattr(encoder, "vit", None)
    if vit is None:
        return _seen(canvas, where, FINE_PATCH_PX, (), None, "the whole canvas of {0} px at once, no tiles")
    patch: int = vit.config.patch_size
    side = patch * TILE_PX // PATCH_PX
    fine = torch.from_numpy(canvas).permute(2, 0, 1)[None].float() / 255
    small = _resized(fine, tuple(length * patch // FINE_PATCH_PX for length in canvas.shape[:2]))
    view = _picture(_resized(small, (side, side))) if whole else None
    tiles = f"{where.grid[0] * where.grid[1]} tiles of {side} px" + (" and one global view" if whole else "")
    if not encoder.stage_widths:
        return _seen(_picture(small), where, patch, where.tiles(), view, f"{tiles}, a canvas of {{0}} px together")
    return _seen(canvas, where, FINE_PATCH_PX, where.tiles(), view, f"fine branch {{0}} px; {tiles}")


def _seen(canvas: NDArray[np.uint8], where: Placement, cell_px: int, tiles: Any, whole: NDArray[np.uint8] | None,
          words: str) -> ModelsEye:
    """Boxes in pixels of a canvas of ``cell_px`` a cell."""
    grow, shrink = cell_px / PATCH_PX, cell_px / FINE_PATCH_PX
    (top, left), (height, width) = where.fine_corner, where.fine_hw
    return ModelsEye(canvas, Box(left * shrink, top * shrink, width * shrink, height * shrink),
                     tuple(Box(x * grow, y * grow, w * grow, h * grow) for y, x, h, w in tiles), whole,
                     words.format(f"{canvas.shape[1]} x {canvas.shape[0]}"))


def _resized(pixels: Tensor, size: tuple[int, ...]) -> Tensor:
    """As the encoders do it (:mod:`vision.tiling`)."""
    return functional.interpolate(pixels, size=size, mode="bilinear", antialias=True)


def _picture(pixels: Tensor) -> NDArray[np.uint8]:
    """(1, 3, H, W) in [0, 1] as (H, W, 3) uint8."""
    return np.ascontiguousarray((pixels[0] * 255).round().clamp(0, 255).byte().permute(1, 2, 0).numpy())
