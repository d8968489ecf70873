"""An eye has one optic disc: other bright round things are held down, however much they look like one.

For the map, and what is suggested or located by it; the evidence of a region is judged by the region alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.imaging.filters import components

HELD_TO = 0.25  # of the strongest cell


def one_disc(probability: NDArray[Any]) -> NDArray[np.float32]:
    """A disc map (h, w), its values kept in the part around the strongest cell, elsewhere at most a quarter of that."""
    values = np.asarray(probability, np.float32)
    if not values.size:
        return values
    most = HELD_TO * float(values.max())
    _, names, _, _ = components(values > most)
    strongest = names.ravel()[int(values.argmax())]
    return np.where((names == strongest) & (values > most), values, np.minimum(values, np.float32(most)))
