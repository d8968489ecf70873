"""Where a picture lies on the encoder's canvas, and the exact way back.

Convention: pixel corners.  The corner of the top-left pixel is (0, 0); the centre of pixel (i, j) is
(i + 0.5, j + 0.5).  All points are (y, x).  A canvas is (height, width) in ViT pixels; ConvNeXt sees the same canvas
at 32/14.  The canvas rule is LLaVA-NeXT's (and FILA's, arXiv 2412.08378): largest effective resolution, ties to
the least waste, aspect kept, padded around.

The centred pad is snapped to the 14 px patch grid, so that every pyramid cell starts at the picture's corner:
a cell of level 1/k covers exactly ``k / fine scale`` source pixels, counted from (0, 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

TILE_PX = 336
PATCH_PX = 14
FINE_PATCH_PX = 32

Canvas = tuple[int, int]
FILA_CANVASES: tuple[Canvas, ...] = ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008))
RETINA_CANVASES: tuple[Canvas, ...] = (*FILA_CANVASES, (672, 1008), (1008, 672))


def choose_canvas(height: int, width: int, canvases: tuple[Canvas, ...] = RETINA_CANVASES) -> Canvas:
    """The canvas on which a picture of ``height`` x ``width`` keeps most resolution.

    Raises ``ValueError`` for an empty picture or list.  Integer truncation as in the original rule.
    """
    if height < 1 or width < 1 or not canvases:
        raise ValueError("a picture and at least one canvas are needed")
    best, best_effective, least_waste = canvases[0], 0, float("inf")
    for rows, cols in canvases:
        scale = min(cols / width, rows / height)
        effective = min(int(width * scale) * int(height * scale), width * height)
        waste = rows * cols - effective
        if effective > best_effective or (effective == best_effective and waste < least_waste):
            best, best_effective, least_waste = (rows, cols), effective, waste
    return best


@dataclass(frozen=True, slots=True)
class Placement:
    """A picture of ``source_hw`` at ``top``, ``left`` of a canvas; all but ``scale_yx`` in whole pixels.

    ``scale_yx`` is canvas pixels per source pixel.  Both are equal but for the rounding of the picture to whole
    ConvNeXt pixels (``fine_hw``), which is kept here so that the way back is exact for what was really drawn.
    """

    source_hw: tuple[int, int]
    canvas_hw: Canvas
    scale_yx: tuple[float, float]
    top: int
    left: int
    fine_hw: tuple[int, int]

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles (rows, columns)."""
        return self.canvas_hw[0] // TILE_PX, self.canvas_hw[1] // TILE_PX

    @property
    def fine_canvas_hw(self) -> tuple[int, int]:
        """The canvas at ConvNeXt resolution."""
        return (self.canvas_hw[0] * FINE_PATCH_PX // PATCH_PX, self.canvas_hw[1] * FINE_PATCH_PX // PATCH_PX)

    @property
    def fine_corner(self) -> tuple[int, int]:
        """Top and left of the picture at ConvNeXt resolution, multiples of 32."""
        return self.top * FINE_PATCH_PX // PATCH_PX, self.left * FINE_PATCH_PX // PATCH_PX

    def to_canvas(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Source points (..., 2) as (y, x) to canvas points."""
        return np.asarray(points, np.float64) * self.scale_yx + (self.top, self.left)

    def to_source(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Canvas points (..., 2) as (y, x) to source points; outside the picture they lie outside it."""
        return (np.asarray(points, np.float64) - (self.top, self.left)) / self.scale_yx

    def stride_px(self, cell: int) -> tuple[float, float]:
        """Source pixels (y, x) under one cell of the 1/``cell`` grid of the ConvNeXt input."""
        return (self.source_hw[0] * cell / self.fine_hw[0], self.source_hw[1] * cell / self.fine_hw[1])

    def cells(self, cell: int) -> tuple[slice, slice]:
        """The cells of the 1/``cell`` grid that touch the picture (rows, columns)."""
        top, left = self.fine_corner
        return (slice(top // cell, -(-(top + self.fine_hw[0]) // cell)),
                slice(left // cell, -(-(left + self.fine_hw[1]) // cell)))

    def cell_edges(self, cell: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Source rows and columns where cells of the *whole* canvas begin (h + 1 and w + 1), clipped to the source."""
        found = []
        for axis in (0, 1):
            count = self.fine_canvas_hw[axis] // cell
            step = self.source_hw[axis] / self.fine_hw[axis]
            starts = (np.arange(count + 1) * cell - self.fine_corner[axis]) * step
            found.append(np.clip(np.round(starts), 0, self.source_hw[axis]).astype(np.int64))
        return found[0], found[1]

    def tiles(self) -> tuple[tuple[int, int, int, int], ...]:
        """(top, left, height, width) on the canvas, row by row."""
        rows, cols = self.grid
        return tuple((row * TILE_PX, col * TILE_PX, TILE_PX, TILE_PX) for row in range(rows) for col in range(cols))


def place(height: int, width: int, canvases: tuple[Canvas, ...] = RETINA_CANVASES) -> Placement:
    """Choose the canvas and place a picture on it."""
    canvas = choose_canvas(height, width, canvases)
    fine = (canvas[0] * FINE_PATCH_PX // PATCH_PX, canvas[1] * FINE_PATCH_PX // PATCH_PX)
    scale = min(fine[0] / height, fine[1] / width)
    fine_hw = (min(fine[0], max(1, round(height * scale))), min(fine[1], max(1, round(width * scale))))
    to_canvas = PATCH_PX / FINE_PATCH_PX
    top = (fine[0] - fine_hw[0]) // 2 // FINE_PATCH_PX * PATCH_PX
    left = (fine[1] - fine_hw[1]) // 2 // FINE_PATCH_PX * PATCH_PX
    scales = (fine_hw[0] / height * to_canvas, fine_hw[1] / width * to_canvas)
    return Placement((height, width), canvas, scales, top, left, fine_hw)


def draw(rgb: NDArray[np.uint8], where: Placement) -> NDArray[np.uint8]:
    """The canvas at ConvNeXt resolution, (H, W, 3) uint8, black around the picture."""
    height, width = where.fine_hw
    shrink = height < rgb.shape[0] or width < rgb.shape[1]
    picture = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)
    canvas = np.zeros((*where.fine_canvas_hw, 3), np.uint8)
    top, left = where.fine_corner
    canvas[top: top + height, left: left + width] = picture
    return canvas


def back(values: NDArray[np.float32], where: Placement, cell: int) -> NDArray[np.float32]:
    """A map (h, w) on the whole 1/``cell`` grid brought to the source grid, float32 ``source_hw``.

    Linear between cell centres, edges held; a source smaller than the grid takes area means first.
    """
    inside: NDArray[Any] = np.ascontiguousarray(values[where.cells(cell)], np.float32)
    height, width = where.source_hw
    step_y, step_x = where.stride_px(cell)
    if step_y < 1.0 or step_x < 1.0:
        inside = cv2.blur(inside, (max(1, round(1 / step_x)), max(1, round(1 / step_y))))
    matrix = np.array([[1 / step_x, 0.0, 0.5 / step_x - 0.5], [0.0, 1 / step_y, 0.5 / step_y - 0.5]])
    return cv2.warpAffine(inside, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                          borderMode=cv2.BORDER_REPLICATE).astype(np.float32, copy=False)
