"""Where to cut: the box search of ViCrop, and the blocks of its large-image mode.

Source: "MLLMs Know Where to Look" (arXiv 2502.17422, ICLR 2025, section 4 and appendix), and the box search of its
published code, whose order of ties and of rounding is kept: windows of base * 1, 1.2, ... 2 source pixels, stride one
cell, largest sum (ties: the leftmost, then the uppermost); sharpness = (largest sum - mean of the up to four
neighbouring windows) / cells; the sharpest ratio (ties: the smallest); clamped to the image.

Changed, and why:

* blocks across are ``int(blocks_down * width / height)`` in the published code: 0 on an image taller than
  ``blocks_down`` times its width, then a division by zero.  Here at least one.
* cells under a window are ``int(window / cell)``: 0 where one cell is larger than the window (beyond 24 * 336 px
  without blocks), then an empty sum divided by zero.  Here at least one.
* NaN counts as 0 in the map, since the published ratio of two attentions is 0 / 0 where both underflow.
* the last blocks end with the image; the published crop pads them by the less than n pixels that rounding up adds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Box

RATIOS = (1, 1.2, 1.4, 1.6, 1.8, 2)
BLOCK_PX = 1024


def search(cells: NDArray[np.floating], rows: int, cols: int, base_px: int) -> Box:
    """The crop for a map (h, w) over a picture of ``rows`` x ``cols`` pixels; whole pixels inside the picture.

    ``base_px``: the model's own input, 336 for LLaVA-1.5, 224 for InstructBLIP.  The whole picture where the smallest
    window covers it.  Raises ``ValueError`` for an empty map or picture.
    """
    if cells.ndim != 2 or 0 in cells.shape or rows < 1 or cols < 1 or base_px < 1:
        raise ValueError("a map (h, w) over a picture is needed")
    values = np.nan_to_num(np.asarray(cells, np.float64), nan=0.0)
    step_x, step_y = cols / values.shape[1], rows / values.shape[0]
    best: tuple[float, float, tuple[int, int], tuple[int, int]] | None = None
    for ratio in RATIOS:
        wide = max(1, min(int(base_px * ratio / step_x), values.shape[1]))
        high = max(1, min(int(base_px * ratio / step_y), values.shape[0]))
        if (high, wide) == values.shape:
            if ratio == 1:
                return Box(0, 0, cols, rows)
            continue
        sharpness, place = _sharpest(values, high, wide)
        if best is None or sharpness > best[0]:
            best = (sharpness, ratio, place, (high, wide))
    assert best is not None  # ratio 1 either returned or was counted
    _, ratio, (row, col), (high, wide) = best
    centre_x = int(col * step_x + step_x * wide / 2)
    centre_y = int(row * step_y + step_y * high / 2)
    left, right = _clamped(centre_x, base_px * ratio, cols)
    top, bottom = _clamped(centre_y, base_px * ratio, rows)
    return Box(left, top, right - left, bottom - top)


def _sharpest(values: NDArray[np.float64], high: int, wide: int) -> tuple[float, tuple[int, int]]:
    """Sharpness and place (row, col) of the window with the largest sum."""
    sums = np.lib.stride_tricks.sliding_window_view(values, (high, wide)).sum((2, 3))
    col, row = np.unravel_index(int(np.argmax(sums.T)), sums.T.shape)
    near = [sums[y, x] for y, x in ((row, col - 1), (row, col + 1), (row - 1, col), (row + 1, col))
            if 0 <= y < sums.shape[0] and 0 <= x < sums.shape[1]]
    return float((sums[row, col] - np.mean(near)) / (high * wide)), (int(row), int(col))


def _clamped(centre: int, window: float, size: int) -> tuple[int, int]:
    """The window's two ends along one axis, moved inside 0 ... size, cut where it is longer than the picture."""
    half = int(window // 2)
    centre = max(centre, half)
    centre = min(centre, size - half)
    return max(0, centre - half), min(size, centre + half)


def blocks(rows: int, cols: int, block_px: int = BLOCK_PX) -> tuple[tuple[Box, ...], tuple[int, int]]:
    """The blocks of a large picture, row by row, and how many (down, across).  About square, at most ``block_px`` high.

    Each block's map has the same grid; stitched with :func:`stitch`, they make one map of the picture for
    :func:`search`.
    """
    down = math.ceil(rows / block_px)
    across = max(1, int(down * cols / rows))
    high, wide = math.ceil(rows / down), math.ceil(cols / across)
    found = tuple(Box(x * wide, y * high, min(wide, cols - x * wide), min(high, rows - y * high))
                  for y in range(down) for x in range(across))
    return found, (down, across)


def stitch(maps: list[NDArray[np.float32]], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Maps of the blocks, row by row, as one map."""
    down, across = shape
    return np.block([maps[row * across: (row + 1) * across] for row in range(down)]).astype(np.float32)
