"""Do probabilities mean what they say: bins of a score, the share that was right, and the expected calibration error.

Ten bins of equal width and ECE as in Guo et al., ICML 2017 (arXiv 1706.04599), section 2.  Two kinds of probability
are judged: that a *region* holds a label (what an answer states), on regions drawn without looking at the maps, half
of them with the label and half without, as the calibration was fitted; and that a *suggestion* is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.promises import Reliability, ReliabilityBin

Array = npt.NDArray[Any]
BINS = 10
TRIES = 16  # regions of each kind on one picture


def reliability(label: str, of: str, scores: Array, right: Array) -> Reliability:
    """``scores`` (n,) in [0, 1]; ``right`` (n,) bool.  Empty bins are left out; without a score the error is 0."""
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    bins = []
    for k in range(BINS):
        here = place == k
        if here.any():
            bins.append(ReliabilityBin(k / BINS, (k + 1) / BINS, float(scores[here].mean()), float(right[here].mean()),
                                       int(here.sum())))
    return Reliability(label, of, len(scores), calibration_error(scores, right), tuple(bins))


def calibration_error(scores: Array, right: Array) -> float:
    """Mean over bins of |share right - mean score|, weighted by count."""
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    total = np.bincount(place, minlength=BINS)
    gap = np.bincount(place, right.astype(float) - scores, BINS)
    return float(np.abs(gap).sum() / max(total.sum(), 1))


def regions(boxes: Array, size: tuple[int, int], rng: np.random.Generator) -> Iterator[tuple[Array, bool]]:
    """Boxes (x0, y0, x1, y1) of a picture of ``size`` (H, W), and whether a lesion of ``boxes`` reaches into each.

    One around a lesion, where there is any, and one anywhere, ``TRIES`` times over; sides are drawn log-uniform from
    0.7 % of the width to the whole height, as the regions of the calibration are.
    """
    high, wide = size
    for _ in range(TRIES):
        side = np.exp(rng.uniform(np.log(0.007 * wide), np.log(min(high, wide)), 2))
        centres = [rng.uniform(0, 1, 2) * (wide, high)]
        if len(boxes):
            box = boxes[int(rng.integers(len(boxes)))]
            side = np.maximum(side, box[2:] - box[:2])
            centres.append((box[:2] + box[2:]) / 2 + rng.uniform(-0.3, 0.3, 2) * (side - (box[2:] - box[:2])))
        for centre in centres:
            low = np.clip(centre - side / 2, 0, (wide - 1, high - 1)).astype(int)
            top = np.maximum(np.clip(centre + side / 2, 1, (wide, high)).astype(int), low + 1)
            reach = ((boxes[:, 0] < top[0]) & (boxes[:, 2] > low[0]) & (boxes[:, 1] < top[1]) & (boxes[:, 3] > low[1]))
            yield np.concatenate([low, top]), bool(reach.any())


def balanced(right: Array, rng: np.random.Generator) -> Array:
    """Indices of as many rows with as without, drawn at random; all rows where one kind is missing."""
    yes, no = np.flatnonzero(right), np.flatnonzero(~right)
    few = min(len(yes), len(no))
    if not few:
        return np.arange(len(right))
    return np.sort(np.concatenate([rng.permutation(yes)[:few], rng.permutation(no)[:few]]))
