"""Detectors without training, which a trained one must beat: random, centre prior, Laplacian, classical.

Each takes a photograph ``rgb`` (H, W, 3) uint8 and returns word -> (H, W) float32 map in [0, 1], scored on the
same scale in every photograph.  The classical detector follows the usual recipe for red and bright lesions
(green contrast, top-hat, oriented openings that remove vessels, Laplacian of Gaussian).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.field_of_view import field_of_view
from fineview.imaging.filters import dark_spots, dilate, gaussian, laplacian, resize_area, resize_linear, tophat_bright

Array = npt.NDArray[Any]
Maps = dict[str, npt.NDArray[np.float32]]
ScoreMaps = Callable[[npt.NDArray[np.uint8]], Maps]
_FUNDUS = ("microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate", "optic_disc")


def random_maps(rgb: npt.NDArray[np.uint8]) -> Maps:
    """White noise, seeded by the photograph's own pixels so that a second run gives the same maps."""
    rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(rgb[::16, ::16]).tobytes()))
    return {word: rng.random(rgb.shape[:2], dtype=np.float32) for word in _FUNDUS}


def centre_prior(rgb: npt.NDArray[np.uint8]) -> Maps:
    """One Gaussian in the middle of the field of view, a quarter of its width wide: where lesions lie on average."""
    view = field_of_view(rgb)
    columns, rows = np.flatnonzero(view.any(0)), np.flatnonzero(view.any(1))
    if not len(columns):
        return {word: np.zeros(rgb.shape[:2], np.float32) for word in _FUNDUS}
    sigma = 0.25 * (columns[-1] - columns[0] + 1)
    across = np.exp(-0.5 * ((np.arange(rgb.shape[1]) - columns.mean()) / sigma) ** 2)
    down = np.exp(-0.5 * ((np.arange(rgb.shape[0]) - rows.mean()) / sigma) ** 2)
    prior = np.outer(down, across).astype(np.float32)
    return dict.fromkeys(_FUNDUS, prior)


def plain_laplacian(rgb: npt.NDArray[np.uint8]) -> Maps:
    """Absolute Laplacian of the denoised grey picture, the same for every class: any sharp structure counts."""
    sigma = max(0.0008 * rgb.shape[1], 0.8)
    strength = np.abs(laplacian(rgb.mean(2, dtype=np.float32), sigma)) / 64
    return dict.fromkeys(_FUNDUS, np.asarray(np.clip(strength, 0, 1), np.float32) * _inside(rgb))


def classical(rgb: npt.NDArray[np.uint8]) -> Maps:
    """Green contrast against its surround, top-hats, vessels removed by oriented openings, then LoG blobs."""
    height, width = rgb.shape[:2]
    factor = min(1.0, 1072 / width)
    size = (max(round(height * factor), 1), max(round(width * factor), 1))
    small = resize_area(rgb, size)
    unit = size[1] / 1072
    even = _even_green(small, unit)
    # gaps between exudates are not dark: nothing brighter than the surround takes part
    spots = dark_spots(np.minimum(even, 110), max(round(14 * unit), 1), max(round(41 * unit), 3)).astype(np.float32)
    bright = tophat_bright(even, max(round(9 * unit), 1)).astype(np.float32)
    disc = _disc(small, unit)
    clear = (1 - np.clip(dilate(disc, max(round(16 * unit), 1)) * 1.6, 0, 1)) * _inside(small)
    red = _blobs(spots, (2.0 * unit, 4.0 * unit, 7.0 * unit)) * clear
    found = {"microaneurysm": _blobs(spots, (1.2 * unit, 1.8 * unit)) * clear, "haemorrhage": red,
             "hard_exudate": _blobs(bright, (1.2 * unit, 2.4 * unit)) * clear,
             "soft_exudate": gaussian(bright, 7 * unit) / 60 * clear, "optic_disc": disc}
    return {word: np.asarray(np.clip(resize_linear(plane, (height, width)), 0, 1), np.float32)
            for word, plane in found.items()}


BASELINES: dict[str, ScoreMaps] = {"random": random_maps, "centre prior": centre_prior,
                                   "laplacian": plain_laplacian, "classical": classical}
TO_BEAT: tuple[str, ...] = ("random", "centre prior", "laplacian")


def _even_green(rgb: Array, unit: float) -> Array:
    """Green relative to its surround inside the field of view, 110 = like the surround; 110 outside.  uint8."""
    inside = field_of_view(rgb).astype(np.float32)
    green = rgb[..., 1].astype(np.float32)
    surround = gaussian(green * inside, 22 * unit) / np.maximum(gaussian(inside, 22 * unit), 1e-3)
    even = 110 * gaussian(green, 0.6) / np.maximum(surround, 8)
    return np.where(inside > 0, np.clip(even, 0, 255), 110).astype(np.uint8)


def _blobs(contrast: Array, sigmas: tuple[float, ...]) -> Array:
    """Contrast times blob response, squashed below 1 without a plateau; 30 grey levels of each give one half."""
    response = np.max([-laplacian(contrast, max(sigma, 0.6)) for sigma in sigmas], axis=0)
    strength = np.sqrt(np.clip(response, 0, None) * contrast) / 30
    return np.asarray(strength / (1 + strength))


def _disc(rgb: Array, unit: float) -> Array:
    """The brightest patch of disc size: smoothed red and green, relative to the photograph's median."""
    warm = gaussian(rgb[..., :2].astype(np.float32).mean(2), 16 * unit)
    inside = _inside(rgb) > 0
    if not inside.any():
        return np.zeros(rgb.shape[:2], np.float32)
    middle, top = np.median(warm[inside]), warm[inside].max()
    return np.asarray(np.clip((warm - middle) / max(float(top - middle), 20.0), 0, 1) ** 3 * inside, np.float32)


def _inside(rgb: Array) -> Array:
    """1 inside the field of view and away from its sharp rim, else 0."""
    outside = dilate(~field_of_view(rgb), max(round(0.02 * rgb.shape[1]), 1))
    return (outside == 0).astype(np.float32)
