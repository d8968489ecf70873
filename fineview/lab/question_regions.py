"""Regions to ask about: around a lesion, and a twin of the same size without one.  Half of all answers are "no"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.geometry import Box
from fineview.core.labels import label_for
from fineview.lab.question_scenes import Scene

Array = npt.NDArray[Any]
TRIES = 60
LEAST = 0.03  # of the picture's width: smaller regions are not drawn by hand
_LOOSER = (1.0, 2.0)


@dataclass(frozen=True, slots=True)
class AskedRegion:
    """``holds``: whether ``word`` lies in ``box``, by the labels of the picture."""

    word: str
    box: Box
    holds: bool


def twins(scene: Scene, rng: np.random.Generator, each: int) -> Iterator[AskedRegion]:
    """For every label of the scene with a lesion, ``each`` regions with it and as many of their sizes without.

    Lesions take turns, so that few of them are asked about in several regions; where there is no room for a region
    without, that pair is left out.  A region without its label's lesion may hold another: what is asked is the label,
    not health.
    """
    for word, boxes in scene.boxes.items():
        if not len(boxes) or not label_for(word).lesion:
            continue
        for number in np.resize(rng.permutation(len(boxes)), each):
            yes = _around(boxes[number], scene, rng)
            no = _without(yes, boxes, scene, rng)
            if no is not None:
                yield AskedRegion(word, yes, True)
                yield AskedRegion(word, no, False)


def alone(scene: Scene, rng: np.random.Generator, each: int) -> Iterator[AskedRegion]:
    """Tight regions that hold one label and no other, up to ``each`` a label: what is it?"""
    for word, boxes in scene.boxes.items():
        taken = 0
        for number in rng.permutation(len(boxes)):
            x0, y0, x1, y1 = boxes[number]
            box = Box(float(x0), float(y0), float(x1 - x0), float(y1 - y0))
            others = [other for name, other in scene.boxes.items() if name != word]
            if taken < each and not any(overlaps(box, other).any() for other in others):
                taken += 1
                yield AskedRegion(word, box, True)


def overlaps(box: Box, boxes: Array) -> npt.NDArray[np.bool_]:
    """Which of ``boxes`` (n, 4) share a pixel with ``box``."""
    return np.asarray((boxes[:, 0] < box.x + box.w) & (boxes[:, 2] > box.x) & (boxes[:, 1] < box.y + box.h)
                      & (boxes[:, 3] > box.y))


def _around(lesion: Array, scene: Scene, rng: np.random.Generator) -> Box:
    rows, cols = scene.view.shape
    wide, high = (max(float(span) * rng.uniform(*_LOOSER), LEAST * cols)
                  for span in (lesion[2] - lesion[0], lesion[3] - lesion[1]))
    wide, high = min(wide, 0.8 * cols), min(high, 0.8 * rows)
    # Anywhere such that the lesion stays inside: a hand does not centre its box.
    x = rng.uniform(*sorted((lesion[2] - wide, float(lesion[0]))))
    y = rng.uniform(*sorted((lesion[3] - high, float(lesion[1]))))
    return Box(float(np.clip(x, 0, cols - wide)), float(np.clip(y, 0, rows - high)), wide, high)


def _without(like: Box, boxes: Array, scene: Scene, rng: np.random.Generator) -> Box | None:
    """A region of that size with its middle in view and no lesion of these boxes; None where there is no room."""
    rows, cols = scene.view.shape
    for _ in range(TRIES):
        x, y = rng.uniform(0, cols - like.w), rng.uniform(0, rows - like.h)
        box = Box(float(x), float(y), like.w, like.h)
        centre = scene.view[int(y + like.h / 2), int(x + like.w / 2)]
        if centre and not overlaps(box, boxes).any():
            return box
    return None


def beside_the_retina(scene: Scene, rng: np.random.Generator, count: int) -> Iterator[Box]:
    """Boxes that lie wholly in the black border of a photograph; fewer where it has hardly any."""
    rows, cols = scene.view.shape
    for _ in range(count * TRIES):
        if not count:
            return
        wide, high = rng.uniform(0.02, 0.08, 2) * cols
        x, y = rng.uniform(0, cols - wide), rng.uniform(0, rows - high)
        if not scene.view[int(y): int(np.ceil(y + high)), int(x): int(np.ceil(x + wide))].any():
            count -= 1
            yield Box(float(x), float(y), float(wide), float(high))
