"""Stored values -> modality units, and palettes -> RGB (PS3.3 C.11.1, C.7.6.3.1.5).

Pure numpy and free of OpenCV, because the reading child imports it and should start fast and stay small.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Lut = tuple[int, NDArray[np.uint16], int]


def rescale(stored: Array, slope: float, intercept: float) -> Array:
    """``stored * slope + intercept`` (PS3.3 C.11.1.1.2) in the smallest fitting dtype.

    Integers stay integers while slope and intercept are integers (int16, uint16, int32, int64), so that a window can
    be a table look-up; anything else becomes float32 (float64 stays float64).
    """
    if slope == 1.0 and intercept == 0.0:
        return np.ascontiguousarray(stored)
    if stored.dtype.kind in "iu" and float(slope).is_integer() and float(intercept).is_integer():
        wide = stored.astype(np.int64) * int(slope) + int(intercept)
        return wide.astype(_smallest(int(wide.min(initial=0)), int(wide.max(initial=0))))
    kind = np.float64 if stored.dtype == np.float64 else np.float32
    return (stored.astype(np.float64) * slope + intercept).astype(kind)


def _smallest(low: int, high: int) -> type[np.signedinteger[Any]] | type[np.unsignedinteger[Any]]:
    for kind in (np.int16, np.uint16, np.int32):
        info = np.iinfo(kind)
        if info.min <= low and high <= info.max:
            return kind
    return np.int64


def apply_lut(stored: Array, lut: Lut) -> NDArray[np.uint16]:
    """Modality or VOI LUT: values below the first mapped take the first entry, above the last the last entry."""
    first, table, _bits = lut
    index = np.clip(stored.astype(np.int64) - first, 0, len(table) - 1)
    return table[index]


def palette_rgb(index: Array, first: int, tables: tuple[Array, Array, Array], bits: int) -> NDArray[np.uint8]:
    """(H, W) palette indices -> (H, W, 3) uint8 RGB; 16-bit entries keep their high byte.

    Raises ``IndexError`` where a pixel points past the end of the table: a broken file must not show invented colours.
    Below the first mapped value the first entry holds, as the standard says.
    """
    offset = np.maximum(index.astype(np.int64) - first, 0)
    size = min(len(table) for table in tables)
    if offset.size and int(offset.max()) >= size:
        raise IndexError(f"palette index {int(offset.max()) + first} past a table of {size} entries")
    rgb = np.stack([table[offset] for table in tables], axis=-1)
    return (rgb >> (bits - 8)).astype(np.uint8) if bits > 8 else rgb.astype(np.uint8)


def partial_rgb(luminance: Array) -> NDArray[np.uint8]:
    """(H, W, 3) 8-bit luminance (16 to 235) and chrominance (16 to 240) -> RGB (PS3.3 C.7.6.3.1.2, YBR_PARTIAL_422)."""
    y, b, r = (luminance[..., at].astype(np.float64) for at in range(3))
    y, b, r = 1.1644 * (y - 16), b - 128, r - 128
    rgb = np.stack([y + 1.5960 * r, y - 0.3917 * b - 0.8130 * r, y + 2.0173 * b], axis=-1)
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def to_8bit_rgb(rgb: Array, bits_stored: int) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of any depth -> uint8, by the full range of the stored bits, never by content."""
    if rgb.dtype == np.uint8 and bits_stored == 8:
        return np.ascontiguousarray(rgb)
    if rgb.dtype.kind == "f":
        return np.clip(np.rint(rgb * 255.0), 0, 255).astype(np.uint8)
    top = float(2**bits_stored - 1)
    return np.clip(np.rint(rgb.astype(np.float64) * (255.0 / top)), 0, 255).astype(np.uint8)
