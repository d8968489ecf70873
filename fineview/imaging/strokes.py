"""Drawing of known shapes into arrays: antialiased lines, discs, ellipses and polygons.

Points are ``(x, y)`` in pixels, centres at whole numbers.  Every function returns a new ``uint8``
``(H, W)`` plane, 0 outside the shape and 255 inside.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_SHIFT = 4  # OpenCV takes fixed-point coordinates; 1/16 pixel is finer than any phantom needs


def polylines(size: tuple[int, int], lines: Iterable[tuple[Array, float]]) -> Array:
    """Draw ``(points (N, 2), width_px)`` strokes into a plane of ``size`` = (height, width)."""
    plane = np.zeros(size, np.uint8)
    for points, width in lines:
        cv2.polylines(plane, [_fixed(points)], False, 255, max(1, round(width)), cv2.LINE_AA, _SHIFT)
    return plane


def polygons(size: tuple[int, int], shapes: Iterable[Array]) -> Array:
    """Fill closed outlines ``(N, 2)`` into a plane of ``size`` = (height, width)."""
    plane = np.zeros(size, np.uint8)
    for points in shapes:
        cv2.fillPoly(plane, [_fixed(points)], 255, cv2.LINE_AA, _SHIFT)
    return plane


def ellipse(size: tuple[int, int], centre: tuple[float, float], radii: tuple[float, float],
            angle_deg: float = 0.0) -> Array:
    """Fill one ellipse with half axes ``radii`` = (x, y) turned clockwise by ``angle_deg``."""
    t = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    turn = np.deg2rad(angle_deg)
    x, y = radii[0] * np.cos(t), radii[1] * np.sin(t)
    outline = np.stack([centre[0] + x * np.cos(turn) - y * np.sin(turn),
                        centre[1] + x * np.sin(turn) + y * np.cos(turn)], axis=1)
    return polygons(size, [outline])


def text(size: tuple[int, int], words: Iterable[tuple[str, tuple[int, int], float]]) -> Array:
    """Write ``(words, (x, y) of the base line's left end, height factor)`` into a plane."""
    plane = np.zeros(size, np.uint8)
    for word, origin, scale in words:
        cv2.putText(plane, word, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, max(1, round(scale)), cv2.LINE_AA)
    return plane


def _fixed(points: Array) -> Array:
    return np.round(np.asarray(points, np.float64) * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2)
