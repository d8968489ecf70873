"""A picture at half its size: the mean of two by two pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (H, W) or (H, W, C) -> (H // 2, W // 2[, C]), means over areas.

    Of colours with alpha these are right only where the colours are multiplied by it.
    """
    size = max(1, pixels.shape[1] // 2), max(1, pixels.shape[0] // 2)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
