"""Retinal boundary lines from row logits: one path per line over all columns, then the sub-cell row beside it.

A column alone often offers two rows: the top of a druse and its foot.  So a line is the path of greatest summed log
probability from the first to the last column, where each row of change costs a little (Chiu et al., Optics Express
2010, on probabilities instead of gradients).  Bruch's membrane hardly leaves the bow that the whole eye makes in the
scan, which may be steep, and is sought first; the pigment epithelium climbs every druse, but never lies below the
membrane, nor the inner limiting membrane below it.  Nothing is drawn where the column is unsure of the path.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fineview.imaging.placement import Placement

LEAST_SHARE = 0.3
NEAR_CELLS = 3
CELL = 4
FLOOR = 1e-4  # of a column's probability: a path may cross a gap
STEP_COST = (0.3, 0.15, 8.0)  # nats per row of change: ILM, RPE, BM beside its bow
BOW_ROUNDS, BOW_SPREAD = 8, 3.0
Array = NDArray[np.float64]


def source_rows(logits: NDArray[np.float32], where: Placement) -> NDArray[np.float32]:
    """Row logits (3, h, w) of the whole 1/4 canvas, ILM, RPE, BM, to source rows (3, source columns), float32.

    The row is the expectation within three cells of the path, since far rows only add bias; a column whose rows there
    hold less than 0.3 of the probability is NaN.
    """
    rows, cols = where.cells(CELL)
    inside = np.asarray(logits[:, rows, cols], np.float64)
    weight = np.exp(inside - inside.max(1, keepdims=True))
    weight /= weight.sum(1, keepdims=True)
    step_y, step_x = where.stride_px(CELL)
    found = np.stack([beside(one, path) for one, path in zip(weight, _paths(weight), strict=True)]) * step_y
    centres = (np.arange(found.shape[1]) + 0.5) * step_x
    columns = np.arange(where.source_hw[1]) + 0.5
    lines = np.stack([np.interp(columns, centres, line) for line in found]).astype(np.float32)
    return _in_order(lines)


def _paths(weight: Array) -> list[NDArray[np.int64]]:
    """Paths of ILM, RPE and BM through (3, h, w): each is kept above the one that was found before."""
    rows = np.arange(weight.shape[1])[:, None]
    found: list[NDArray[np.int64]] = []
    below = np.full(weight.shape[2], weight.shape[1])
    bent = np.zeros(weight.shape[2], np.int64)
    for number in (2, 1, 0):
        one, cost = weight[number], STEP_COST[number]
        allowed = np.where(rows <= below, np.log(one + FLOOR), 4 * np.log(FLOOR))
        below = beside_bow(allowed, bow(one) if number == 2 else bent, cost)
        found.append(below)
    return found[::-1]


def bow(weight: Array) -> NDArray[np.int64]:
    """The rows (w,) of the parabola through the strongest cells of (h, w), sure columns first, outliers last.

    Least squares by iterated weights (Cauchy's, spread of three cells): a few drusen or gaps do not move it.
    """
    across = np.linspace(-1, 1, weight.shape[1])
    terms = np.stack([np.ones_like(across), across, across * across], 1)
    strongest, sure = weight.argmax(0).astype(float), weight.max(0)
    trust = sure
    for _ in range(BOW_ROUNDS):
        root = np.sqrt(trust)[:, None]
        fitted = terms @ np.linalg.lstsq(terms * root, strongest * root[:, 0], rcond=None)[0]
        trust = sure / (1 + ((strongest - fitted) / BOW_SPREAD) ** 2)
    return np.rint(fitted).astype(np.int64)


def beside_bow(score: Array, bent: NDArray[np.int64], cost: float) -> NDArray[np.int64]:
    """:func:`cheapest_path` where a path that follows the rows ``bent`` (w,) up and down changes nothing."""
    height = len(score)
    moved = bent.max() - bent
    rows = np.arange(height + int(moved.max()))[:, None] - moved
    level = np.take_along_axis(score, rows.clip(0, height - 1), 0)
    path = cheapest_path(np.where((rows >= 0) & (rows < height), level, 4 * np.log(FLOOR)), cost)
    return np.asarray((path - moved).clip(0, height - 1))


def cheapest_path(score: Array, cost: float) -> NDArray[np.int64]:
    """The rows (w,) of greatest summed ``score`` (h, w) less ``cost`` times each change of row.

    Exact dynamic programming; the best origin of every row is a running maximum from above and one from below, since
    the price of a step grows by the same amount with each row (Felzenszwalb and Huttenlocher 2012, for L1).
    """
    height, width = score.shape
    every, slope = np.arange(height), cost * np.arange(height)
    came = np.empty((width, height), np.int64)
    total = score[:, 0]
    for column in range(1, width):
        down, up = _running(total + slope), height - 1 - _running((total - slope)[::-1])[::-1]
        came[column] = np.where(total[down] + slope[down] - slope > total[up] - slope[up] + slope, down, up)
        total = total[came[column]] - cost * np.abs(every - came[column]) + score[:, column]
    rows = np.empty(width, np.int64)
    rows[-1] = total.argmax()
    for column in range(width - 1, 0, -1):
        rows[column - 1] = came[column, rows[column]]
    return rows


def _running(values: Array) -> NDArray[np.int64]:
    """Where the greatest value up to each place is, (h,)."""
    best = np.maximum.accumulate(values)
    return np.maximum.accumulate(np.where(values >= best, np.arange(len(values)), 0))


def beside(weight: Array, path: NDArray[np.int64]) -> Array:
    """Where a line (w,) of probabilities (h, w) is, in cells from the top edge, near its path; NaN where not sure."""
    place = np.arange(len(weight))[:, None] + 0.5
    near = weight * (np.abs(place - (path + 0.5)) <= NEAR_CELLS)
    share = near.sum(0)
    return np.where(share >= LEAST_SHARE, (near * place).sum(0) / np.maximum(share, 1e-12), np.nan)


def _in_order(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """The order ILM, RPE, BM from the vitreous outwards holds in every eye: crossings are cut, not shown."""
    lines[1:] = np.where(lines[1:] < lines[:-1], np.nan, lines[1:])
    return lines
