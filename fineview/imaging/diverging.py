"""Colours about zero: blue below, near white at it, orange above.

Blue and orange differ for people who confuse red and green, and each side darkens evenly, so that the size of a change
shows without its hue.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

MIDDLE = 127
_STOPS = ((-1.0, (8, 48, 107)), (-0.5, (66, 134, 198)), (-0.15, (190, 215, 235)), (0.0, (245, 245, 245)),
          (0.15, (250, 215, 175)), (0.5, (230, 130, 40)), (1.0, (120, 45, 0)))


@cache
def diverging_bar() -> NDArray[np.uint8]:
    """RGB uint8 (255, 3), low to high; ``MIDDLE`` is zero."""
    at = np.linspace(-1.0, 1.0, 2 * MIDDLE + 1)
    places = [place for place, _ in _STOPS]
    bar = np.stack([np.interp(at, places, [colour[channel] for _, colour in _STOPS]) for channel in range(3)], axis=1)
    made = np.rint(bar).astype(np.uint8)
    made.flags.writeable = False
    return made


def diverging_rgba(values: NDArray[np.floating], limit: float, alpha: int) -> NDArray[np.uint8]:
    """Colours of ``values`` (h, w) from -limit to limit; beyond, the end's; NaN is transparent.  RGBA (h, w, 4)."""
    known = np.isfinite(values)
    index = np.clip(np.rint(np.where(known, values, 0.0) / limit * MIDDLE), -MIDDLE, MIDDLE).astype(np.int16) + MIDDLE
    return np.dstack([diverging_bar()[index], np.where(known, alpha, 0).astype(np.uint8)])
