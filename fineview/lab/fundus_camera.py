"""What the camera does to a phantom retina: lesions' colours, uneven light, haze, blur, noise, the black border."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import gaussian
from fineview.lab.fundus_lesions import LesionPlanes

Array = npt.NDArray[Any]


def photograph(scene: Array, lesions: LesionPlanes, field: Array, centre: Array, diameter: float,
               rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Put the lesions on ``scene`` (H, W, 3) float32 0..1 and photograph it.  Returns (H, W, 3) uint8."""
    scene = _with_lesions(scene, lesions, rng)
    yy, xx = np.mgrid[:scene.shape[0], :scene.shape[1]].astype(np.float32)
    dx, dy = (xx - centre[0]) / diameter, (yy - centre[1]) / diameter
    light = 1 - rng.uniform(0.3, 1.4) * (dx ** 2 + dy ** 2) + rng.normal(0, 0.2) * dx + rng.normal(0, 0.2) * dy
    scene = scene * np.clip(light, 0.25, 1.4)[..., None]
    if rng.random() < 0.35:  # haze of a cloudy lens
        haze = np.array([0.75, 0.6, 0.5], np.float32) * rng.uniform(0.05, 0.3)
        scene = scene * (1 - rng.uniform(0.1, 0.35)) + haze
    scene = gaussian(scene, float(np.clip(rng.gamma(2.0, 0.6), 0.3, 3.5)))
    scene = scene * _dust(scene.shape[:2], centre, diameter, rng.spawn(1)[0])
    scene += rng.normal(0, rng.uniform(0.004, 0.02), scene.shape[:2]).astype(np.float32)[..., None]
    scene += gaussian(rng.standard_normal(scene.shape, dtype=np.float32), 0.8) * rng.uniform(0.002, 0.012)
    border = np.clip((diameter / 2 - np.hypot(dx, dy) * diameter) / rng.uniform(2, 8) + 1, 0, 1)
    dark = rng.uniform(0, 0.035, 3).astype(np.float32)
    scene = dark + (scene - dark) * border[..., None]
    return np.clip(np.round(255 * np.clip(scene, 0, 1) ** rng.uniform(0.85, 1.1)), 0, 255).astype(np.uint8)


def _dust(size: tuple[int, int], centre: Array, diameter: float, rng: np.random.Generator) -> Array:
    """(H, W, 1) float32 share of the light that passes: four cameras in ten have specks on sensor or lens.

    They lie near the focal plane, so they are soft and dark in all colours alike, and no lesions.
    """
    passed = np.ones(size, np.float32)
    for _ in range(int(rng.integers(1, 6)) if rng.random() < 0.4 else 0):
        angle, away = rng.uniform(0, 2 * np.pi), 0.49 * diameter * np.sqrt(rng.uniform())
        radius = diameter * float(np.exp(rng.uniform(np.log(0.003), np.log(0.018))))
        x, y = centre[0] + away * np.cos(angle), centre[1] + away * np.sin(angle)
        rows, columns = np.ogrid[:size[0], :size[1]]
        distance = np.hypot((columns - x) / radius, (rows - y) / (radius * rng.uniform(0.8, 1.25)))
        inside = 0.5 - 0.5 * np.tanh((distance - 1) * rng.uniform(1.5, 4.5))
        passed *= 1 - rng.uniform(0.06, 0.35) * inside.astype(np.float32)
    return passed[..., None]


def _with_lesions(scene: Array, lesions: LesionPlanes, rng: np.random.Generator) -> Array:
    def soft(plane: Array, sigma: float) -> Array:
        return gaussian(plane, sigma).astype(np.float32)[..., None] / 255

    texture = 1 + 0.12 * gaussian(rng.standard_normal(scene.shape[:2], dtype=np.float32), 3)[..., None] * 6
    wool = np.array([0.85, 0.75, 0.55], np.float32) * rng.uniform(0.75, 1.05)
    scene = scene + (wool - scene) * soft(lesions.soft_exudate, 7.0) * rng.uniform(0.3, 0.65)
    blood = np.array([0.26, 0.52, 0.45], np.float32) * rng.uniform(0.5, 1.2)
    scene = scene * (1 - soft(lesions.haemorrhage, 1.8) * blood * np.clip(texture, 0.6, 1.4))
    scene = scene * (1 - soft(lesions.microaneurysm, 1.3) * blood * rng.uniform(0.6, 1.0))
    fat = np.array([0.98, rng.uniform(0.78, 0.95), rng.uniform(0.35, 0.75)], np.float32) * rng.uniform(0.7, 1.0)
    return scene + (fat - scene) * soft(lesions.hard_exudate, 1.2) * rng.uniform(0.45, 0.95)
