"""Asking the product's own answering code about scenes in memory, and shares with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.dialogue import Answer, Question
from fineview.core.geometry import Box
from fineview.core.image import Raster
from fineview.core.intent import Intent
from fineview.core.region import Region
from fineview.core.study import FrameKey, Laterality
from fineview.lab.figures import Figure, bootstrap_interval, judged
from fineview.lab.question_scenes import Scene
from fineview.services.analyse import FrameRequest
from fineview.services.answering import answer
from fineview.services.encodings import Encodings
from fineview.services.ground import Ground, no_phraser
from fineview.services.jobs import Token
from fineview.services.ports import Engine, Phraser

_KEY = FrameKey("scene", 0)


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """One engine, one cache.  Verdicts are scored on what was meant; how words are read is scored apart.

    ``phraser``: the decoder that has its part in verdicts; without, the evidence gives them alone.
    """

    engine: Engine
    encodings: Encodings = field(default_factory=Encodings)
    phraser: Callable[[], Phraser | None] = no_phraser

    def ground(self, scene: Scene, intent: Intent, box: Box | None, text: str = "?") -> Ground:
        region = Region.from_box(box) if box is not None else None
        request = FrameRequest(_KEY, Raster(scene.pixels), scene.spacing, scene.modality)
        side = Laterality(scene.side, "header") if scene.side else Laterality()
        return Ground(Question(text, "scene", _KEY, region, fovea=scene.fovea), request, side, lambda: self.engine,
                      self.encodings, Token(), read=lambda _: intent, phraser=self.phraser)

    def ask(self, scene: Scene, intent: Intent, box: Box | None) -> Answer:
        return answer(self.ground(scene, intent, box))


@dataclass(frozen=True, slots=True)
class Told:
    """One answer beside the truth.  ``picture``: what answers of one encoding share; ``said`` None: it abstained."""

    picture: Hashable
    word: str
    truth: str
    said: str | None
    confidence: float | None = None

    @property
    def right(self) -> bool:
        return self.said == self.truth


def share(name: str, told: Sequence[Told], hit: Callable[[Told], bool], seed: int, goal: float | None = None,
          higher: bool = True, baselines: dict[str, float | None] | None = None) -> Figure:
    """Share of ``told`` with ``hit``.  The interval draws whole pictures, since their answers hang together; where all
    or none hit it is Wilson's, for a resample could not tell that from certainty."""
    hits = np.array([hit(one) for one in told], float)
    names = list(dict.fromkeys(one.picture for one in told))
    groups = [np.flatnonzero([one.picture == name for one in told]) for name in names]

    def resampled(chosen: npt.NDArray[Any]) -> float | None:
        return float(np.concatenate([hits[groups[k]] for k in chosen]).mean())

    value = float(hits.mean()) if len(hits) else None
    interval = None
    if value in (0.0, 1.0):
        interval = wilson(int(hits.sum()), len(hits))
    elif value is not None:
        interval = bootstrap_interval(resampled, len(groups), seed)
    made = Figure(name, value, "fraction", len(hits), interval, baselines=baselines or {})
    return made if goal is None else judged(made, goal, higher_is_better=higher)


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The score interval of a share (Wilson, JASA 1927)."""
    middle = (hits + z * z / 2) / (count + z * z)
    half = z / (count + z * z) * math.sqrt(hits * (count - hits) / count + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def prior(truths: Iterable[str]) -> float | None:
    """What always naming the commonest would reach."""
    held = list(truths)
    return max(held.count(one) for one in set(held)) / len(held) if held else None
