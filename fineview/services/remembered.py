"""Pictures made of rasters and maps, remembered by what they came from, all within one byte budget."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

from fineview.core.evidence import Analysis, HeatMap
from fineview.core.image import Raster
from fineview.services.byte_cache import ByteCache

P = ParamSpec("P")
T = TypeVar("T")
Entry = tuple[tuple[object, ...], object]

# What is on screen at one time: a picture and its overlay in each of a few panes.
_ON_SCREEN = 8


def nbytes(value: object) -> int:
    """Bytes of pixels that ``value`` keeps alive; those that several values share are counted for each."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, Raster):
        return value.pixels.nbytes
    if isinstance(value, HeatMap):
        return value.values.nbytes
    if isinstance(value, Analysis):
        return sum(one.nbytes for one in value.lesions.values()) + sum(one.values.nbytes for one in value.pyramid)
    return sum(nbytes(one) for one in value) if isinstance(value, tuple) else 0


def _weight(entry: Entry) -> int:
    """A picture that is its own source, unchanged, costs nothing more."""
    args, made = entry
    return nbytes(args) + (0 if any(isinstance(one, Raster) and one.pixels is made for one in args) else nbytes(made))


PICTURES: ByteCache[tuple[object, ...], Entry] = ByteCache(_weight, 128 * 1024**2, least=_ON_SCREEN)


def remembered(make: Callable[P, T]) -> Callable[P, T]:
    """Like ``functools.lru_cache``, for positional arguments; what was made is held in ``PICTURES``."""
    @wraps(make)
    def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (make, *args)
        kept = PICTURES.get(key)
        if kept is None:
            kept = (args, make(*args, **kwargs))
            PICTURES[key] = kept
        return kept[1]  # type: ignore[return-value]

    return ask
