"""Deletion and insertion on crops: a few parts of pictures that hold most of a structure, at the network's own scale.

A crop of 1536 x 768 px at the scale at which the encoder saw the picture takes a third of the time of the whole, and
a score for each step is one encoding.  The score is the engine's evidence for the words: the mean of the strongest
hundredth of its plain row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import Label
from fineview.lab.figures import Figure, bootstrap_interval
from fineview.lab.map_makers import CONTROLS, Maker
from fineview.lab.map_pictures import Known
from fineview.lab.map_scores import deletion_insertion
from fineview.services.jobs import Token
from fineview.services.ports import Engine

Array = npt.NDArray[Any]
CROP_HW, ENCODER_WIDTH = (768, 1536), 2304
UNTRAINED = "untrained weights"


def crop_scores(engine: Engine, stranger: Engine | None, known: list[Known], labels: tuple[Label, ...],
                methods: tuple[str, ...], most: int, seed: int, progress: Callable[[int, int], None]) -> list[Figure]:
    """Deletion and insertion areas of each method and structure over up to ``most`` crops a structure."""
    work = [(label, crop) for label in labels for crop in best_crops(known, label.word, most)]
    table: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number, (label, rgb) in enumerate(work):
        progress(number, len(work))
        for name, areas in _areas(engine, stranger, rgb, label, methods, seed).items():
            table.setdefault((label.word, name), []).append(areas)
    return [figure for label in labels for figure in _figures(label.word, table, methods, seed)]


def best_crops(known: list[Known], word: str, most: int) -> list[npt.NDArray[np.uint8]]:
    """One crop of each of the pictures that hold most of the structure, where most of its boxes' middles lie."""
    found: list[tuple[int, int, npt.NDArray[np.uint8]]] = []
    for one in known:
        boxes = one.boxes.get(word, np.zeros((0, 4)))
        if not len(boxes):
            continue
        scale = one.rgb.shape[1] / ENCODER_WIDTH
        height, width = (min(round(side * scale), full) for side, full in zip(CROP_HW, one.rgb.shape, strict=False))
        x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        # a crop around each box's middle, kept inside the picture
        left = np.clip(x - width / 2, 0, one.rgb.shape[1] - width).astype(int)
        top = np.clip(y - height / 2, 0, one.rgb.shape[0] - height).astype(int)
        held = ((x[None] >= left[:, None]) & (x[None] < left[:, None] + width)
                & (y[None] >= top[:, None]) & (y[None] < top[:, None] + height)).sum(1)
        best = int(np.argmax(held))
        part = one.rgb[top[best]:top[best] + height, left[best]:left[best] + width]
        found.append((int(held[best]), len(found), np.ascontiguousarray(part)))
    return [part for _, _, part in sorted(found, key=lambda item: (-item[0], item[1]))[:most]]


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
