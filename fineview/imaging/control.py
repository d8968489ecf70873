"""The control every heat map should be held against: noise on the same grid, smoothed the same way."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray


def random_map(rows: int, cols: int, stride_px: tuple[float, float], seed_words: str) -> NDArray[np.float32]:
    """Uniform noise in [0, 1], one value per cell of ``stride_px`` (y, x) source pixels, float32 (rows, cols).

    The same ``seed_words`` give the same map, so that looking twice shows the same control.
    """
    rng = np.random.default_rng(zlib.crc32(seed_words.encode()))
    height, width = max(1, round(rows / stride_px[0])), max(1, round(cols / stride_px[1]))
    cells = rng.random((height, width), dtype=np.float32)
    return np.clip(cv2.resize(cells, (cols, rows), interpolation=cv2.INTER_LINEAR), 0.0, 1.0)
