"""Branching retinal vessels: four arcades of an artery and a vein each, and nasal trunks, by random walk."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.strokes import polylines

Array = npt.NDArray[Any]
Stroke = tuple[Array, float]


def vessel_tree(size: tuple[int, int], disc: Array, fovea: Array, diameter: float,
                rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw the trees.  Returns ``(vessels, fine)`` uint8 planes: visible vessels, and the faintest twigs."""
    strokes: list[Stroke] = []
    temporal = 1.0 if fovea[0] > disc[0] else -1.0
    for up in (-1.0, 1.0):
        for vein in (0, 1):
            width = diameter * (0.0062 if vein else 0.0046) * rng.uniform(0.8, 1.3)
            start = np.deg2rad(rng.uniform(62, 88) + 8 * vein)
            end = np.deg2rad(rng.uniform(-40, 5))
            _grow(strokes, disc + rng.normal(0, 0.008, 2) * diameter, start, end, rng.uniform(0.75, 0.95) * diameter,
                  width, (temporal, up), fovea, diameter, rng, 0)
            _grow(strokes, disc + rng.normal(0, 0.008, 2) * diameter, np.deg2rad(rng.uniform(95, 135)),
                  np.deg2rad(rng.uniform(130, 170)), rng.uniform(0.3, 0.5) * diameter, 0.75 * width,
                  (temporal, up), fovea, diameter, rng, 0)
    limit = diameter * 0.0013
    return (polylines(size, [s for s in strokes if s[1] > limit]),
            polylines(size, [(p, max(w, 1.0)) for p, w in strokes if w <= limit]))


def _grow(strokes: list[Stroke], origin: Array, start: float, end: float, length: float, width: float,
          sides: tuple[float, float], fovea: Array, diameter: float, rng: np.random.Generator, depth: int) -> None:
    """Walk from ``origin``, the heading turning from ``start`` to ``end``; split the stroke as it thins."""
    count = max(int(length / (0.006 * diameter)), 4)
    t = np.linspace(0, 1, count)
    sway = rng.uniform(0.05, 0.3) * np.sin(t * length / diameter * rng.uniform(20, 60) + rng.uniform(0, 6.3))
    wander = np.cumsum(rng.normal(0, 0.05, count)) + sway * (1 - np.exp(-t * 8))
    heading = start + (end - start) * t ** rng.uniform(0.5, 1.0) + wander - wander.mean() * t
    step = length / count
    points = origin + np.cumsum(np.stack([sides[0] * np.cos(heading), sides[1] * np.sin(heading)], 1) * step, 0)
    near = np.flatnonzero(np.hypot(*(points - fovea).T) < 0.075 * diameter)  # the avascular zone stays clear
    if len(near):
        points = points[:max(int(near[0]), 2)]
    for first in range(0, len(points) - 1, 8):
        strokes.append((points[first:first + 9], width * (1 - 0.6 * first / count)))
    if depth >= 3:
        return
    for _ in range(rng.poisson((5.5, 3.0, 1.5)[depth])):
        k = min(int(len(points) * rng.uniform(0.12, 1.0)), len(points) - 1)
        turn = rng.choice([-1, 1]) * np.deg2rad(rng.uniform(25, 65))
        _grow(strokes, points[k], heading[k] + turn, heading[k] + turn * rng.uniform(-0.4, 1.2),
              length * rng.uniform(0.2, 0.5), width * (1 - 0.6 * k / count) * rng.uniform(0.45, 0.75),
              sides, fovea, diameter, rng, depth + 1)
