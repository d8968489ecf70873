"""Edge measures: how strongly each pixel belongs to fine structure, in the shape the lesions have.

* ``laplacian``: |Laplacian|, the form of the user's document.  On a photograph its strongest structure is vessels.
* ``denoised``: a Gaussian first; for B-scans, whose raw Laplacian answers to speckle.
* ``tophat``: what no short line of any direction can hold.  A vessel is filled by the line along it and vanishes; a
  dot is smaller than the line in every direction and stays.  (Openings by oriented lines: Soille, Morphological
  Image Analysis, 2nd ed., section 12.)
* ``dark``, ``bright``: one half of the top-hat, for words that name something darker or brighter than its surround.

All of it is whole-number arithmetic on 8 or 16 bits, so that another implementation can give the same values exactly
(:mod:`fineview.models.attention.edge_mask` does, in torch).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[Any]  # uint8 or uint16
Measure = Literal["laplacian", "denoised", "tophat", "dark", "bright"]
MEASURES: tuple[Measure, ...] = ("laplacian", "denoised", "tophat", "dark", "bright")
REACH_PX = 25
DIRECTIONS = 8
DENOISE_SIGMA_PX = 2.0
SPOT_SIGMA_PX = 0.8
# Faint spots differ by less than one of 256 levels, and a percentile needs them apart.
FINE_BITS = 6


def luminance(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The channel with the contrast: green of (H, W, 3), or the array itself when it is (H, W)."""
    return rgb if rgb.ndim == 2 else np.ascontiguousarray(rgb[:, :, 1])


@lru_cache(maxsize=16)
def lines(reach_px: int) -> tuple[NDArray[np.uint8], ...]:
    """Straight lines of ``reach_px`` in eight directions, each (n, n) of zeros and ones, symmetric about its middle."""
    half = reach_px // 2
    drawn = []
    for step in range(DIRECTIONS):
        angle = np.pi * step / DIRECTIONS
        dx, dy = round(half * np.cos(angle)), round(half * np.sin(angle))
        kernel = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
        cv2.line(kernel, (half - dx, half - dy), (half + dx, half + dy), 1)
        # The two halves of a drawn line may differ by a pixel, and then a closing falls below the picture.
        flat = kernel.reshape(-1)
        flat[flat.size // 2 + 1:] = flat[:flat.size // 2][::-1]
        drawn.append(kernel)
    return tuple(drawn)


def vessel_free(grey: Grey, reach_px: int = REACH_PX) -> tuple[Grey, Grey]:
    """Dark and bright spots without lines: two (H, W) top-hats of a (H, W) uint8 or uint16 picture, same type.

    ``reach_px`` is the length of the line: spots wider than that vanish too.
    """
    return dark_spots(grey, reach_px), bright_spots(grey, reach_px)


def dark_spots(grey: Grey, reach_px: int = REACH_PX) -> Grey:
    """The dark half of :func:`vessel_free`: what the least of the closings by lines fills."""
    smooth: Grey = cv2.GaussianBlur(grey, (0, 0), SPOT_SIGMA_PX)
    filled = np.full_like(smooth, np.iinfo(smooth.dtype).max)
    for line in lines(reach_px):
        filled = np.minimum(filled, cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, line))
    return filled - smooth


def bright_spots(grey: Grey, reach_px: int = REACH_PX) -> Grey:
    """The bright half of :func:`vessel_free`: what the greatest of the openings by lines takes away."""
    smooth: Grey = cv2.GaussianBlur(grey, (0, 0), SPOT_SIGMA_PX)
    opened = np.zeros_like(smooth)
    for line in lines(reach_px):
        opened = np.maximum(opened, cv2.morphologyEx(smooth, cv2.MORPH_OPEN, line))
    return smooth - opened


def measure(name: Measure, rgb: NDArray[np.uint8], reach_px: int = REACH_PX) -> NDArray[np.float32]:
    """The edge measure of a picture (H, W, 3) or (H, W) uint8 as float32 (H, W) >= 0, in grey levels.

    Raises ``ValueError`` for an unknown name.
    """
    grey = luminance(rgb)
    if name == "laplacian":
        return np.abs(cv2.Laplacian(grey, cv2.CV_32F)).astype(np.float32)
    fine = grey.astype(np.uint16) << FINE_BITS
    unit = np.float32(1 << FINE_BITS)
    if name == "denoised":
        smooth = cv2.GaussianBlur(fine, (0, 0), DENOISE_SIGMA_PX)
        return (np.abs(cv2.Laplacian(smooth, cv2.CV_32F)) / unit).astype(np.float32)
    if name not in MEASURES:
        raise ValueError(f"unknown edge measure {name!r}; known: {', '.join(MEASURES)}")
    found: list[Grey] = []
    if name != "bright":
        found.append(dark_spots(fine, reach_px))
    if name != "dark":
        found.append(bright_spots(fine, reach_px))
    return (np.maximum(found[0], found[-1]).astype(np.float32) / unit).astype(np.float32)
