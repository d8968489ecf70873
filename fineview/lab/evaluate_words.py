"""Do the words of a caption point at their objects?  Phantoms with captions, and the mask of all that a phrase names.

A hit: the greatest place of the phrase's own map lies on its object.  The control keeps the pictures, the masks and
the maps, and shuffles who belongs to whom: the map of another phrase of the same caption, or, where a caption names
one thing only, the same phrase's map of another picture.  What is left above it is what the words know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import WORDS, label_for
from fineview.lab.captions import Captioned, captioned, distinct_seeds
from fineview.lab.evaluate import Request, chosen
from fineview.lab.figures import Figure, Figures, bootstrap_interval, machine_words
from fineview.lab.map_makers import Maker
from fineview.services.ports import Engine

Array = npt.NDArray[Any]
PICTURES = 40
SIZE = (512, 768)
FIRST = 4_000_000  # far from the seeds of any training
METHODS = ("raw", "dar")


@dataclass(frozen=True, slots=True)
class Named:
    """One object of one picture: its label, its mask, and the greatest place (row, column) of its map, by method."""

    label: str
    mask: npt.NDArray[np.bool_]
    places: dict[str, tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a phrase hit its object and whether a wrong phrase did; ``chance``: the object's share of the picture."""

    picture: int
    label: str
    hit: bool
    wrong: bool
    chance: float


def run(request: Request) -> Figures:
    """Score the app's encoder.  ``--steps``: how many pictures."""
    methods, count = chosen(request.only, METHODS), request.steps or PICTURES
    seeds = distinct_seeds(FIRST + 1000 * request.seed, SIZE)
    engine, found = request.app.engine(), []
    for number in range(count):
        request.progress(number, count, f"caption {number + 1} of {count}")
        found.append(named(engine, captioned(next(seeds), SIZE)))
    figures = [figure for method in methods for figure in figures_of(found, method, request.seed)]
    return Figures(tuple(figures), request.seed, machine_words(), f"{count} captioned phantoms, seed {request.seed}")


def named(engine: Engine, one: Captioned) -> list[Named]:
    """Every object the caption names whose mask is not empty, with the places its phrase points at."""
    maker = Maker(engine, one.rgb, one.facts.modality)
    found = []
    for phrase, label, mask in one.objects:
        if mask.any():
            places = {method: peak(values) for method, values in maker.maps(phrase, label, METHODS)}
            found.append(Named(label, mask, places))
    return found


def peak(values: Array) -> tuple[int, int] | None:
    """The greatest place of a map, the middle one of equals; None for a map without attention."""
    top = values.max()
    if not top > 0:
        return None
    rows, columns = np.nonzero(values == top)
    return int(rows[len(rows) // 2]), int(columns[len(columns) // 2])


def outcomes(pictures: list[list[Named]], method: str) -> list[Outcome]:
    """Each object with its own phrase and with a wrong one."""
    found = []
    for number, objects in enumerate(pictures):
        for place, one in enumerate(objects):
            wrong = _another(pictures, number, place)
            if wrong is not None:
                found.append(Outcome(number, one.label, on(one.mask, one.places[method]),
                                     on(one.mask, wrong.places[method]), float(one.mask.mean())))
    return found


def on(mask: npt.NDArray[np.bool_], place: tuple[int, int] | None) -> bool:
    return place is not None and bool(mask[place])


def _another(pictures: list[list[Named]], number: int, place: int) -> Named | None:
    """The next object of another kind in the same caption, else one of the same label in the next picture with one."""
    mine = pictures[number][place]
    others = [one for one in (*pictures[number][place + 1:], *pictures[number][:place]) if one.label != mine.label]
    if others:
        return others[0]
    rest = (one for step in range(1, len(pictures)) for one in pictures[(number + step) % len(pictures)]
            if one.label == mine.label)
    return next(rest, None)


def figures_of(pictures: list[list[Named]], method: str, seed: int) -> list[Figure]:
    """Hit rate over all objects, over lesions and by label, beside the shuffled words and the area; and how far hits
    of all objects, and of lesions alone, lie above the shuffled ones: a disc is easy and must not speak for the rest.
    """
    found = outcomes(pictures, method)
    made = []
    for name, mine in (("", found), ("lesions_", [one for one in found if label_for(one.label).lesion])):
        if mine:
            made += [_rate(f"hit_rate_{name}{method}", mine, seed, lambda one: one.hit),
                     _above(f"hits_above_shuffled_{name}{method}", mine, seed)]
    for word in WORDS:
        mine = [one for one in found if one.label == word]
        if mine:
            made.append(_rate(f"hit_rate_{word}_{method}", mine, seed, lambda one: one.hit))
    return made


def _rate(name: str, found: list[Outcome], seed: int, value: Callable[[Outcome], float]) -> Figure:
    mean, interval = _mean(found, seed, value)
    return Figure(name, mean, "fraction", len(found), interval, baselines={
        "shuffled words": float(np.mean([one.wrong for one in found])),
        "area of the objects": float(np.mean([one.chance for one in found]))})


def _above(name: str, found: list[Outcome], seed: int) -> Figure:
    """Hits less hits of wrong words, resampled by picture; met where the whole interval lies above zero."""
    mean, interval = _mean(found, seed, lambda one: float(one.hit) - float(one.wrong))
    return Figure(name, mean, "fraction", len(found), interval, 0.0,
                  None if interval is None else interval[0] > 0.0)


def _mean(found: list[Outcome], seed: int, value: Callable[[Outcome], float]
          ) -> tuple[float, tuple[float, float] | None]:
    """Mean over objects; the interval draws whole pictures, since objects of one picture share its encoding."""
    names = sorted({one.picture for one in found})
    groups = [np.array([float(value(one)) for one in found if one.picture == name]) for name in names]

    def resampled(chosen: Array) -> float:
        return float(np.concatenate([groups[number] for number in chosen]).mean())

    return resampled(np.arange(len(groups))), bootstrap_interval(resampled, len(groups), seed)
