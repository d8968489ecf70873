"""A coarse grid of cells over one rectangle of the source, brought to the source grid.

Vision-language models see a rectangle of the picture (all of it, a centre crop, a region) on a fixed grid.  Convention:
pixel corners, as everywhere; cell (i, j) covers rows ``box.y + i * box.h / h`` to ``box.y + (i + 1) * box.h / h``.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Box


def on_source(cells: NDArray[np.float32], box: Box, rows: int, cols: int) -> NDArray[np.float32]:
    """Cells (h, w) over ``box`` in source pixels -> float32 (rows, cols).

    Linear between cell centres, edges held inside the box, 0 outside it: a pixel whose centre the model did not see
    carries no evidence.  NaN cells count as 0.  Raises ``ValueError`` for an empty grid or box.
    """
    if cells.ndim != 2 or 0 in cells.shape or not (box.w > 0 and box.h > 0):
        raise ValueError("cells (h, w) over a box with an area are needed")
    step_y, step_x = box.h / cells.shape[0], box.w / cells.shape[1]
    values: NDArray[Any] = np.nan_to_num(np.ascontiguousarray(cells, np.float32), nan=0.0)
    # Destination pixel centre (x + 0.5) lies at ((x + 0.5 - box.x) / step - 0.5) in cell indices.
    shift_y, shift_x = (0.5 - box.y) / step_y - 0.5, (0.5 - box.x) / step_x - 0.5
    matrix = np.array([[1 / step_x, 0.0, shift_x], [0.0, 1 / step_y, shift_y]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn: NDArray[Any] = cv2.warpAffine(values, matrix, (cols, rows), flags=how, borderMode=cv2.BORDER_REPLICATE)
    inside = np.outer(_seen(box.y, box.h, rows), _seen(box.x, box.w, cols))
    return np.where(inside, drawn, np.float32(0)).astype(np.float32, copy=False)


def regrid(cells: NDArray[np.float32], box: Box, rows: int, cols: int) -> NDArray[np.float32]:
    """Cells (h, w) over ``box`` as cells (h, w) over the whole source of ``rows`` x ``cols``; 0 where nothing was seen.

    Unchanged where the box is the source.  Each new cell is the mean of its source pixels.
    """
    if (box.x, box.y, box.w, box.h) == (0, 0, cols, rows):
        return cells
    drawn = on_source(cells, box, rows, cols)
    high, wide = cells.shape
    made: NDArray[Any] = cv2.resize(drawn, (wide, high), interpolation=cv2.INTER_AREA)
    return made.astype(np.float32, copy=False)


def edges(box: Box, grid: tuple[int, int], rows: int, cols: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Source rows and columns where the cells of a ``grid`` (h, w) over ``box`` begin: h + 1 and w + 1, clipped."""
    ys = np.round(box.y + np.arange(grid[0] + 1) * box.h / grid[0])
    xs = np.round(box.x + np.arange(grid[1] + 1) * box.w / grid[1])
    return np.clip(ys, 0, rows).astype(np.int64), np.clip(xs, 0, cols).astype(np.int64)


def _seen(start: float, length: float, count: int) -> NDArray[np.bool_]:
    centres = np.arange(count) + 0.5
    return np.asarray((centres >= start) & (centres <= start + length), np.bool_)
