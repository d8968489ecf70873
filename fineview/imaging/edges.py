"""Edge measures: how strongly each pixel belongs to fine structure, in the shape the lesions have.

* ``laplacian``: |Laplacian|, the form of the user's document.  On a photograph its strongest structure is vessels.
* ``denoised``: a Gaussian first; for B-scans, whose raw Laplacian answers to speckle.
* ``tophat``: what no short line of any direction can hold.  A vessel is filled by the line along it and vanishes; a
  dot is smaller than the line in every direction and stays.  (Openings by oriented lines: Soille, Morphological
  Image Analysis, 2nd ed., section 12.)
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[Any]  # uint8 or uint16
Measure = Literal["laplacian", "denoised", "tophat"]
MEASURES: tuple[Measure, ...] = ("laplacian", "denoised", "tophat")
REACH_PX = 25
DIRECTIONS = 8


def luminance(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The channel with the contrast: green of (H, W, 3), or the array itself when it is (H, W)."""
    return rgb if rgb.ndim == 2 else np.ascontiguousarray(rgb[:, :, 1])


@lru_cache(maxsize=16)
def _lines(reach_px: int) -> tuple[NDArray[np.uint8], ...]:
    half = reach_px // 2
    lines = []
    for step in range(DIRECTIONS):
        angle = np.pi * step / DIRECTIONS
        dx, dy = round(half * np.cos(angle)), round(half * np.sin(angle))
        kernel = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
        cv2.line(kernel, (half - dx, half - dy), (half + dx, half + dy), 1)
        lines.append(kernel)
    return tuple(lines)


def vessel_free(grey: Grey, reach_px: int = REACH_PX) -> tuple[Grey, Grey]:
    """Dark and bright spots without lines: two (H, W) top-hats of a (H, W) uint8 or uint16 picture, same type.

    ``reach_px`` is the length of the line: spots wider than that vanish too.
    """
    smooth: Grey = cv2.GaussianBlur(grey, (0, 0), 0.8)
    filled = np.full_like(smooth, np.iinfo(smooth.dtype).max)
    opened = np.zeros_like(smooth)
    for line in _lines(reach_px):
        filled = np.minimum(filled, cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, line))
        opened = np.maximum(opened, cv2.morphologyEx(smooth, cv2.MORPH_OPEN, line))
    return filled - smooth, smooth - opened


def measure(name: Measure, rgb: NDArray[np.uint8], sigma_px: float = 2.0, reach_px: int = REACH_PX
            ) -> NDArray[np.float32]:
    """The edge measure of a picture (H, W, 3) or (H, W) uint8 as float32 (H, W) >= 0, in grey levels.

    Raises ``ValueError`` for an unknown name.
    """
    grey = luminance(rgb)
    if name == "laplacian":
        return np.abs(cv2.Laplacian(grey, cv2.CV_32F)).astype(np.float32)
    if name == "denoised":
        smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), sigma_px)
        return np.abs(cv2.Laplacian(smooth, cv2.CV_32F)).astype(np.float32)
    if name == "tophat":
        # 16 bits: faint spots differ by less than one of 256 levels, and a percentile needs them apart.
        dark, bright = vessel_free(grey.astype(np.uint16) << 6, reach_px)
        return np.maximum(dark, bright).astype(np.float32) / np.float32(64)
    raise ValueError(f"unknown edge measure {name!r}; known: {', '.join(MEASURES)}")
