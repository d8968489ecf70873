"""The model's eye: the exact input of both branches as pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import ModelsEye
from fineview.core.geometry import Box
from fineview.imaging.filters import resize_area
from fineview.imaging.placement import FINE_PATCH_PX, PATCH_PX, TILE_PX, Placement


def models_eye(canvas: NDArray[np.uint8], where: Placement) -> ModelsEye:
    """Tiles and the place of the picture in pixels of ``canvas`` (H, W, 3) uint8, the fine branch's input."""
    grow = FINE_PATCH_PX / PATCH_PX
    top, left = where.fine_corner
    tiles = tuple(Box(x * grow, y * grow, w * grow, h * grow) for y, x, h, w in where.tiles())
    height, width = canvas.shape[:2]
    return ModelsEye(canvas, Box(left, top, where.fine_hw[1], where.fine_hw[0]), tiles,
                     resize_area(canvas, (TILE_PX, TILE_PX)),
                     f"fine branch {width} x {height} px; {len(tiles)} tiles of {TILE_PX} px and one global view")
