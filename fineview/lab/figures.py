"""Measured figures as evaluation and bench print them: a value, its interval, what it is compared with."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.measured import Figure as Figure
from fineview.core.measured import Interval


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one run with the seed and the machine they were measured on.

    ``data`` says in words what they were measured on, where the evaluation chose it itself ("64 phantoms, seed 7").
    """

    figures: tuple[Figure, ...]
    seed: int
    machine: str
    data: str = ""

    def as_dict(self) -> dict[str, Any]:
        """``{"figures": [...], "seed", "machine"}``, ready for ``json.dumps``; ``data`` where it is known."""
        held = {"figures": [figure.as_dict() for figure in self.figures], "seed": self.seed, "machine": self.machine}
        return {**held, "data": self.data} if self.data else held

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
