"""Colour maps for heat: viridis by default, all three readable by people with a colour-vision deficiency."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

_MAPS = {"viridis": cv2.COLORMAP_VIRIDIS, "cividis": cv2.COLORMAP_CIVIDIS, "inferno": cv2.COLORMAP_INFERNO}


@cache
def colour_bar(name: str) -> NDArray[np.uint8]:
    """RGB uint8 (256, 3), low to high.  Raises ``KeyError`` for an unknown name."""
    ramp = np.arange(256, dtype=np.uint8).reshape(256, 1)
    bar = np.ascontiguousarray(np.asarray(cv2.applyColorMap(ramp, _MAPS[name]), dtype=np.uint8)[:, 0, ::-1])
    bar.flags.writeable = False
    return bar


def heat_rgba(values: NDArray[np.floating], name: str, threshold: float, opacity: float) -> NDArray[np.uint8]:
    """Colour a map.

    ``values``: (h, w) in [0, 1].  Below ``threshold`` the result is transparent, above it ``opacity`` (0..1).
    Returns RGBA uint8 (h, w, 4) with straight alpha.
    """
    index = cv2.convertScaleAbs(np.asarray(values, dtype=np.float32), alpha=255.0)
    table = np.empty((256, 4), np.uint8)
    table[:, :3] = colour_bar(name)
    # The alpha is a table too: one 256-entry look-up per pixel is all the work there is.
    cut = int(np.ceil(np.clip(threshold, 0.0, 1.0) * 255.0))
    table[:, 3] = np.where(np.arange(256) >= cut, round(np.clip(opacity, 0.0, 1.0) * 255), 0)
    # Four bytes looked up as one number: many times faster than four channels.
    whole = np.asarray(cv2.LUT(np.asarray(index), table.view(np.int32)))
    rgba = whole.view(np.uint8).reshape(*index.shape, 4)
    rgba.flags.writeable = False
    return rgba


def strongest_map(maps: Sequence[NDArray[np.float16]]) -> NDArray[np.float32]:
    """Pointwise maximum of equally sized (h, w) maps, float32."""
    best = np.asarray(maps[0], dtype=np.float32)
    for one in maps[1:]:
        best = np.maximum(best, one.astype(np.float32))
    return best


def blend(base: NDArray[np.uint8], rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay straight-alpha ``rgba`` (H, W, 4) over ``base`` (H, W) or (H, W, 3); returns RGB uint8 (H, W, 3)."""
    rgb = np.repeat(base[..., None], 3, axis=2) if base.ndim == 2 else base
    alpha = rgba[..., 3:].astype(np.float32) / 255.0
    mixed = rgb.astype(np.float32) * (1.0 - alpha) + rgba[..., :3].astype(np.float32) * alpha
    return np.asarray(np.rint(mixed), dtype=np.uint8)
