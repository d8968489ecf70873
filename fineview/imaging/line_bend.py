"""Bending a boundary by hand: the line follows the knot, and its neighbourhood follows the line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bend(rows: NDArray[np.floating], column: int, to_row: float, reach: int) -> NDArray[np.float32]:
    """Rows (W,) with ``column`` moved to ``to_row``, float32.

    What lies within ``reach`` columns follows by a cosine that is 1 at the knot and 0 at the ends, so that the line
    stays smooth.  Unknown columns (NaN) stay unknown, but for the knot's own.
    """
    old = np.asarray(rows, np.float64)
    away = np.abs(np.arange(len(old)) - column)
    weight = np.where(away < reach, 0.5 * (1 + np.cos(np.pi * away / max(reach, 1))), 0.0)
    start = old[column] if np.isfinite(old[column]) else to_row
    made = old + weight * (to_row - start)
    made[column] = to_row
    return made.astype(np.float32)


def knots(cols: int, every: int) -> NDArray[np.intp]:
    """Columns of the knots: evenly over the width, the first and last half a step from the ends."""
    count = max(1, round(cols / every))
    return np.asarray(((np.arange(count) + 0.5) * cols / count).astype(np.intp))
