"""From score maps and known lesions to counts: peaks, boxes hit, thresholds, areas under curves.

A *peak* is a cell that is greatest within 0.5 % of the picture's width and above zero, inside the field of
view; a plateau is one peak.  Precision is the share of peaks inside a box of the class, recall the share of
boxes with at least one peak, F1 pooled over photographs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import components, dilate

Array = npt.NDArray[Any]
GRID_WIDTH = 1072
BINS = 4096
_MOST_PEAKS = 3000


@dataclass(frozen=True, slots=True)
class Tally:
    """One photograph, one class, one detector.

    ``scores`` and ``inside`` (p,): each peak's score and whether it lies in a box; ``best`` (b,): greatest peak
    score in each box, -1 without one; ``pointed``: the map's maximum lies in a box (``None`` without boxes);
    ``top``: the map's maximum; ``pixels`` (2, BINS): histogram of other and of lesion cells' scores, or ``None``.
    """

    scores: Array
    inside: Array
    best: Array
    pointed: bool | None
    top: float
    pixels: Array | None


def tally(score: Array, view: Array, boxes: Array, mask: Array | None) -> Tally:
    """Compare one (H, W) map in [0, 1] with boxes (n, 4) and, where given, a (H, W) mask."""
    step = max(1, round(score.shape[1] / GRID_WIDTH))
    grid = np.where(_blocks(view, step).max((1, 3)) > 0, _blocks(score, step).max((1, 3)), 0).astype(np.float32)
    radius = max(1, round(0.005 * score.shape[1] / step))
    x, y, scores = peaks(grid, radius)
    px, py = (x + 0.5) * step, (y + 0.5) * step
    within = ((px[:, None] >= boxes[None, :, 0]) & (px[:, None] <= boxes[None, :, 2])
              & (py[:, None] >= boxes[None, :, 1]) & (py[:, None] <= boxes[None, :, 3]))
    best = np.where(within, scores[:, None], -1.0).max(0, initial=-1.0)
    inside = within.any(1)
    pointed = bool(inside[0]) if len(boxes) and len(scores) else (False if len(boxes) else None)
    pixels = None if mask is None else _pixels(score, view, mask, step)
    return Tally(scores, inside, best, pointed, float(scores[0]) if len(scores) else 0.0, pixels)


def peaks(grid: Array, radius: int) -> tuple[Array, Array, Array]:
    """``(x, y, score)`` of the peaks of a float32 map, greatest first, none within ``radius`` cells of another."""
    top = (grid >= dilate(grid, radius)) & (grid > 0)
    count, labels, _, centres = components(top)
    if count == 1:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    flat = np.flatnonzero(labels)
    _, first = np.unique(labels.ravel()[flat], return_index=True)
    scores = grid.ravel()[flat[first]]
    order = np.argsort(-scores, kind="stable")[:_MOST_PEAKS]
    places = np.round(centres[1:][order]).astype(int)
    offsets = np.arange(-radius, radius + 1)
    disc = offsets[:, None] ** 2 + offsets[None] ** 2 <= radius ** 2
    taken = np.zeros((grid.shape[0] + 2 * radius, grid.shape[1] + 2 * radius), bool)
    kept = []
    for k, (x, y) in enumerate(places):  # equal neighbours would all be peaks: the first one wins
        if not taken[y + radius, x + radius]:
            taken[y:y + 2 * radius + 1, x:x + 2 * radius + 1] |= disc
            kept.append(k)
    return places[kept, 0], places[kept, 1], scores[order][kept]


def count_table(tallies: list[Tally], levels: Array) -> Array:
    """(photographs, levels, 4): peaks, peaks inside, boxes, boxes hit, at each threshold."""
    table = np.zeros((len(tallies), len(levels), 4), np.int64)
    for row, item in zip(table, tallies, strict=True):
        for column, values in ((0, item.scores), (1, item.scores[item.inside]), (3, item.best)):
            row[:, column] = len(values) - np.searchsorted(np.sort(values), levels, side="left")
        row[:, 2] = len(item.best)
    return table


def f1(total: Array) -> tuple[float, float, float]:
    """(F1, precision, recall) of summed counts; zero where nothing was found."""
    found, inside, boxes, hit = (float(v) for v in total)
    precision = inside / found if found else 0.0
    recall = hit / boxes if boxes else 0.0
    return (2 * precision * recall / (precision + recall) if precision + recall else 0.0), precision, recall


def threshold_levels(tallies: list[Tally]) -> Array:
    """Up to 257 thresholds, highest first: those above which 1, 2, ... peaks lie, each about a twentieth more.

    Lesions are few among the thousands of faint peaks of a map, so the strongest ones are told apart one by one; equal
    steps through all peaks would jump over every threshold that anybody would use.
    """
    pool = np.sort(np.concatenate([t.scores for t in tallies]))[::-1] if tallies else np.zeros(0)
    if not len(pool):
        return np.array([0.5])
    ranks = np.unique(np.geomspace(1, len(pool), 257).round().astype(int))
    return np.unique(pool[ranks - 1])[::-1]


def crossvalidated_counts(tallies: list[Tally], seed: int, folds: int = 5) -> Array:
    """(photographs, 4) counts, each photograph at the threshold of greatest pooled F1 on the other folds.

    A tie takes the higher threshold.  A single photograph has no others and is judged at its own best.
    """
    number = len(tallies)
    order = np.random.default_rng([seed, number]).permutation(number)
    fold = np.empty(number, int)
    fold[order] = np.arange(number) % max(min(folds, number), 1)
    table = count_table(tallies, threshold_levels(tallies))
    found = np.zeros((number, 4), np.int64)
    for k in np.unique(fold):
        others = fold != k if number > 1 else fold == k
        scored = [f1(total)[0] for total in table[others].sum(0)]
        found[fold == k] = table[fold == k, int(np.argmax(scored))]
    return found


def average_precision(pixels: Array) -> float | None:
    """Area under precision and recall from (2, BINS) counts of other and lesion cells; ``None`` without lesions."""
    other, lesion = pixels[0][::-1].cumsum(), pixels[1][::-1].cumsum()
    if not lesion[-1]:
        return None
    precision = lesion / np.maximum(other + lesion, 1)
    return float((np.diff(lesion, prepend=0) / lesion[-1] * precision).sum())


def auroc(present: Array, absent: Array) -> float | None:
    """Probability that a picture with the lesion scores above one without (ties count half); ``None`` if undefined."""
    if not len(present) or not len(absent):
        return None
    above = (present[:, None] > absent[None]).mean()
    return float(above + 0.5 * (present[:, None] == absent[None]).mean())


def _pixels(score: Array, view: Array, mask: Array, step: int) -> Array:
    inside = _blocks(view, step).mean((1, 3)) >= 0.5
    shown = _blocks(mask, step).mean((1, 3)) >= 0.5
    # a fourth root spreads the many scores near zero over the bins; order, and so the area, is kept
    level = np.clip(_blocks(score, step).mean((1, 3)), 0, 1) ** 0.25
    place = np.minimum((level * BINS).astype(int), BINS - 1)
    return np.stack([np.bincount(place[inside & ~shown], minlength=BINS),
                     np.bincount(place[inside & shown], minlength=BINS)])


def _blocks(plane: Array, step: int) -> Array:
    """(H, W) -> (h, step, w, step), the last partial block repeated at the edge."""
    rows, columns = -plane.shape[0] % step, -plane.shape[1] % step
    full = np.pad(plane, ((0, rows), (0, columns)), mode="edge") if rows or columns else plane
    full = np.asarray(full, np.float32)
    return full.reshape(full.shape[0] // step, step, full.shape[1] // step, step)
