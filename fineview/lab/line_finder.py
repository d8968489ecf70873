"""Retinal boundaries without training: two strongest rises, the brightest ridge, the steepest fall, as smooth paths.

The usual classical way (Chiu et al., Optics Express 2010): each boundary is the best path from the first column to the
last over a picture of edges, found by dynamic programming; the two strongest rises of brightness are the inner limiting
membrane and the ellipsoid zone, and the others are sought relative to them.  It is a rival for trained models and
the yardstick of ``fineview evaluate layers``; sizes are rows of a scan of 496 and grow with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import dilate, erode, gaussian

Array = npt.NDArray[Any]
_ROWS = 496
_WHITE = 250


def find_lines(grey: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[np.float32]]:
    """ILM, RPE and BM of a B-scan (H, W): rows (W,) per column, 0 at the top edge of the first row."""
    unit = grey.shape[0] / _ROWS
    shown = _without_padding(grey, unit).astype(np.float32)
    rise = np.gradient(gaussian(shown, 3.0, 2.0 * unit), axis=0)
    first = best_path(rise)
    away = np.abs(np.arange(len(grey))[:, None] - first) > 20 * unit
    second = best_path(np.where(away, rise, rise.min()))
    ilm, ellipsoid = np.minimum(first, second), np.maximum(first, second)
    if _mean_on(rise, second) < 0.3 * _mean_on(rise, first):  # one edge alone: take it for the outer one
        ellipsoid, ilm = first, np.maximum(first - 60 * unit, 0)
    bright = gaussian(shown, 2.0, 1.2 * unit)
    rpe = best_path(_between(bright, ellipsoid + 2 * unit, ellipsoid + 22 * unit))
    fall = -np.gradient(gaussian(shown, 5.0, 1.5 * unit), axis=0)
    bm = best_path(_between(fall, rpe + unit, rpe + 40 * unit))
    rows = {"ILM": ilm, "RPE": rpe, "BM": bm}
    return {name: (row + 0.5).astype(np.float32) for name, row in rows.items()}


def best_path(score: Array, jump: int = 1) -> Array:
    """The rows (W,) of greatest summed score (H, W), neighbours at most ``jump`` rows apart."""
    height, width = score.shape
    steps = np.arange(-jump, jump + 1)
    total = score[:, 0].astype(np.float64)
    came = np.zeros((height, width), np.int8)
    for column in range(1, width):
        padded = np.pad(total, jump, constant_values=-np.inf)
        reach = np.stack([padded[jump + step: jump + step + height] for step in steps])
        choice = reach.argmax(0)
        came[:, column] = steps[choice]
        total = reach[choice, np.arange(height)] + score[:, column]
    rows = np.empty(width, np.int64)
    rows[-1] = int(total.argmax())
    for column in range(width - 1, 0, -1):
        rows[column - 1] = rows[column] + came[rows[column], column]
    return rows


def _between(score: Array, top: Array, bottom: Array) -> Array:
    rows = np.arange(len(score))[:, None]
    return np.where((rows >= top) & (rows <= bottom), score, score.min() - 100)


def _mean_on(score: Array, rows: Array) -> float:
    return float(score[rows, np.arange(score.shape[1])].mean())


def _without_padding(grey: Array, unit: float) -> Array:
    """White wedges of realigned exports made black: no retina is white over so large a square."""
    side = max(round(9 * unit), 3)
    solid = dilate(erode((grey >= _WHITE).astype(np.uint8), side), side + 2)
    return np.where(solid > 0, np.uint8(0), grey)
