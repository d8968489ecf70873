"""A frame made small for a list of pictures: the same units and windows on far fewer pixels."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from fineview.core.image import Raster

_AVERAGED = frozenset({"u1", "u2", "i2", "f4", "f8"})


def small(raster: Raster, side: int) -> Raster:
    """No side longer than ``side`` pixels: means over areas, or every n-th pixel of kinds that are not averaged.

    The raster itself where it is small enough already.
    """
    longest = max(raster.rows, raster.cols)
    if longest <= side:
        return raster
    size = max(1, raster.cols * side // longest), max(1, raster.rows * side // longest)
    if raster.pixels.dtype.str[1:] in _AVERAGED:
        pixels = cv2.resize(np.asarray(raster.pixels), size, interpolation=cv2.INTER_AREA)
    else:
        step = -(-longest // side)
        pixels = np.ascontiguousarray(raster.pixels[::step, ::step])
    return replace(raster, pixels=pixels, _key=[])
