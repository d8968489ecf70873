"""Advice on encoder and scale as a value: what is recommended for a task, on which figures, with which caveats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fineview.core.evidence import Task

Kind = Literal["encoder", "scale"]
Verdict = Literal["measured better", "no measured difference", "only one measured", "not measured"]


@dataclass(frozen=True, slots=True)
class Row:
    """One stored figure that speaks of the task.  ``baseline``: the best it was measured beside;
    ``better_than_baseline``: the interval lies clear of it (None without interval); ``at_hand``: these very weights
    can be used here."""

    encoder: str
    sha256: str | None
    at_hand: bool
    scale: str | None
    measure: str
    value: float
    unit: str
    interval: tuple[float, float] | None
    n: int
    baseline: tuple[str, float] | None
    better_than_baseline: bool | None
    lower_is_better: bool
    cost: bool
    what: str
    data: str
    seed: int
    made: str
    machine: str
    software: str
    own: bool

    @property
    def named(self) -> str:
        """The encoder with the first eight digits of its weights, where they are known."""
        return f"{self.encoder} {self.sha256[:8]}" if self.sha256 else self.encoder

    @property
    def figure(self) -> str:
        """"f1_haemorrhage 0.424 [0.121, 0.514], n 53, best baseline classical 0.319 (six phantoms)"."""
        span = f" [{self.interval[0]:.3g}, {self.interval[1]:.3g}]" if self.interval else ""
        beside = f", best baseline {self.baseline[0]} {self.baseline[1]:.3g}" if self.baseline else ""
        unit = "" if self.unit in ("", "fraction", "ratio") else f" {self.unit}"
        return f"{self.measure} {self.value:.3g}{unit}{span}, n {self.n}{beside} ({self.data})"

    @property
    def comparable(self) -> tuple[str, str, int, str]:
        """Figures are compared only where these are equal."""
        return self.what, self.data, self.seed, self.measure


@dataclass(frozen=True, slots=True)
class Choice:
    """What the figures say about the encoder or the scale.  ``recommended`` is None where they say nothing."""

    recommended: str | None
    verdict: Verdict
    words: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """Advice for one task.  ``rows``: every figure it rests on; ``caveats``: what a reader must know about them;
    ``comparisons``: what evaluations say that trained small encoders of several kinds, none of which is at hand."""

    task: Task
    encoder: Choice
    scale: Choice
    rows: tuple[Row, ...]
    caveats: tuple[str, ...]
    comparisons: tuple[Choice, ...] = ()

    @property
    def measured(self) -> bool:
        return bool(self.rows)
