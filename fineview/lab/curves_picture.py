"""Losses, gates and learning rate of a run over its steps as one picture, drawn with Pillow.

Three panels share the steps.  Losses stand on a logarithmic axis, each step faint in its column and the running mean
as a line; stages are told apart by a vertical line and their word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from fineview.lab.train_curves import GATES, LOSSES, PICTURE, TABLE, read

Array = npt.NDArray[Any]
SIZE = (1280, 960)
LEFT, RIGHT = 90, 1120
INK, GRID, PAPER = (30, 30, 30), (225, 225, 225), (255, 255, 255)
# Okabe and Ito's colours: told apart by people who see fewer colours
COLOURS = ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))
TITLES = {"dense": "dense heads", "row": "text row", "lines": "retinal lines", "domain": "domain",
          "pair": "picture and caption", "whole": "global view", **{gate: gate.replace("_", " ") for gate in GATES},
          "rate": "learning rate"}


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows ``top`` to ``bottom`` of the picture for these columns of the table."""

    title: str
    columns: tuple[str, ...]
    top: int
    bottom: int
    logarithmic: bool = False


PANELS = (Panel("Losses (logarithmic; line: running mean)", LOSSES, 76, 500, True),
          Panel("Gates of the fusions, tanh(alpha)", GATES, 560, 740),
          Panel("Learning rate", ("rate",), 800, 905))
Stretch = tuple[int, int, str]  # rows first..last - 1 of one stage


def draw_curves(folder: Path) -> Path | None:
    """Draw ``curves.csv`` of this folder beside it; None where there is nothing to draw."""
    rows = read(folder / TABLE)
    if not rows:
        return None
    steps = np.array([int(row["step"]) for row in rows], float)
    held = {name: np.array([float(row[name]) if row[name] else np.nan for row in rows])
            for panel in PANELS for name in panel.columns}
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    pen.text((LEFT, 12), f"Training, {len(rows)} steps", INK, ImageFont.load_default(20))
    stretches = stages([row["stage"] for row in rows])
    for panel in PANELS:
        _panel(pen, panel, steps, held, stretches)
    _stages(pen, stretches, steps)
    path, beside = folder / PICTURE, folder / (PICTURE + ".part")
    picture.save(beside, "PNG")
    beside.replace(path)
    return path


def stages(words: Sequence[str]) -> tuple[Stretch, ...]:
    """Where each stage begins and ends in the rows of a table."""
    starts = [at for at, word in enumerate(words) if not at or words[at - 1] != word]
    return tuple((first, last, words[first]) for first, last in zip(starts, [*starts[1:], len(words)], strict=True))


def _panel(pen: ImageDraw.ImageDraw, panel: Panel, steps: Array, held: Mapping[str, Array],
           stretches: Sequence[Stretch]) -> None:
    values = {name: _logarithm(held[name]) if panel.logarithmic else held[name] for name in panel.columns}
    values = {name: one for name, one in values.items() if np.isfinite(one).any()}
    low, high = _range(list(values.values()), panel.logarithmic)
    pen.text((LEFT, panel.top - 24), panel.title, INK, ImageFont.load_default(15))
    for tick in _ticks(low, high, panel.logarithmic):
        y = _place(tick, low, high, panel.bottom, panel.top)
        pen.line(((LEFT, y), (RIGHT, y)), GRID)
        words = f"{10 ** tick:.3g}" if panel.logarithmic else f"{tick + 0.0:.3g}"
        pen.text((LEFT - 8, y), words, INK, ImageFont.load_default(13), anchor="rm")
    for tick in _ticks(steps[0], steps[-1], False):
        x = _place(tick, steps[0], steps[-1], LEFT, RIGHT)
        pen.line(((x, panel.bottom), (x, panel.bottom + 4)), INK)
        pen.text((x, panel.bottom + 7), f"{tick:.0f}", INK, ImageFont.load_default(13), anchor="mt")
    pen.rectangle(((LEFT, panel.top), (RIGHT, panel.bottom)), outline=INK)
    for number, (name, one) in enumerate(values.items()):
        colour = COLOURS[panel.columns.index(name)]
        _line(pen, steps, one, (low, high), panel, colour, stretches)
        y = panel.top + 12 + 22 * number
        pen.line(((RIGHT + 12, y), (RIGHT + 34, y)), colour, 3)
        pen.text((RIGHT + 40, y), TITLES[name], INK, ImageFont.load_default(13), anchor="lm")


def _line(pen: ImageDraw.ImageDraw, steps: Array, values: Array, limits: tuple[float, float], panel: Panel,
          colour: tuple[int, int, int], stretches: Sequence[Stretch]) -> None:
    """Every step as a faint point, the running mean of each stage as a line of its own."""
    x = _place(steps, steps[0], steps[-1], LEFT, RIGHT)
    y = np.clip(_place(values, *limits, panel.bottom, panel.top), panel.top, panel.bottom)
    pale = tuple(255 - (255 - one) // 3 for one in colour)
    for first, last, _ in stretches:
        there = first + np.flatnonzero(np.isfinite(values[first:last]))
        if panel.logarithmic:
            pen.point([(float(a), float(b)) for a, b in zip(x[there], y[there], strict=True)], pale)
        mean = _running(y[there], max(1, len(steps) // 100) if panel.logarithmic else 1)
        points = [(float(a), float(b)) for a, b in zip(x[there], mean, strict=True)]
        if points:
            pen.line(points if len(points) > 1 else points * 2, colour, 2)


def _logarithm(values: Array) -> Array:
    """Of what is above 0: a loss of 0 had nothing to be measured on."""
    return np.log10(np.where(values > 0, values, np.nan))


def _running(values: Array, width: int) -> Array:
    """The mean of the last ``width`` values, of fewer at the beginning."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    first = np.maximum(ends - width, 0)
    return np.asarray((total[ends] - total[first]) / (ends - first))


def _stages(pen: ImageDraw.ImageDraw, stretches: Sequence[Stretch], steps: Array) -> None:
    for first, _, word in stretches:
        x = float(_place(steps[first], steps[0], steps[-1], LEFT, RIGHT))
        for panel in PANELS if first else ():
            pen.line(((x, panel.top), (x, panel.bottom)), (120, 120, 120))
        pen.text((x + 4, PANELS[0].bottom - 8), word, (90, 90, 90), ImageFont.load_default(13), anchor="ls")


def _range(values: Sequence[Array], logarithmic: bool) -> tuple[float, float]:
    """Limits that hold all but the wildest hundredth, with room."""
    every = np.concatenate(values) if values else np.array([0.0])
    every = every[np.isfinite(every)]
    low, high = (np.quantile(every, (0.002, 0.998)) if logarithmic else (every.min(), every.max()))
    room = max(0.04 * float(high - low), 0.05 if logarithmic else 1e-4 * max(1e-6, abs(float(high))))
    return float(low) - room, float(high) + room


def _ticks(low: float, high: float, logarithmic: bool) -> Array:
    """Four to eight round numbers; on a logarithmic axis 1, 2 and 5 of each decade."""
    if logarithmic:
        every = np.log10([digit * 10.0 ** power for power in range(-6, 5) for digit in (1, 2, 5)])
        return every[(every >= low) & (every <= high)]
    if high <= low:
        return np.array([low])
    step = 10.0 ** np.floor(np.log10((high - low) / 4))
    step *= next(times for times in (1, 2, 5, 10) if (high - low) / (step * times) <= 7)
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step


def _place(value: Any, low: float, high: float, first: float, last: float) -> Any:
    return first + (value - low) / max(high - low, 1e-12) * (last - first)
