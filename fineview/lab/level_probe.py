"""Class evidence from a pyramid level: a linear probe on its cells, fitted once for each scale and class.

A level holds features, not classes.  To compare scales each gets the same probe: ridge regression on standardised
channels towards +1 in cells that the class covers and -1 elsewhere, both classes weighing the same (for two classes
this is Fisher's discriminant; Hastie et al., Elements of Statistical Learning, 2nd ed., exercise 4.2).  Its one
parameter, the ridge, is chosen by cross-validation over pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
RIDGES = (1e-3, 1e-1, 10.0)
COVERED = 0.1  # a cell shows the class where this share of it does: a small lesion must count at every scale
MOST_CELLS = 6000


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Sampled cells of one picture: ``features`` (n, C) float32, ``covered`` (n,) bool."""

    features: Array
    covered: Array


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """``weights`` (C,) and ``offset`` on raw channels; ``ridge`` as chosen."""

    weights: Array
    offset: float
    ridge: float

    def scores(self, level: Array) -> Array:
        """(C, h, w) -> float32 (h, w) in (0, 1), 0.5 between the classes."""
        margin = np.tensordot(self.weights, level.astype(np.float32), 1) + self.offset
        return np.asarray(1 / (1 + np.exp(-np.clip(4 * margin, -30, 30))), np.float32)


def shares(mask: Array, cells_hw: tuple[int, int], stride_yx: tuple[float, float]) -> Array:
    """Which share of each cell the mask (H, W) covers: float64 ``cells_hw``; cells begin at the picture's corner."""
    total = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1))
    total[1:, 1:] = mask.cumsum(0).cumsum(1)
    rows, columns = (np.minimum(np.round(np.arange(count + 1) * stride).astype(int), size)
                     for count, stride, size in zip(cells_hw, stride_yx, mask.shape, strict=True))
    corner = total[np.ix_(rows, columns)]
    held = corner[1:, 1:] - corner[1:, :-1] - corner[:-1, 1:] + corner[:-1, :-1]
    return np.asarray(held / np.maximum(np.outer(np.diff(rows), np.diff(columns)), 1))


def sample(level: Array, mask: Array, view: Array, stride_yx: tuple[float, float], seed: int) -> Cells:
    """Cells of one picture inside its view: covered ones and, at random, as many others as fit."""
    size = level.shape[1], level.shape[2]
    covered = (shares(mask, size, stride_yx) >= COVERED).ravel()
    free = np.flatnonzero((shares(view, size, stride_yx) >= 0.5).ravel() & ~covered)
    held = np.flatnonzero(covered)
    rng = np.random.default_rng([seed, level.shape[1]])
    chosen = np.concatenate([rng.permutation(held)[:MOST_CELLS], rng.permutation(free)[:MOST_CELLS]])
    features = level.reshape(level.shape[0], -1)[:, chosen].T.astype(np.float32)
    return Cells(features, covered[chosen])


def fit(pictures: list[Cells]) -> Probe | None:
    """The probe with the ridge of least cross-validated error; None where no picture shows the class."""
    if not any(one.covered.any() for one in pictures):
        return None
    folds = min(len(pictures), 5)
    errors = dict.fromkeys(RIDGES, 0.0)
    for fold in range(folds) if folds > 1 else ():
        inside = [one for number, one in enumerate(pictures) if number % folds != fold]
        outside = [one for number, one in enumerate(pictures) if number % folds == fold]
        for ridge in RIDGES:
            probe = _solve(inside, ridge)
            errors[ridge] += np.inf if probe is None else _error(probe, outside)
    best = min(RIDGES, key=lambda ridge: errors[ridge])
    return _solve(pictures, best)


def _solve(pictures: list[Cells], ridge: float) -> Probe | None:
    x = np.concatenate([one.features for one in pictures]).astype(np.float64)
    covered = np.concatenate([one.covered for one in pictures])
    if covered.all() or not covered.any():
        return None
    mean, spread = x.mean(0), x.std(0) + 1e-6
    z = (x - mean) / spread
    weight = np.where(covered, 0.5 / covered.sum(), 0.5 / (~covered).sum())
    wanted = np.where(covered, 1.0, -1.0)
    centre = weight @ z
    z = z - centre
    slope = np.linalg.solve((z * weight[:, None]).T @ z + ridge * np.eye(z.shape[1]), (z * weight[:, None]).T @ wanted)
    slopes = slope / spread
    return Probe(slopes, float(-(slope @ centre) - slopes @ mean), ridge)


def _error(probe: Probe, pictures: list[Cells]) -> float:
    """Balanced squared error of the margins."""
    margin = np.concatenate([one.features @ probe.weights + probe.offset for one in pictures])
    covered = np.concatenate([one.covered for one in pictures])
    parts = [((margin[side] - sign) ** 2).mean() for side, sign in ((covered, 1.0), (~covered, -1.0)) if side.any()]
    return float(np.mean(parts))
