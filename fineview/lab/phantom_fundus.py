"""Synthetic colour fundus photographs whose vessels, disc, fovea and every lesion are known.

Sizes are stated at the scale at which the retina's field of view is 1843 px across (a 4288x2848 IDRiD
photograph shown 2304 px wide); everything scales with the drawn diameter.  Not meant to deceive an
ophthalmologist: meant to teach where a small dark or bright thing of each kind sits and how it looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import gaussian, resize_linear
from fineview.imaging.strokes import ellipse
from fineview.lab.fundus_camera import photograph
from fineview.lab.fundus_lesions import LesionPlanes, draw_lesions
from fineview.lab.fundus_vessels import vessel_tree

Array = npt.NDArray[Any]
NOMINAL_DIAMETER = 1843.0
# (size, fovea, disc, diameter, vessels, field, rng) -> where each kind of lesion lies
DrawLesions = Callable[[tuple[int, int], Array, Array, float, Array, Array, np.random.Generator], LesionPlanes]
FUNDUS_WORDS: tuple[str, ...] = ("microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate", "optic_disc")


@dataclass(frozen=True, slots=True)
class FundusPhantom:
    """``rgb`` (H, W, 3) uint8; ``masks`` word -> (H, W) bool; places as (x, y) pixels; ``field`` = inside
    the circle of ``diameter_px``."""

    rgb: npt.NDArray[np.uint8]
    masks: dict[str, npt.NDArray[np.bool_]]
    vessels: npt.NDArray[np.bool_]
    field: npt.NDArray[np.bool_]
    fovea_xy: tuple[float, float]
    disc_xy: tuple[float, float]
    laterality: Literal["R", "L"]
    diameter_px: float


def fundus(seed: int, size: tuple[int, int] = (1530, 2304), *, lesions: bool | None = None,
           laterality: Literal["R", "L"] | None = None, draw: DrawLesions = draw_lesions) -> FundusPhantom:
    """Return a random photograph; about a quarter are healthy unless ``lesions`` says which.

    ``draw`` puts the lesions where somebody wants them instead of anywhere.
    """
    rng = np.random.default_rng([seed, 11])
    sick = bool(rng.random() > 0.25) if lesions is None else lesions
    side: Literal["R", "L"] = ("R" if rng.random() < 0.5 else "L") if laterality is None else laterality
    height, width = size
    diameter = float(min(width * rng.uniform(0.78, 0.97), height * rng.uniform(0.95, 1.25)))
    unit = diameter / NOMINAL_DIAMETER
    centre = np.array([width / 2 + rng.normal(0, 0.01) * width, height / 2])
    sign = 1.0 if side == "R" else -1.0  # the disc lies nasally: right of the fovea in a right eye
    fovea = centre + np.array([-sign * rng.uniform(0.0, 0.3), rng.normal(0, 0.04)]) * diameter * rng.choice([0.2, 1.0])
    disc = fovea + np.array([sign * rng.uniform(0.30, 0.37), rng.uniform(-0.05, 0.02)]) * diameter
    yy, xx = np.ogrid[:height, :width]
    field = (xx - centre[0]) ** 2 + (yy - centre[1]) ** 2 <= (diameter / 2) ** 2
    radii = (rng.uniform(95, 130) * unit, rng.uniform(100, 140) * unit)
    disc_plane = ellipse(size, (disc[0], disc[1]), radii)
    vessels, fine = vessel_tree(size, disc, fovea, diameter, rng)
    planes = draw(size, fovea, disc, diameter, vessels, field, rng) if sick else LesionPlanes.empty(size)
    absorb = _scene(size, fovea, disc, radii, vessels, fine, disc_plane, diameter, rng)
    rgb = photograph(absorb, planes, field, centre, diameter, rng)
    masks = {word: (plane > 127) & field for word, plane in planes.by_word().items()}
    masks["optic_disc"] = (disc_plane > 127) & field
    return FundusPhantom(rgb, masks, (vessels > 127) & field, field, _point(fovea), _point(disc), side, diameter)


def _scene(size: tuple[int, int], fovea: Array, disc: Array, radii: tuple[float, float], vessels: Array,
           fine: Array, disc_plane: Array, diameter: float, rng: np.random.Generator) -> Array:
    """Paint the healthy retina in linear colour (H, W, 3) float32, about 0..1."""
    red = rng.uniform(0.42, 0.9)
    green = red * rng.uniform(0.30, 0.56)
    colour = np.array([red, green, green * rng.uniform(0.12, 0.8)], np.float32)
    scene = np.ones((*size, 3), np.float32) * colour
    scene *= (1 + rng.uniform(0.02, 0.07) * clouds(size, 60, rng))[..., None]
    streaks = np.clip(np.abs(clouds(size, 14, rng)) - 0.9, 0, 1) * rng.choice([0.0, 0.1, 0.3])
    scene *= 1 + streaks[..., None] * np.array([0.35, 0.15, 0.05], np.float32)
    yy, xx = np.mgrid[:size[0], :size[1]].astype(np.float32)
    distance = np.hypot(xx - fovea[0], yy - fovea[1]) / diameter
    macula = np.exp(-0.5 * (distance / rng.uniform(0.035, 0.08)) ** 2) * rng.uniform(0.1, 0.4)
    scene *= 1 - macula[..., None] * np.array([0.6, 0.9, 0.7], np.float32)
    _paint_disc(scene, disc, radii, disc_plane, xx, yy, rng)
    blood = (gaussian(vessels, 0.9).astype(np.float32) + 0.5 * gaussian(fine, 1.0)) / 255
    strength = np.array([0.22, 0.5, 0.42], np.float32) * rng.uniform(0.55, 1.15)
    scene = scene * (1 - np.clip(blood, 0, 1)[..., None] * strength)
    reflex = np.clip(gaussian(vessels, 2.6).astype(np.float32) / 255 - 0.8, 0, 0.2)  # light along thick vessels
    return scene * (1 + rng.choice([0.0, 0.6, 1.2]) * reflex[..., None])


def _paint_disc(scene: Array, disc: Array, radii: tuple[float, float], plane: Array, xx: Array, yy: Array,
                rng: np.random.Generator) -> None:
    soft = gaussian(plane, float(rng.uniform(3, 9))).astype(np.float32)[..., None] / 255
    glow = np.array([1.0, rng.uniform(0.62, 0.85), rng.uniform(0.3, 0.65)], np.float32) * rng.uniform(0.75, 1.05)
    scene += (glow - scene) * soft * rng.uniform(0.6, 0.95)
    cup = np.exp(-(((xx - disc[0]) / radii[0]) ** 2 + ((yy - disc[1]) / radii[1]) ** 2) / rng.uniform(0.1, 0.35))
    scene += cup[..., None] * np.array([0.12, 0.16, 0.18], np.float32) * rng.uniform(0.2, 1.2)


def clouds(size: tuple[int, int], scale: float, rng: np.random.Generator) -> Array:
    """Smooth random field (H, W) float32 of unit variance with correlation length ``scale`` pixels."""
    coarse = (max(int(size[0] / scale * 3), 4), max(int(size[1] / scale * 3), 4))
    grain = gaussian(rng.standard_normal(coarse, dtype=np.float32), 1.5)
    return resize_linear(grain / (grain.std() + 1e-6), size)


def _point(place: Array) -> tuple[float, float]:
    return float(place[0]), float(place[1])
