"""The stages of training, their shares of the steps, what each looks at and what it may change.

| word | share | looks at | batch | trains |
|---|---|---|---|---|
| contrastive | 1/4 | captioned phantoms of 192 px | 32 | all |
| fusion | 1/6 | crops of one tile (768 px, ViT 336), no global view | 4 | fusion, text row and text, heads |
| all-parameters | the rest | canvases of 1 to 6 tiles with global view | 2 | all |
| together | all | half tiles, the last sixth whole tiles | 8, 2 | all |

The first three are CLIP's and FILA's (arXiv 2103.00020, 2412.08378) and run one after the other, each from the running
average of the one before.  FILA's first stage freezes two networks that were trained elsewhere; here the contrastive
stage is that elsewhere, and without it or weights to begin from the fusion stage is refused.  ``together`` is the
recipe of the shipped weights: no stages, everything from random at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fineview.core.errors import WrongWords
from fineview.lab import train_sources as sources
from fineview.lab.train_canvases import OnCanvases
from fineview.lab.train_crops import OnCrops
from fineview.lab.train_pairs import OnPairs
from fineview.lab.train_state import TOGETHER
from fineview.lab.train_step import Objective
from fineview.models.vision.build import JOINED, UNGATED, EncoderConfig

ALL = "all"
_BACKBONES = ("encoder.vit.", "encoder.conv.")
Source = Callable[[sources.Where, sources.Draw], Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a stage's steps on tiles of ``tile_px``, ``batch`` samples a step."""

    share: float
    tile_px: int
    batch: int


@dataclass(frozen=True, slots=True)
class Stage:
    """``share`` of all steps; ``rate`` times the recipe's rates; the parts in order, the first takes what is left."""

    word: str
    share: float
    parts: tuple[Part, ...]
    source: Source
    objective: Objective
    rate: float = 1.0
    frozen: tuple[str, ...] = ()

    def trains(self, name: str) -> bool:
        """Whether the parameter of this name learns."""
        return not name.startswith(self.frozen) if self.frozen else True

    def switches(self, steps: int) -> tuple[tuple[int, int, Part], ...]:
        """(first step, step after the last, part) of each part."""
        ends = [steps]
        for part in reversed(self.parts[1:]):
            ends.append(ends[-1] - int(steps * part.share))
        ends = [*reversed(ends)]
        return tuple(zip([0, *ends[:-1]], ends, self.parts, strict=True))


STAGES: dict[str, Stage] = {stage.word: stage for stage in (
    Stage("contrastive", 1 / 4, (Part(1.0, 192, 32),), sources.pairs, OnPairs()),
    Stage("fusion", 1 / 6, (Part(1.0, 768, 4),), sources.crops, OnCrops(), frozen=_BACKBONES),
    Stage("all-parameters", 7 / 12, (Part(1.0, 768, 2),), sources.canvases, OnCanvases(), rate=0.6),
    Stage(TOGETHER, 1.0, (Part(5 / 6, 384, 8), Part(1 / 6, 768, 2)), sources.crops, OnCrops()),
)}
IN_ORDER = ("contrastive", "fusion", "all-parameters")


@dataclass(frozen=True, slots=True)
class Leg:
    """A stage of a run: ``steps`` of its own after ``before`` steps of earlier ones."""

    stage: Stage
    before: int
    steps: int


def legs(word: str, steps: int, encoder: EncoderConfig, table: dict[str, Stage] = STAGES) -> tuple[Leg, ...]:
    """The stages of ``word`` (:data:`ALL` or one of the table) and their steps, ``steps`` together.

    Raises ``WrongWords`` for a stage that an encoder without gates has no part for.
    """
    if word != TOGETHER and (encoder.kind not in JOINED or encoder.kind in UNGATED):
        raise WrongWords(f"{encoder.name} has no fusion that could be trained in stages.",
                         f"Leave --stage away, or give --stage {TOGETHER}.")
    if word != ALL:
        return (Leg(table[word], 0, steps),)
    found, before = [], 0
    for name in IN_ORDER:
        count = steps - before if name == IN_ORDER[-1] else int(steps * table[name].share)
        found.append(Leg(table[name], before, count))
        before += count
    return tuple(found)
