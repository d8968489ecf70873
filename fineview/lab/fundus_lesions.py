"""Diabetic lesions as planes: microaneurysms, dot, blot and flame haemorrhages, hard and soft exudates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.strokes import polygons

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class LesionPlanes:
    """One ``uint8`` (H, W) plane per kind, 255 inside."""

    microaneurysm: Array
    haemorrhage: Array
    hard_exudate: Array
    soft_exudate: Array

    @classmethod
    def empty(cls, size: tuple[int, int]) -> LesionPlanes:
        blank = np.zeros(size, np.uint8)
        return cls(blank, blank, blank, blank)

    def by_word(self) -> dict[str, Array]:
        return {"microaneurysm": self.microaneurysm, "haemorrhage": self.haemorrhage,
                "hard_exudate": self.hard_exudate, "soft_exudate": self.soft_exudate}


def draw_lesions(size: tuple[int, int], fovea: Array, disc: Array, diameter: float, vessels: Array, field: Array,
                 rng: np.random.Generator) -> LesionPlanes:
    """Scatter a random amount of each kind over the field, away from the disc."""
    unit = diameter / 1843.0
    rows = {kind: rng.random() < chance for kind, chance in
            (("ma", 0.85), ("he", 0.75), ("ex", 0.7), ("se", 0.3))}

    def place(spread: float) -> Array:
        for _ in range(20):
            spot = fovea + rng.normal(0, spread, 2) * diameter
            x, y = int(spot[0]), int(spot[1])
            inside = 0 <= y < size[0] and 0 <= x < size[1] and bool(field[y, x])
            if inside and np.hypot(*(spot - disc)) > 0.09 * diameter:
                return spot
        return fovea + np.array([0.1, 0.1]) * diameter

    dots = [_dot(place(0.22), rng.uniform(3.2, 6.8) * unit, rng) for _ in range(int(rng.integers(3, 70)) * rows["ma"])]
    bleeds = [_bleed(place(0.24), disc, unit, rng) for _ in range(int(rng.integers(2, 45)) * rows["he"])]
    fat: list[Array] = []
    for _ in range(int(rng.integers(1, 7)) * rows["ex"]):
        fat += _exudates(place(0.17), unit, rng)
    wool = [rough(place(0.2), (rng.uniform(20, 60) * unit, rng.uniform(16, 42) * unit), rng.uniform(0, 3.1), 0.14, rng)
            for _ in range(int(rng.integers(1, 8)) * rows["se"])]
    return LesionPlanes(*(polygons(size, shapes) for shapes in (dots, bleeds, fat, wool)))


def _dot(place: Array, radius: float, rng: np.random.Generator) -> Array:
    return rough(place, (radius, radius * rng.uniform(0.8, 1.2)), rng.uniform(0, 3), 0.06, rng)


def _bleed(place: Array, disc: Array, unit: float, rng: np.random.Generator) -> Array:
    kind = rng.random()
    if kind < 0.45:  # dot
        return rough(place, (rng.uniform(7, 17) * unit, rng.uniform(7, 17) * unit), rng.uniform(0, 3), 0.10, rng)
    if kind < 0.8:  # blot
        size = np.exp(rng.normal(np.log(24), 0.45)) * unit
        return rough(place, (size, size * rng.uniform(0.6, 1.2)), rng.uniform(0, 3), 0.2, rng)
    along = np.arctan2(*(place - disc)[::-1]) + rng.normal(0, 0.25)  # flames follow the nerve fibres
    return rough(place, (rng.uniform(22, 70) * unit, rng.uniform(6, 16) * unit), along, 0.22, rng)


def _exudates(place: Array, unit: float, rng: np.random.Generator) -> list[Array]:
    count = int(np.exp(rng.uniform(0.5, 4.3)))
    ring = rng.random() < 0.3
    spread = rng.uniform(20, 110) * unit
    shapes = []
    for _ in range(count):
        angle = rng.uniform(0, 2 * np.pi)
        reach = spread * (rng.normal(1, 0.12) if ring else abs(rng.normal(0, 0.7)))
        spot = place + reach * np.array([np.cos(angle), np.sin(angle) * 0.85])
        size = np.exp(rng.normal(np.log(5.5), 0.6)) * unit
        shapes.append(rough(spot, (size, size * rng.uniform(0.6, 1.4)), angle, 0.2, rng))
    return shapes


def rough(place: Array, radii: tuple[float, float], angle: float, roughness: float,
           rng: np.random.Generator) -> Array:
    """An ellipse with an uneven edge: low harmonics of random phase."""
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    edge = 1 + sum(roughness / k ** 0.5 * rng.normal(0, 1) * np.cos(k * t + rng.uniform(0, 6.3)) for k in (2, 3, 5, 7))
    edge = np.clip(edge, 0.35, 1.9)
    x, y = radii[0] * edge * np.cos(t), radii[1] * edge * np.sin(t)
    return place + np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], 1)
