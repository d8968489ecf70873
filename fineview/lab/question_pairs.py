"""Questions and answers over regions of one picture, as data: what is asked in words, about where, and the truth.

The truth comes from masks, lines and places of the scene by plain arithmetic, never from the code that answers.
Same scene, grammar and seed: the same pairs.  Numbers carry their unit; where there is no truth there is no pair.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.geometry import Box, Point
from fineview.core.intent import Asked, Intent
from fineview.lab.question_grammar import Grammar, Template
from fineview.lab.question_noise import typed
from fineview.lab.question_regions import alone, twins
from fineview.lab.question_scenes import Scene

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """``answer``: "yes", "no", a label, a quadrant, a zone or "refused"; ``value`` with ``unit`` for numbers.

    ``other``: the second region of a comparison; ``keeps``: asked after another question on ``box``, without a region.
    """

    text: str
    intent: Intent
    box: Box | None
    answer: str | None = None
    value: float | None = None
    unit: str | None = None
    other: Box | None = None
    keeps: bool = False


class Asking:
    """Draws questions of a grammar for one scene."""

    def __init__(self, grammar: Grammar, scene: Scene, seed: int) -> None:
        self._grammar, self._scene = grammar, scene
        self.rng = np.random.default_rng([seed, 81])
        self._by_meaning: dict[tuple[Asked, str | None], list[Template]] = {}
        for one in grammar.templates:
            self._by_meaning.setdefault((one.asked, one.slot), []).append(one)

    def words(self, asked: Asked, slot: str | None = None, label: str | None = None) -> tuple[str, Intent]:
        """A typed question of that meaning; with ``label``, one that names it."""
        group = self._by_meaning[(asked, slot)]
        if label is not None:
            group = [one for one in group if "{l}" in one.text or "{L}" in one.text]
        text, intent = self._grammar.draw(group[int(self.rng.integers(len(group)))], self.rng, label)
        return typed(text, self.rng), intent

    def pairs(self, each: int = 2) -> Iterator[Pair]:
        """All kinds the scene has truth for; ``each`` lesions a label.  Presence comes as yes and no in equal parts."""
        regions = list(twins(self._scene, self.rng, each))
        for one in regions:
            yield Pair(*self.words("presence", label=one.word), one.box, "yes" if one.holds else "no")
        for one in alone(self._scene, self.rng, each):
            yield Pair(*self.words("what"), one.box, one.word)
        boxes = [one.box for one in regions if one.holds]
        makers: tuple[Callable[[Box], Iterator[Pair]], ...] = (
            self._measured, self._distances, self._place, self._layer, self._edge, self._around)
        for box in boxes:
            for make in makers:
                yield from make(box)
        for first, second in zip(boxes, boxes[1:], strict=False):
            ratio = first.w * first.h / (second.w * second.h)
            yield Pair(*self.words("compare", "region"), first, value=ratio, unit="times", other=second)
        yield from self._counts()
        yield from self._refused(each)

    def _measured(self, box: Box) -> Iterator[Pair]:
        spacing = self._scene.spacing
        area = spacing.area_mm2(box.w * box.h)
        number = (box.w * box.h, "px2") if area is None else (area, "mm2")
        yield Pair(*self.words("size"), box, None, *number)
        text, intent = self.words("size")
        yield Pair(f"and {text}", intent, box, None, *number, keeps=True)
        sides = [spacing.length_mm((0, 0), (box.w, 0)), spacing.length_mm((0, 0), (0, box.h))]
        known = [side for side in sides if side is not None]
        yield Pair(*self.words("length"), box, None, *((max(known), "mm") if known else (max(box.w, box.h), "px")))
        mean = float(_grey(self._scene.pixels)[_inside(box, self._scene)].mean())
        yield Pair(*self.words("brightness"), box, None, mean)

    def _distances(self, box: Box) -> Iterator[Pair]:
        if self._scene.fovea is not None:
            yield Pair(*self.words("distance", "fovea"), box, None, *self._far(box, self._scene.fovea))

    def _far(self, box: Box, to: Point) -> tuple[float, str]:
        x, y = box.x + box.w / 2, box.y + box.h / 2
        mm = self._scene.spacing
        if mm.row_mm is None or mm.col_mm is None:
            return math.hypot(to[0] - x, to[1] - y), "px"
        return math.hypot((to[0] - x) * mm.col_mm, (to[1] - y) * mm.row_mm), "mm"

    def _place(self, box: Box) -> Iterator[Pair]:
        fovea, side = self._scene.fovea, self._scene.side
        if fovea is not None and side in ("R", "L"):
            x, y = box.x + box.w / 2, box.y + box.h / 2
            nasal = (x > fovea[0]) == (side == "R")
            word = ("supero" if y < fovea[1] else "infero") + ("nasal" if nasal else "temporal")
            yield Pair(*self.words("where"), box, word)

    def _layer(self, box: Box) -> Iterator[Pair]:
        lines = self._scene.lines
        if lines and np.isfinite(lines["BM"][int(box.x):int(np.ceil(box.x + box.w))]).all():  # unknown in the disc
            rows = np.arange(self._scene.view.shape[0])[:, None]
            zones = ("vitreous", "retina", "sub-RPE", "choroid")
            depth = sum((rows > lines[name]).astype(int) for name in ("ILM", "RPE", "BM"))
            counts = np.bincount(np.asarray(depth)[_inside(box, self._scene)], minlength=4)
            if counts.max() > 0.6 * counts.sum():  # a box half in one zone and half in another has no one answer
                yield Pair(*self.words("where", "layer"), box, zones[int(counts.argmax())])

    def _edge(self, box: Box) -> Iterator[Pair]:
        rows, cols = self._scene.view.shape
        yield Pair(*self.words("cut"), Box(0, box.y, box.w, box.h), "yes")
        clear = min(box.x, box.y, cols - box.x - box.w, rows - box.y - box.h) >= 1
        if clear and self._scene.view[_inside(box, self._scene)].all():
            yield Pair(*self.words("cut"), box, "no")

    def _around(self, box: Box) -> Iterator[Pair]:
        """Brighter or darker, where the middle values of the region and of its surroundings lie well apart."""
        grey, rim = _grey(self._scene.pixels), Box(box.x - 8, box.y - 8, box.w + 16, box.h + 16)
        inside = _inside(box, self._scene)
        ring = _inside(rim, self._scene) & ~inside
        low, middle, high = (float(np.quantile(grey[ring], part)) for part in (0.25, 0.5, 0.75))
        here = float(np.median(grey[inside]))
        if here > high + 2 or here < low - 2:
            brighter = here > middle
            yield Pair(*self.words("brighter"), box, "yes" if brighter else "no")
            yield Pair(*self.words("darker"), box, "no" if brighter else "yes")

    def _counts(self) -> Iterator[Pair]:
        rows, cols = self._scene.view.shape
        for word, boxes in self._scene.boxes.items():
            if word in self._scene.masks and word != "optic_disc":
                yield Pair(*self.words("count", label=word), Box(0, 0, cols, rows), None, float(len(boxes)), "lesions")

    def _refused(self, each: int) -> Iterator[Pair]:
        for (asked, slot) in list(self._by_meaning):
            if asked == "outside":
                for _ in range(each):
                    yield Pair(*self.words(asked, slot), None, "refused")


def _inside(box: Box, scene: Scene) -> Array:
    """Pixels whose centre lies in the box."""
    rows, cols = (np.arange(size) + 0.5 for size in scene.view.shape)
    return np.asarray(((rows >= box.y) & (rows < box.y + box.h))[:, None] & ((cols >= box.x) & (cols < box.x + box.w)))


def _grey(pixels: Array) -> Array:
    """Grey values as they are; colours by the weights of ITU-R BT.601."""
    return pixels.astype(float) if pixels.ndim == 2 else pixels @ np.array([0.299, 0.587, 0.114])
