"""Scores of boundary lines, drusen columns and fluid, each as a function of whole scans, so that scans are resampled.

A scan's lines are ``name -> (W,)`` rows in its own pixels, NaN where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Lines = Mapping[str, Array]
Pair = tuple[Lines, Lines]  # found, drawn
Statistic = Callable[[Array], float | None]  # chosen scan numbers -> value
DRUSEN_PX = 10.0


def thickness(lines: Lines) -> Array:
    """BM minus RPE per column."""
    return np.asarray(lines["BM"] - lines["RPE"])


def of_line(name: str) -> Callable[[Lines], Array]:
    """What is compared: one boundary's rows."""
    return lambda lines: np.asarray(lines[name])


def differences(pairs: Sequence[Pair], what: Callable[[Lines], Array]) -> list[Array]:
    """Found minus drawn per scan, columns where both are known."""
    found = [what(one) - what(drawn) for one, drawn in pairs]
    return [values[np.isfinite(values)] for values in found]


def mean_error(apart: Sequence[Array], centred: bool = False) -> Statistic:
    """Mean absolute difference over columns; ``centred``: after taking away the median, one constant for all scans."""
    def value(chosen: Array) -> float | None:
        values = np.concatenate([apart[int(k)] for k in chosen]) if len(chosen) else np.zeros(0)
        if not len(values):
            return None
        return float(np.abs(values - np.median(values) if centred else values).mean())

    return value


def constant_offset(apart: Sequence[Array]) -> Statistic:
    """The median difference: the constant that a line lies too low (above zero) or too high."""
    def value(chosen: Array) -> float | None:
        values = np.concatenate([apart[int(k)] for k in chosen]) if len(chosen) else np.zeros(0)
        return float(np.median(values)) if len(values) else None

    return value


def constant_guess(pairs: Sequence[Pair], what: Callable[[Lines], Array]) -> Statistic:
    """Error of the best single number for all columns: the median of the drawn values themselves, so a strong guess."""
    drawn = [what(lines) for _, lines in pairs]
    return mean_error([values[np.isfinite(values)] for values in drawn], centred=True)


def drusen_f1(pairs: Sequence[Pair], part: int = 0, everywhere: bool = False) -> Statistic:
    """F1, precision or recall (``part`` 0, 1, 2) of columns with BM - RPE >= 10 px; an unknown found column is none."""
    counts = []
    for found, drawn in pairs:
        truth = thickness(drawn)
        known = np.isfinite(truth)
        there = truth[known] >= DRUSEN_PX
        said = np.ones(there.size, bool) if everywhere else np.nan_to_num(thickness(found)[known]) >= DRUSEN_PX
        counts.append((int((said & there).sum()), int(said.sum()), int(there.sum())))
    table = np.array(counts).reshape(-1, 3)

    def value(chosen: Array) -> float | None:
        hit, said, there = table[chosen].sum(0)
        if not there:
            return None
        return float((2 * hit / (said + there), hit / max(said, 1), hit / there)[part])

    return value


def dice(overlaps: Sequence[tuple[int, int, int]]) -> Statistic:
    """Dice over all pixels of the chosen scans from (both, found, drawn) per scan."""
    table = np.array(overlaps, np.int64).reshape(-1, 3)

    def value(chosen: Array) -> float | None:
        both, found, drawn = table[chosen].sum(0)
        return float(2 * both / (found + drawn)) if drawn else None

    return value


def overlap(found: Array, drawn: Array) -> tuple[int, int, int]:
    """Pixels (in both, found, drawn) of two masks."""
    return int((found & drawn).sum()), int(found.sum()), int(drawn.sum())
