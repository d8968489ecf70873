"""Deletion and insertion on a few pictures, whole and at the network's own scale: each step is one encoding.

The score is the engine's evidence for the words: the mean of the strongest hundredth of its plain row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import Label
from fineview.imaging.filters import resize_area
from fineview.lab.figures import Figure, bootstrap_interval
from fineview.lab.map_makers import CONTROLS, Maker
from fineview.lab.map_pictures import Known
from fineview.lab.map_scores import deletion_insertion
from fineview.services.jobs import Token
from fineview.services.ports import Engine

Array = npt.NDArray[Any]
ENCODER_WIDTH = 2304
# The parts between the document's form and what ships change no order that the two ends do not show.
JUDGED = ("raw", "dar-document", "dar", "dar-inline", "rel-att")
UNTRAINED = "untrained weights"


def faith_scores(engine: Engine, stranger: Engine | None, known: list[Known], labels: tuple[Label, ...],
                methods: tuple[str, ...], most: int, seed: int, progress: Callable[[int, int], None]) -> list[Figure]:
    """Deletion and insertion areas of each judged method and structure over up to ``most`` pictures a structure."""
    methods = tuple(name for name in methods if name in JUDGED)
    work = [(label, rgb) for label in labels for rgb in fullest(known, label.word, most)] if methods else []
    table: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number, (label, rgb) in enumerate(work):
        progress(number, len(work))
        for name, areas in _areas(engine, stranger, rgb, label, methods, seed).items():
            table.setdefault((label.word, name), []).append(areas)
    return [figure for label in labels for figure in _figures(label.word, table, methods, seed)]


def fullest(known: list[Known], word: str, most: int) -> list[npt.NDArray[np.uint8]]:
    """The pictures that hold most patches of the structure, no wider than the encoder sees them."""
    order = sorted((one for one in known if len(one.boxes.get(word, ()))), key=lambda one: -len(one.boxes[word]))
    found = []
    for one in order[:most]:
        height, width = one.rgb.shape[:2]
        small = resize_area(one.rgb, (round(height * ENCODER_WIDTH / width), ENCODER_WIDTH))
        found.append(one.rgb if width <= ENCODER_WIDTH else small)
    return found


def evidence(engine: Engine, rgb: npt.NDArray[np.uint8], text: str) -> float:
    """The mean of the strongest hundredth of the engine's plain row, in [0, 1]."""
    values = engine.raw_map(engine.encode(rgb, Token()), text)[::8, ::8].ravel()
    count = max(1, values.size // 100)
    return float(np.partition(values, -count)[-count:].mean())


def _areas(engine: Engine, stranger: Engine | None, rgb: npt.NDArray[np.uint8], label: Label,
           methods: tuple[str, ...], seed: int) -> dict[str, tuple[float, float]]:
    text = label.word.replace("_", " ")
    maker = Maker(engine, rgb)
    maps: dict[str, Array] = dict(maker.maps(text, label.word, methods))
    maps |= dict(maker.controls(text))
    if stranger is not None:
        maps |= {f"{name}, {UNTRAINED}": values
                 for name, values in Maker(stranger, rgb).maps(text, label.word, ("raw",))}
    return deletion_insertion(rgb, maps, lambda picture: evidence(engine, picture, text), seed)


def _figures(word: str, table: dict[tuple[str, str], list[tuple[float, float]]], methods: tuple[str, ...],
             seed: int) -> list[Figure]:
    made = []
    for part, kind in enumerate(("deletion", "insertion")):
        def mean(name: str, part: int = part) -> float | None:
            rows = table.get((word, name))
            return float(np.mean([row[part] for row in rows])) if rows else None

        beside = {other: mean(key) for other, key in (*((one, one) for one in CONTROLS),
                                                      (UNTRAINED, f"raw, {UNTRAINED}"))}
        for name in methods:
            rows = np.array([row[part] for row in table.get((word, name), [])])
            if not rows.size:
                continue

            def resampled(chosen: Array, rows: Array = rows) -> float | None:
                return float(rows[chosen].mean())

            made.append(Figure(f"{kind}_{word}_{name}", float(rows.mean()), "area", len(rows),
                               bootstrap_interval(resampled, len(rows), seed),
                               baselines={key: value for key, value in beside.items() if value is not None},
                               about={"better": "lower"} if kind == "deletion" else {}))
    return made
