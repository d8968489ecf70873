"""Measured figures as evaluation and bench print them: a value, its interval, what it is compared with."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.  ``n`` counts what it was measured on; ``met`` says whether ``goal`` was reached."""

    name: str
    value: float | None
    unit: str
    n: int
    interval: Interval | None = None
    goal: float | None = None
    met: bool | None = None
    baselines: Mapping[str, float | None] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of the command line contract."""
        return {"name": self.name, "value": _plain(self.value), "unit": self.unit,
                "interval": None if self.interval is None else [_plain(v) for v in self.interval],
                "n": self.n, "goal": _plain(self.goal), "met": self.met,
                "baselines": {name: _plain(value) for name, value in self.baselines.items()}}


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one run with the seed and the machine they were measured on."""

    figures: tuple[Figure, ...]
    seed: int
    machine: str

    def as_dict(self) -> dict[str, Any]:
        """``{"figures": [...], "seed", "machine"}``, ready for ``json.dumps``."""
        return {"figures": [figure.as_dict() for figure in self.figures], "seed": self.seed, "machine": self.machine}

    def named(self, name: str) -> Figure:
        """The figure of that name.  Raises ``KeyError``."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


def judged(figure: Figure, goal: float, *, higher_is_better: bool = True) -> Figure:
    """The same figure with a goal; the goal counts as met when the value is on its good side or equal."""
    met = None
    if figure.value is not None:
        met = figure.value >= goal if higher_is_better else figure.value <= goal
    return Figure(figure.name, figure.value, figure.unit, figure.n, figure.interval, goal, met, figure.baselines)


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


def _plain(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(f"{float(value):.6g}")
