"""The fine detail of a picture, as pure-grad of ViCrop weighs it (arXiv 2502.17422, section 4.3 and its code).

Difference to a 3 x 3 Gaussian blur (sigma 0.8), length over the colour channels, 7 x 7 median; a pixel counts where
that exceeds its own median over the picture.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIGMA, BLUR_PX, MEDIAN_PX = 0.8, 3, 7


def high_pass(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Detail of a picture (H, W, 3) uint8, float32 (H, W) >= 0.  Borders: mirrored for the blur, then for the median
    with the edge pixel repeated, as torchvision and scipy do."""
    picture: NDArray[Any] = rgb.astype(np.float32) / np.float32(255)
    low = cv2.GaussianBlur(picture, (BLUR_PX, BLUR_PX), SIGMA, borderType=cv2.BORDER_REFLECT_101)
    size = np.sqrt(np.square(picture - low).sum(2))
    reach = MEDIAN_PX // 2
    padded = np.pad(size, reach, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (MEDIAN_PX, MEDIAN_PX))
    return np.asarray(np.median(windows.reshape(*size.shape, -1), axis=2), np.float32)


def detail_mask(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a picture has more detail than its own median: (H, W) bool."""
    values = high_pass(rgb)
    return np.asarray(values > np.median(values), np.bool_)


def block_mean(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Means of ``side`` x ``side`` blocks of (H, W), whose sides are multiples of ``side``."""
    rows, cols = values.shape
    return np.asarray(values.reshape(rows // side, side, cols // side, side).mean((1, 3)), np.float32)
