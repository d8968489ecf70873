"""Cutting one training crop: an affine frame, the pixels, the truth on the quarter grid, the lines.

Pixel centres are whole numbers.  A quarter-grid cell ``i`` covers crop rows ``4i .. 4i+3``; its centre is
crop row ``4i + 1.5``, hence ``row_quarter = (row_crop + 0.5) / 4 - 0.5``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import WORDS
from fineview.imaging.filters import resize_area, warp_affine

Array = npt.NDArray[Any]
KINDS = len(WORDS)


def frame(centre: tuple[float, float], zoom: tuple[float, float], angle: float, flips: tuple[bool, bool],
          size: int) -> Array:
    """The (2, 3) matrix source (x, y) -> crop (x, y) that puts ``centre`` in the middle of a square crop."""
    cos, sin = np.cos(angle), np.sin(angle)
    scale = np.diag([zoom[0] * (-1 if flips[0] else 1), zoom[1] * (-1 if flips[1] else 1)])
    linear = np.array([[cos, -sin], [sin, cos]]) @ scale
    middle = np.full(2, (size - 1) / 2)
    return np.concatenate([linear, (middle - linear @ np.asarray(centre))[:, None]], 1)


def cut(planes: tuple[Array, ...], matrix: Array, size: int, fills: tuple[int, ...]) -> tuple[Array, ...]:
    """Resample planes of one source, reading only what the crop covers.  Colour is smooth, bit planes are nearest."""
    window, local = _window(planes[0].shape, matrix, size)
    if window is None:
        return tuple(np.full((size, size, *p.shape[2:]), fill, np.uint8) for p, fill in zip(planes, fills, strict=True))
    found = []
    for plane, fill in zip(planes, fills, strict=True):
        part = np.ascontiguousarray(plane[window])
        smooth = plane is planes[0]
        found.append(_resample(part, local, size, smooth, fill))
    return tuple(found)


def _resample(part: Array, matrix: Array, size: int, smooth: bool, fill: int) -> Array:
    zoom = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if smooth and zoom < 0.7:  # shrink by areas first, or small lesions alias away
        shrunk = (max(round(part.shape[0] * zoom), 1), max(round(part.shape[1] * zoom), 1))
        fy, fx = part.shape[0] / shrunk[0], part.shape[1] / shrunk[1]
        part = resize_area(part, shrunk)
        back = np.array([[fx, 0, (fx - 1) / 2], [0, fy, (fy - 1) / 2], [0, 0, 1]])
        matrix = matrix @ back
    return warp_affine(part, matrix, (size, size), nearest=not smooth, fill=fill)


def _window(shape: tuple[int, ...], matrix: Array, size: int) -> tuple[tuple[slice, slice] | None, Array]:
    square = np.vstack([matrix, [0, 0, 1]])
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]], float).T
    x, y, _ = np.linalg.inv(square) @ corners
    left, right = max(int(x.min()) - 3, 0), min(int(x.max()) + 4, shape[1])
    top, bottom = max(int(y.min()) - 3, 0), min(int(y.max()) + 4, shape[0])
    if left >= right or top >= bottom:
        return None, matrix
    shift = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], float)
    return (slice(top, bottom), slice(left, right)), matrix @ shift


def quarter(hit: Array, known: Array, negative: float) -> tuple[Array, Array]:
    """Bit planes (S, S) -> ``(target, weight)`` float16 (K, S/4, S/4): area fraction shown, and how far it counts.

    The target is the share of the *known* area; ``negative`` is the weight of cells without any hit.
    """
    side = hit.shape[0] // 4
    target = np.zeros((KINDS, side, side), np.float16)
    weight = np.zeros((KINDS, side, side), np.float16)
    any_hit, all_known = int(np.bitwise_or.reduce(hit, None)), int(np.bitwise_and.reduce(known, None))
    for k in range(KINDS):
        bit = 1 << k
        share = np.ones((side, side), np.float32) if all_known & bit else _mean4(known, bit)
        if any_hit & bit:
            shown = _mean4(hit & known, bit)
            target[k] = shown / np.maximum(share, 1e-3)
        # cells that show the class count fully, also where their rim is unknown
        weight[k] = np.where(target[k] > 0, np.maximum(share, 0.5), share * negative)
    return target, weight


def _mean4(plane: Array, bit: int) -> Array:
    side = plane.shape[0] // 4
    return resize_area((plane & np.uint8(bit)).astype(bool).astype(np.float32), (side, side))


def line_rows(rows: Array, matrix: Array, size: int) -> Array:
    """Source rows per source column (L, W) -> quarter-grid rows per quarter column (L, S/4), NaN outside."""
    columns = np.arange(size // 4) * 4 + 1.5
    found = np.full((len(rows), size // 4), np.nan, np.float32)
    x = np.arange(rows.shape[1])
    for index, line in enumerate(rows):
        there = np.isfinite(line)
        if not there.any():
            continue
        moved = matrix @ np.stack([x, np.interp(x, x[there], line[there]), np.ones_like(line)])
        order = np.argsort(moved[0])
        placed = np.interp(columns, moved[0][order], moved[1][order], left=np.nan, right=np.nan)
        placed[np.interp(columns, moved[0][order], there[order]) < 1] = np.nan
        placed[(placed < -0.5) | (placed > size - 0.5)] = np.nan
        found[index] = (placed + 0.5) / 4 - 0.5
    return found
