"""Measured figures as evaluation and bench print them: a value, its interval, what it is compared with."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.measured import Figure as Figure
from fineview.core.measured import Interval
from fineview.core.promises import OperatingCurve, Reliability


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """A picture of something that went wrong: RGB uint8 (h, w, 3), what it shows, and whose picture it is."""

    rgb: npt.NDArray[np.uint8]
    words: str
    source: str


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one run with the seed and the machine they were measured on.

    ``data`` says in words what they were measured on, where the evaluation chose it itself ("64 phantoms, seed 7").
    ``curves``, ``reliability``: what held-out pictures promise of a score; ``failures`` are kept as pictures.
    """

    figures: tuple[Figure, ...]
    seed: int
    machine: str
    data: str = ""
    curves: tuple[OperatingCurve, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    failures: tuple[Failure, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """``{"figures": [...], "seed", "machine"}``, ready for ``json.dumps``: what a command prints."""
        return {"figures": [figure.as_dict() for figure in self.figures], "seed": self.seed, "machine": self.machine}

    def to_keep(self) -> dict[str, Any]:
        """What a stored result holds besides: what was scored, curves and reliability, where they are known."""
        more = {"data": self.data, "curves": [curve_object(one) for one in self.curves],
                "reliability": [_rounded(asdict(one)) for one in self.reliability]}
        return {**self.as_dict(), **{name: value for name, value in more.items() if value}}

    def named(self, name: str) -> Figure:
        """The figure of that name.  Raises ``KeyError``."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


def curve_object(one: OperatingCurve) -> dict[str, Any]:
    """A curve as JSON; a point is a row [score, found, right, hit, precision low, high, recall low, high]."""
    rows = [[point.score, point.found, point.right, point.hit, *(point.precision_interval or (None, None)),
             *(point.recall_interval or (None, None))] for point in one.points]
    return {"label": one.label, "pictures": one.pictures, "lesions": one.lesions,
            "points": _rounded(rows)}


def _rounded(value: Any) -> Any:
    """Numbers of a measured curve to four decimals: more would only be noise in a file."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def judged(figure: Figure, goal: float, *, higher_is_better: bool = True) -> Figure:
    """The same figure with a goal; the goal counts as met when the value is on its good side or equal."""
    met = None
    if figure.value is not None:
        met = figure.value >= goal if higher_is_better else figure.value <= goal
    return replace(figure, goal=goal, met=met)


def machine_words() -> str:
    """The machine in words: system, processor, logical cores, Python.  Names no user and no host."""
    return (f"{platform.system()} {platform.machine()}, {os.cpu_count()} logical cores, "
            f"Python {platform.python_version()}")


def bootstrap_interval(statistic: Callable[[npt.NDArray[np.intp]], float | None], count: int, seed: int,
                       rounds: int = 400, level: float = 0.95) -> Interval | None:
    """Percentile interval of ``statistic(chosen indices)`` over resamples of ``count`` independent units.

    ``None`` with fewer than two units, or where the statistic is undefined in most resamples.
    """
    if count < 2:
        return None
    rng = np.random.default_rng([seed, count])
    values = [statistic(rng.integers(0, count, count)) for _ in range(rounds)]
    known = np.array([value for value in values if value is not None])
    if len(known) < rounds / 2:
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
