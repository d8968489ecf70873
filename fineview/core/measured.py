"""Measured figures and the dated results that hold them: what was scored, when, on which machine, with which weights.

Written by ``fineview evaluate WHAT --keep``; advice and the results page are made from them and from nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fineview.core.evidence import EncoderEntry, ModelIdentity
from fineview.core.promises import Example, OperatingCurve, Reliability
from fineview.core.study import Problem

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.  ``n`` counts what it was measured on; ``met`` says whether ``goal`` was reached.

    ``about`` says, for readers that compare figures, what this one speaks of; a figure without it is only shown:
    ``task`` (a word of ``core.evidence.Task``), ``encoder`` (default: the one whose weights were scored), ``scale``
    ("1/4"), ``measure`` (what equal figures of several encoders or scales share; default: the name), ``better``
    ("higher", the default, or "lower"), ``role`` ("quality", the default, or "cost": what the encoder or scale takes).
    """

    name: str
    value: float | None
    unit: str
    n: int
    interval: Interval | None = None
    goal: float | None = None
    met: bool | None = None
    baselines: Mapping[str, float | None] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of the command line contract; ``about`` only where there is one."""
        held = {"name": self.name, "value": _plain(self.value), "unit": self.unit,
                "interval": None if self.interval is None else [_plain(v) for v in self.interval],
                "n": self.n, "goal": _plain(self.goal), "met": self.met,
                "baselines": {name: _plain(value) for name, value in self.baselines.items()}}
        return {**held, "about": dict(self.about)} if self.about else held


@dataclass(frozen=True, slots=True)
class StoredResult:
    """One stored result.  ``made``: UTC, ISO 8601, so that texts sort by time; ``encoder``: the weights that were
    scored, or None where the evaluation trained its own; ``data``: what it was scored on, in words; ``own``: kept by
    the person, not shipped; ``file``: name of the file it was read from.  ``curves``, ``reliability``, ``examples``:
    what held-out pictures promise of a score, and pictures of failures, where the evaluation stores them."""

    what: str
    made: str
    software: str
    encoder: ModelIdentity | None
    data: str
    seed: int
    machine: str
    figures: tuple[Figure, ...]
    own: bool = False
    file: str = ""
    curves: tuple[OperatingCurve, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    examples: tuple[Example, ...] = ()

    def is_of(self, sha256: str) -> bool:
        """Whether it was measured on the tensors with this hash, however they were calibrated."""
        return self.encoder is not None and self.encoder.sha256 == sha256

    def speaks_of(self, weights: ModelIdentity | EncoderEntry) -> bool:
        """Whether it was measured on these very weights, calibrated as they are.

        Where one of the two says nothing of its calibration, the tensors alone decide.
        """
        then, now = self.encoder.calibration if self.encoder else "", weights.calibration
        return self.is_of(weights.sha256) and (then == now or not then or not now)


@dataclass(frozen=True, slots=True)
class ResultShelf:
    """Every result that could be read, oldest first, and a problem for every file that could not."""

    results: tuple[StoredResult, ...] = ()
    problems: tuple[Problem, ...] = ()


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{float(value):.6g}")
