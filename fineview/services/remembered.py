"""Pictures made of rasters and maps, remembered by what they came from, all within one byte budget."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

from fineview.core.evidence import Analysis, HeatMap, WordMap
from fineview.core.image import Raster
from fineview.services.byte_cache import ByteCache

P = ParamSpec("P")
T = TypeVar("T")
Key = tuple[object, ...]

# What is on screen at one time: a picture and its overlay in each of a few panes.
_ON_SCREEN = 8
_GONE = threading.Event()  # a source of something has gone since it was last looked for
_SOURCES = (Raster, HeatMap, Analysis, WordMap)


def nbytes(value: object) -> int:
    """Bytes of pixels in ``value``: an array, a raster, or several in a tuple."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, Raster):
        return value.pixels.nbytes
    return sum(nbytes(one) for one in value) if isinstance(value, tuple) else 0


PICTURES: ByteCache[Key, object] = ByteCache(nbytes, 128 * 1024**2, least=_ON_SCREEN)


def remembered(make: Callable[P, T]) -> Callable[P, T]:
    """Like ``functools.lru_cache``, for positional arguments; what was made is held in ``PICTURES``.

    Its sources are not held: they have a budget of their own, and what was made of them goes with them.
    """
    @wraps(make)
    def ask(*args: P.args, **kwargs: P.kwargs) -> T:
        key = (make, *map(_lightly, args))
        kept = PICTURES.get(key)
        if kept is not None:
            return kept  # type: ignore[return-value]
        made = make(*args, **kwargs)
        if made is not None and not any(_is(made, one) for one in args):
            _forget_the_gone()
            PICTURES[key] = made
        return made

    return ask


def _lightly(source: object) -> object:
    return weakref.ref(source, _has_gone) if isinstance(source, _SOURCES) else source


def _is(made: object, source: object) -> bool:
    """A picture that is its own source, unchanged, needs no memory."""
    return made is source or isinstance(source, Raster) and made is source.pixels


def _has_gone(_: object) -> None:
    _GONE.set()


def _forget_the_gone() -> None:
    """Looked for only where a source has gone: there may be thousands of pictures, and a wheel makes one a turn."""
    if _GONE.is_set():
        _GONE.clear()
        PICTURES.forget(_is_gone)


def _is_gone(key: Key) -> bool:
    return any(isinstance(one, weakref.ref) and one() is None for one in key)
