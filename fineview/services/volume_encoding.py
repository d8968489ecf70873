"""The frames of a volume through an engine, in order: several at a time where the engine can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.services.ports import Engine, TokenPort


def encoded(engine: Engine, pictures: Iterator[NDArray[np.uint8]], token: TokenPort) -> Iterator[Any]:
    """One encoding a picture; ``pictures`` is read a few ahead, and ``token`` is asked between frames."""
    many = getattr(engine, "encode_many", None)
    if many is not None:
        yield from many(pictures, token)
        return
    for picture in pictures:
        yield engine.encode(picture, token)
