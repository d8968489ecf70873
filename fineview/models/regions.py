"""From a region on the source to the encoder's cells under it, and one number per class from those cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.imaging.placement import Placement

CELL = 4
STRONGEST = 6


def pooled(logits: NDArray[np.floating[Any]]) -> float:
    """The mean of the six strongest cell logits of a region, (n,) -> number.

    Not a share of the region: a box drawn loosely around one microaneurysm must answer as a tight one does.
    """
    values = np.asarray(logits, np.float32)
    keep = min(STRONGEST, values.size)
    return float(np.partition(values, values.size - keep)[-keep:].mean())


def mask_cells(mask: NDArray[np.bool_], where: Placement) -> NDArray[np.bool_]:
    """Source mask (H, W) to the cells of the whole 1/4 canvas whose centre it holds.

    A mask smaller than a cell takes the cell of its middle pixel, so that a point is a region too.
    """
    rows, cols = where.cells(CELL)
    step_y, step_x = where.stride_px(CELL)
    high, wide = rows.stop - rows.start, cols.stop - cols.start
    ys = np.minimum(((np.arange(high) + 0.5) * step_y).astype(int), mask.shape[0] - 1)
    xs = np.minimum(((np.arange(wide) + 0.5) * step_x).astype(int), mask.shape[1] - 1)
    cells = np.zeros((where.fine_canvas_hw[0] // CELL, where.fine_canvas_hw[1] // CELL), np.bool_)
    cells[rows, cols] = mask[np.ix_(ys, xs)]
    if not cells.any() and mask.any():
        inside = np.nonzero(mask)
        y, x = (int(part[len(part) // 2]) for part in inside)
        cells[rows.start + min(int(y / step_y), high - 1), cols.start + min(int(x / step_x), wide - 1)] = True
    return cells
