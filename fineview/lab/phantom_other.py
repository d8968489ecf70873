"""Pictures that are not an eye, for the head that must say so: axial slices, radiographs, text, colour, noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import gaussian, resize_linear
from fineview.imaging.strokes import ellipse, polygons, polylines, text

Array = npt.NDArray[Any]
Size = tuple[int, int]


def other(seed: int, size: Size) -> tuple[npt.NDArray[np.uint8], bool]:
    """Return ``(rgb (H, W, 3) uint8, blank)``; ``blank`` is true when there is nothing to judge."""
    rng = np.random.default_rng([seed, 21])
    kinds: tuple[Callable[[Size, np.random.Generator], Array], ...] = (
        _axial, _axial, _radiograph, _texture, _page, _blobs, _blobs, _circles, _noise, _blank)
    kind = kinds[int(rng.integers(len(kinds)))]
    picture = np.asarray(kind(size, rng), np.float32)
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    if kind is not _blank:
        picture = picture + rng.normal(0, rng.uniform(0, 8), picture.shape).astype(np.float32)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8), kind is _blank


def _axial(size: Size, rng: np.random.Generator) -> Array:
    """A CT- or MR-like slice: a body or head outline, bone, organs, texture."""
    h, w = size
    centre = (w / 2 + rng.normal(0, 0.05) * w, h / 2 + rng.normal(0, 0.05) * h)
    radii = (w * rng.uniform(0.25, 0.46), h * rng.uniform(0.25, 0.46))
    picture = rng.uniform(40, 140) * ellipse(size, centre, radii) / 255.0
    shell = ellipse(size, centre, radii).astype(float) - ellipse(size, centre, (radii[0] * 0.92, radii[1] * 0.92))
    picture += rng.choice([0, 1]) * rng.uniform(60, 200) * np.clip(shell, 0, 255) / 255
    for _ in range(int(rng.integers(3, 16))):
        spot = (centre[0] + rng.normal(0, 0.4) * radii[0], centre[1] + rng.normal(0, 0.4) * radii[1])
        organ = (radii[0] * rng.uniform(0.03, 0.4), radii[1] * rng.uniform(0.03, 0.4))
        part = ellipse(size, spot, organ, rng.uniform(0, 180))
        picture += (rng.uniform(-90, 160) * part) / 255 * (picture > 5)
    picture = gaussian(picture.astype(np.float32), float(rng.uniform(0.5, 3)))
    return picture * (1 + 0.1 * gaussian(rng.standard_normal(size, dtype=np.float32), 2))


def _radiograph(size: Size, rng: np.random.Generator) -> Array:
    """An X-ray-like projection: bright mediastinum, dark fields, ribs, or a limb with bones."""
    h, w = size
    picture = np.full(size, rng.uniform(20, 160), np.float32)
    for _ in range(int(rng.integers(4, 18))):
        x, y = rng.uniform(0, w), rng.uniform(0, h)
        t = np.linspace(0, 1, 30)
        bend, slope = rng.normal(0, 0.3) * h, rng.normal(0, 0.5) * h
        line = np.stack([x + (t - 0.5) * w * rng.uniform(0.4, 1.2), y + bend * (2 * t - 1) ** 2 + slope * t], 1)
        bone = gaussian(polylines(size, [(line, w * rng.uniform(0.01, 0.08))]), 3).astype(np.float32)
        picture += rng.uniform(10, 50) * bone / 255
    for _ in range(3):
        lung = (w * rng.uniform(0.1, 0.3), h * rng.uniform(0.1, 0.4))
        part = ellipse(size, (rng.uniform(0, w), rng.uniform(0, h)), lung)
        picture += rng.uniform(-90, 90) * gaussian(part, w * 0.03).astype(np.float32) / 255
    return picture


def _texture(size: Size, rng: np.random.Generator) -> Array:
    """Natural-looking colour texture: octaves of smooth noise over a gradient."""
    yy, xx = np.mgrid[:size[0], :size[1]].astype(np.float32)
    total = (yy / size[0] * rng.normal() + xx / size[1] * rng.normal())[..., None] * rng.normal(0, 60, 3)
    for octave in range(1, 7):
        total = total + _field(size, 2 ** octave + 1, rng)[..., None] * rng.normal(0, 90 / 1.5 ** octave, 3)
    return total + rng.uniform(40, 210, 3)


def _page(size: Size, rng: np.random.Generator) -> Array:
    """A page, slide or screen with lines of words and boxes."""
    letters = "abcdefghijklmnopqrstuvwxyz  ABCDEF 0123456789"
    scale = float(rng.uniform(0.3, 1.4))
    words = [("".join(rng.choice(list(letters), int(rng.integers(3, 60)))), (int(rng.uniform(0, size[1] // 5)), y),
              scale)
             for y in range(20, size[0], int(34 * scale) + 6)]
    ink, paper = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    share = text(size, words)[..., None] / 255.0
    return paper * (1 - share) + ink * share


def _blobs(size: Size, rng: np.random.Generator) -> Array:
    """Photograph-like patches of colour: skin, sky, leaves, fabric."""
    picture = np.ones((*size, 3), np.float32) * rng.uniform(0, 255, 3).astype(np.float32)
    for _ in range(int(rng.integers(3, 40))):
        n = int(rng.integers(3, 9))
        spot = rng.uniform(0, 1, 2) * size[::-1] + rng.normal(0, 0.2, (n, 2)) * min(size)
        share = gaussian(polygons(size, [spot]), float(rng.uniform(0.5, 14))).astype(np.float32)[..., None] / 255
        picture += (rng.uniform(0, 255, 3).astype(np.float32) - picture) * share * rng.uniform(0.3, 1)
    return picture * (1 + 0.15 * _field(size, int(rng.integers(4, 60)), rng))[..., None]


def _circles(size: Size, rng: np.random.Generator) -> Array:
    """Coloured discs on black that are not retinas: balls, petri dishes, signs, endoscope views of flat colour."""
    picture = np.zeros((*size, 3), np.float32)
    for _ in range(int(rng.choice([1, 1, 2, 5]))):
        spot = rng.uniform(0.35, 0.65, 2) * size[::-1]
        radius = min(size) * rng.uniform(0.1, 0.5)
        share = ellipse(size, (spot[0], spot[1]), (radius, radius))[..., None] / 255.0
        mottle = rng.uniform(0, 0.4) * _field(size, int(rng.integers(2, 40)), rng)
        fill = rng.uniform(30, 255, 3) * (1 + mottle)[..., None]
        picture = picture * (1 - share) + fill * share
    return picture


def _noise(size: Size, rng: np.random.Generator) -> Array:
    channels = int(rng.choice([1, 3]))
    grain = gaussian(rng.standard_normal((*size, channels), dtype=np.float32), float(rng.choice([0, 0, 0.8, 2, 6])))
    return np.broadcast_to(128 + rng.uniform(20, 120) * grain.reshape(*size, channels) / grain.std(), (*size, 3))


def _blank(size: Size, rng: np.random.Generator) -> Array:
    level = rng.choice([0, 255, rng.uniform(0, 255)])
    return np.full((*size, 3), level, np.float32) + rng.normal(0, rng.uniform(0, 2), (*size, 3))


def _field(size: Size, cells: int, rng: np.random.Generator) -> Array:
    return resize_linear(rng.standard_normal((max(cells, 2), max(cells, 2)), dtype=np.float32), size)
