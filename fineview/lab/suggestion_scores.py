"""Suggested lesions against known ones: what a person who sets a threshold on their score may expect.

A suggestion is a component of a label's map above the label's own threshold, as ``imaging.proposals`` makes it; its
score is what the engine makes of the map's maximum in it.  It is right where its strongest point lies in the box of a
known lesion, and a lesion is hit where such a point lies in it: the same rule as for peaks (:mod:`lesion_metrics`), on
what the window really shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.promises import OperatingCurve, OperatingPoint
from fineview.imaging.filters import components
from fineview.imaging.proposals import DEFAULT_THRESHOLD, REACH, proposed
from fineview.services.ports import Engine

Array = npt.NDArray[Any]
STEP, ROUNDS = 0.01, 400


@dataclass(frozen=True, slots=True)
class Suggested:
    """One picture, one label.  ``scores``, ``right`` (s,): each suggestion's score and whether it is right; ``places``
    (s, 2) x, y of its strongest point; ``best`` (b,): greatest score with its point in each lesion, -1 without one."""

    scores: Array
    right: Array
    places: Array
    best: Array


def suggested(values: Array, word: str, engine: Engine, boxes: Array) -> Suggested:
    """Suggestions of ``word`` on its map (H, W) against ``boxes`` (n, 4) x0, y0, x1, y1 with corners at whole
    numbers."""
    level = engine.thresholds.get(word, DEFAULT_THRESHOLD)
    shown = np.where(proposed(word, values, level), values, values.dtype.type(0))
    places, tops = strongest_points(shown, min(level, REACH.get(word, level)))
    scores = np.array([engine.chance(word, float(top)) for top in tops])
    x, y = places[:, :1] + 0.5, places[:, 1:] + 0.5
    within = (x >= boxes[:, 0]) & (x <= boxes[:, 2]) & (y >= boxes[:, 1]) & (y <= boxes[:, 3])
    best = np.where(within, scores[:, None], -1.0).max(0, initial=-1.0)
    return Suggested(scores, within.any(1), places, best)


def strongest_points(values: Array, threshold: float) -> tuple[Array, Array]:
    """((s, 2) x, y; (s,) scores) of the components of ``values`` (H, W) at or above ``threshold``."""
    values = np.asarray(values)
    count, names, _, _ = components((values >= values.dtype.type(threshold)).view(np.uint8))
    peak = strongest_of_each(values, names, count)
    y, x = np.divmod(peak, values.shape[1])
    return np.stack([x, y], 1).astype(float), np.minimum(values.ravel()[peak].astype(np.float64), 1.0)


def strongest_of_each(values: Array, names: Array, count: int) -> Array:
    """Flat places (count - 1,) of the greatest value in each component; ``names`` (H, W) numbers them from 1."""
    flat = np.flatnonzero(names)
    order = flat[np.argsort(values.ravel()[flat], kind="stable")]
    peak = np.zeros(count, np.int64)
    peak[names.ravel()[order]] = order  # the last written is the strongest
    return peak[1:]


def operating_curve(label: str, begin: float, pictures: Sequence[Suggested], seed: int) -> OperatingCurve:
    """Counts at ``begin`` and every hundredth above it up to the highest score, with intervals over pictures."""
    top = max((float(one.scores.max()) for one in pictures if len(one.scores)), default=begin)
    begin = float(f"{begin:.4f}")
    levels = np.unique(np.append(begin, np.arange(np.ceil(begin / STEP), np.floor(top / STEP) + 1) * STEP).round(4))
    levels = levels[levels >= begin]
    table = np.stack([_counts(one, levels) for one in pictures]) if pictures else np.zeros((0, len(levels), 3), int)
    lesions = np.array([len(one.best) for one in pictures], int)
    chosen = np.random.default_rng([seed, len(table)]).integers(0, max(len(table), 1), (ROUNDS, len(table)))
    drawn, held = table[chosen].sum(1), lesions[chosen].sum(1)  # (rounds, levels, 3), (rounds,)
    total = table.sum(0)
    several = len(table) > 1
    points = tuple(OperatingPoint(
        float(level), *(int(value) for value in total[k]),
        _span(drawn[:, k, 1], drawn[:, k, 0]) if several else None, _span(drawn[:, k, 2], held) if several else None)
        for k, level in enumerate(levels))
    return OperatingCurve(label, len(pictures), int(lesions.sum()), points)


def _counts(one: Suggested, levels: Array) -> Array:
    """(levels, 3): suggestions at or above each level, right ones, lesions hit."""
    # A threshold is stored with four decimals, and a suggestion at its very edge must not fall below it for that.
    return np.stack([len(values) - np.searchsorted(np.sort(values), levels - 1e-4, side="left")
                     for values in (one.scores, one.scores[one.right], one.best)], 1)


def _span(part: Array, whole: Array) -> tuple[float, float] | None:
    known = whole > 0
    if known.sum() < len(whole) / 2:
        return None
    low, high = np.quantile(part[known] / whole[known], [0.025, 0.975])
    return float(low), float(high)
