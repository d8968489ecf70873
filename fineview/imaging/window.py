"""Modality units -> what an eye sees: VOI windows and VOI LUTs to 8 bit (PS3.3 C.11.2.1)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fineview.core.image import Raster, Window

Gray8 = NDArray[np.uint8]
# By modality, in its unit: HU for CT.
NAMED: dict[str, tuple[Window, ...]] = {
    "CT": (Window(-600, 1500, name="Lung"), Window(50, 350, name="Mediastinum"), Window(300, 2000, name="Bone"),
           Window(40, 80, name="Brain"), Window(40, 400, name="Soft tissue"), Window(75, 215, name="Subdural"))}
_LOW, _HIGH = 0.5, 99.5
_SAMPLE = 1 << 18


def apply_window(values: NDArray[Any], window: Window) -> NDArray[np.float32]:
    """Values of any real dtype -> float32 in [0, 255], by the three functions of C.11.2.1.2 and C.11.2.1.3."""
    x = np.asarray(values, dtype=np.float64)
    centre, width = window.centre, max(window.width, 1e-12)
    if window.function == "sigmoid":
        exponent = np.clip(-4.0 * (x - centre) / width, -700.0, 700.0)
        return (255.0 / (1.0 + np.exp(exponent))).astype(np.float32)
    if window.function == "linear":
        # The standard's "linear" counts whole grey values: a width of 1 is a threshold.
        centre, width = centre - 0.5, width - 1.0
        if width <= 0:
            return np.where(x > centre, 255.0, 0.0).astype(np.float32)
    return (np.clip((x - centre) / width + 0.5, 0.0, 1.0) * 255.0).astype(np.float32)


def default_window(raster: Raster) -> Window:
    """The file's first window; else its VOI LUT's span; else 8-bit identity; else robust percentiles of the pixels."""
    if raster.windows:
        return raster.windows[0]
    if raster.voi_lut is not None:
        first, table, _bits = raster.voi_lut
        return Window(first + len(table) / 2, float(max(len(table), 2)), name="LUT span")
    if raster.pixels.dtype == np.uint8:
        return Window(128.0, 256.0, name="8 bit")
    return robust_window(raster)


def robust_window(raster: Raster) -> Window:
    """From the 0.5th to the 99.5th percentile, leaving out non-finite values and a large constant background.

    A value is taken for padding where it is the smallest and covers at least a quarter of the frame.
    """
    values = raster.pixels.reshape(-1)
    if values.size > _SAMPLE:
        values = values[:: values.size // _SAMPLE]
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if not values.size:
        return Window(0.5, 1.0, "linear_exact", "Full range")
    inside = values[values > values.min()]
    if 0 < inside.size <= values.size * 3 // 4:
        values = inside
    low, high = (float(v) for v in np.percentile(values.astype(np.float64), (_LOW, _HIGH)))
    return Window((low + high) / 2, max(high - low, 1e-6), "linear_exact", "Automatic")


def full_window(raster: Raster) -> Window:
    """From the smallest to the largest finite value of the frame."""
    values = raster.pixels[np.isfinite(raster.pixels)] if raster.pixels.dtype.kind == "f" else raster.pixels
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    return Window((low + high) / 2, max(high - low, 1e-6), "linear_exact", "Full range")


def presets(named: tuple[Window, ...], raster: Raster) -> tuple[Window, ...]:
    """Windows to offer, in an order that is the same for every picture of a modality: keys stand for them.

    ``named``, two made from the pixels, the contrast up and down; where the file has several of its own, these last.
    """
    if raster.is_colour:
        return ()
    usual, own = default_window(raster), raster.windows if len(raster.windows) > 1 else ()
    return (*named, robust_window(raster), full_window(raster), _wider(usual, 0.6, "More contrast"),
            _wider(usual, 1.6, "Less contrast"), *own)


def _wider(window: Window, factor: float, name: str) -> Window:
    return Window(window.centre, max(window.width * factor, 1e-6 if window.function == "linear_exact" else 1.0),
                  window.function, name)


def render_gray(raster: Raster, window: Window | None = None, inverted: bool = False) -> Gray8:
    """(H, W) pixels -> (H, W) uint8.  ``window`` None: the file's VOI LUT where it has one and no window, else default.

    ``inverted`` is the person's wish and adds to MONOCHROME1, so that both together show the stored order.
    """
    if raster.is_colour:
        raise ValueError("a colour frame has no window")
    flip = inverted != raster.inverted
    if window is None and raster.voi_lut is not None and not raster.windows:
        return _by_voi_lut(raster.pixels, raster.voi_lut, flip)
    return _by_window(raster.pixels, window or default_window(raster), flip)


def to_rgb(raster: Raster, window: Window | None = None, inverted: bool = False) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of any raster; a grey one is windowed first, a colour one only inverted if asked."""
    if raster.is_colour:
        rgb = np.asarray(raster.pixels, dtype=np.uint8)
        return np.ascontiguousarray(255 - rgb if inverted else rgb)
    return np.repeat(render_gray(raster, window, inverted)[:, :, None], 3, axis=2)


def _by_window(pixels: NDArray[Any], window: Window, flip: bool) -> Gray8:
    if pixels.dtype in (np.uint8, np.uint16, np.int16):
        return _look_up(pixels, _table(window, pixels.dtype.str, flip))
    shifted = _as_uint16(pixels)
    if shifted is not None:
        index, low = shifted
        values = np.arange(int(index.max(initial=0)) + 1, dtype=np.int64) + low
        table = np.zeros(65536, np.uint8)
        table[: len(values)] = _quantise(apply_window(values, window), flip)
        return _look_up(index, table)
    # Not-a-number has no brightness; black is the only value that claims nothing.
    finite = np.nan_to_num(pixels, nan=-np.inf) if pixels.dtype.kind == "f" else pixels
    return _quantise(apply_window(finite, window), flip)


def _as_uint16(pixels: NDArray[Any]) -> tuple[NDArray[np.uint16], int] | None:
    """Wider integers whose values span less than 65,536 grey levels, moved to start at 0."""
    if pixels.dtype.kind not in "iu" or not pixels.size:
        return None
    low, high = int(pixels.min()), int(pixels.max())
    if high - low > 65535:
        return None
    return (pixels.astype(np.int64) - low).astype(np.uint16), low


@lru_cache(maxsize=32)
def _table(window: Window, dtype: str, flip: bool) -> Gray8:
    """One entry per bit pattern; signed values are laid out by their pattern, so that a view is index enough."""
    kind = np.dtype(dtype)
    patterns = np.arange(256 if kind.itemsize == 1 else 65536, dtype=np.uint8 if kind.itemsize == 1 else np.uint16)
    return _quantise(apply_window(patterns.view(kind), window), flip)


def _look_up(pixels: NDArray[Any], table: Gray8) -> Gray8:
    index = np.ascontiguousarray(pixels)
    index = index.view(np.uint8 if index.itemsize == 1 else np.uint16)
    return np.asarray(cv2.LUT(index, table), dtype=np.uint8).reshape(pixels.shape)


def _by_voi_lut(pixels: NDArray[Any], lut: tuple[int, NDArray[np.uint16], int], flip: bool) -> Gray8:
    first, table, bits = lut
    gray = _quantise(table.astype(np.float32) * np.float32(255.0 / (2**bits - 1)), flip)
    index = np.clip(np.floor(pixels.astype(np.float64)) - first, 0, len(table) - 1).astype(np.int64)
    return np.asarray(gray[index], dtype=np.uint8)


def _quantise(values: NDArray[np.float32], flip: bool) -> Gray8:
    gray = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return 255 - gray if flip else gray
