"""En-face projection: what a slab of the volume looks like from the front."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mode = Literal["mean", "max"]


def slab(pixels: NDArray[np.generic], top: NDArray[np.floating] | float, bottom: NDArray[np.floating] | float,
         mode: Mode = "mean") -> NDArray[np.float32]:
    """Mean or maximum of each column of a B-scan (H, W) between two source rows, float32 (W,).

    ``top``, ``bottom``: one row for all columns (a depth), or one a column (a boundary), the corner of the top pixel
    at 0.  Pixels whose centres lie between them count; NaN where a row is unknown or none lies between.
    """
    rows, cols = pixels.shape[:2]
    first = np.broadcast_to(np.asarray(top, np.float64), (cols,))
    last = np.broadcast_to(np.asarray(bottom, np.float64), (cols,))
    known = np.isfinite(first) & np.isfinite(last)
    # Row r is in where first <= r + 0.5 < last.
    begin = np.clip(np.ceil(np.where(known, first, 0.0) - 0.5), 0, rows).astype(np.intp)
    end = np.clip(np.ceil(np.where(known, last, 0.0) - 0.5), 0, rows).astype(np.intp)
    known &= end > begin
    if mode == "mean":
        sums = np.zeros((rows + 1, cols))
        np.cumsum(pixels, axis=0, dtype=np.float64, out=sums[1:])
        across = np.arange(cols)
        found = (sums[end, across] - sums[begin, across]) / np.maximum(end - begin, 1)
    else:
        numbers = np.arange(rows)[:, None]
        found = np.where((numbers >= begin) & (numbers < end), pixels, -np.inf).max(axis=0)
    return np.where(known, found, np.nan).astype(np.float32)
