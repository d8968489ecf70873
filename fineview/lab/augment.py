"""Random looks for training crops: colour, light, sharpness, noise and recompression."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.imaging.filters import gaussian

Array = npt.NDArray[Any]


def recolour(rgb: Array, rng: np.random.Generator) -> Array:
    """Change the camera: white balance, saturation, gamma, contrast, blur, grain, JPEG.  (S, S, 3) uint8 in and out."""
    if rng.random() < 0.12:
        return rgb
    level = np.arange(256, dtype=np.float32) / 255
    gamma, gain = np.exp(rng.normal(0, 0.18)), np.exp(rng.normal(0, 0.14))
    curves = [255 * np.clip(gain * np.exp(rng.normal(0, 0.1)) * level ** (gamma * np.exp(rng.normal(0, 0.05))), 0, 1)
              for _ in range(3)]
    picture = np.stack([curves[c].astype(np.float32)[rgb[..., c]] for c in range(3)], 2)
    if rng.random() < 0.5:
        grey = picture.mean(2, keepdims=True)
        picture = grey + (picture - grey) * np.float32(rng.uniform(0.55, 1.3))
    return _degrade(picture, rng)


def regrey(rgb: Array, rng: np.random.Generator) -> Array:
    """Change the device's display: gamma, gain, black level, blur, grain.  Grey stays grey."""
    grey = rgb[..., 0].astype(np.float32) / 255
    grey = np.clip((grey - rng.uniform(-0.06, 0.08)) * np.exp(rng.normal(0, 0.12)), 0, 1) ** np.exp(rng.normal(0, 0.18))
    if rng.random() < 0.15:
        grey = gaussian(grey, float(rng.uniform(0.4, 1.6)))
    if rng.random() < 0.25:
        grey = grey + rng.standard_normal(grey.shape, dtype=np.float32) * np.float32(rng.uniform(0.005, 0.05))
    shown = np.clip(np.round(255 * grey), 0, 255).astype(np.uint8)
    shown = np.repeat(shown[..., None], 3, 2)
    return recompress(shown, int(rng.integers(45, 96))) if rng.random() < 0.15 else shown


def _degrade(picture: Array, rng: np.random.Generator) -> Array:
    if rng.random() < 0.3:
        picture = gaussian(picture, float(rng.uniform(0.3, 1.5)))
    if rng.random() < 0.35:
        grain = rng.standard_normal(picture.shape, dtype=np.float32)
        picture = picture + grain * np.float32(rng.uniform(1, 7))
    shown = np.clip(np.round(picture), 0, 255).astype(np.uint8)
    return recompress(shown, int(rng.integers(35, 96))) if rng.random() < 0.25 else shown


def recompress(rgb: Array, quality: int) -> Array:
    """Through JPEG and back."""
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "JPEG", quality=quality)
    return np.array(Image.open(stream))
