"""One frame's pixels and the windows its file suggests for looking at them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

WindowFunction = Literal["linear", "linear_exact", "sigmoid"]


@dataclass(frozen=True, slots=True)
class Window:
    """A VOI window (PS3.3 C.11.2.1.2): centre and width in modality units."""

    centre: float
    width: float
    function: WindowFunction = "linear"
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Raster:
    """Pixels of one frame, read only.

    ``pixels``: (H, W) in modality units (any real dtype, after the modality LUT), or (H, W, 3) uint8 RGB.
    ``unit``: modality unit such as "HU", or "" where the file names none.
    ``inverted``: MONOCHROME1, that is, low values are shown bright.
    ``windows``: what the file suggests, best first; empty where it suggests nothing.
    ``voi_lut``: (first_mapped, table uint16 (N,), bits) of a VOI LUT sequence, or ``None``.
    """

    pixels: NDArray[np.generic]
    unit: str = ""
    inverted: bool = False
    windows: tuple[Window, ...] = ()
    voi_lut: tuple[int, NDArray[np.uint16], int] | None = None
    _key: list[str] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.pixels.flags.writeable = False

    @property
    def rows(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def cols(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def is_colour(self) -> bool:
        return self.pixels.ndim == 3

    @property
    def content_key(self) -> str:
        """sha256 of shape, dtype, bytes, default window and VOI LUT: the cache key of what the encoder makes of it."""
        if not self._key:
            head = f"{self.pixels.shape}{self.pixels.dtype.str}{self.inverted}{self.windows[:1]}".encode()
            digest = hashlib.sha256(head)
            digest.update(np.ascontiguousarray(self.pixels).data)
            if self.voi_lut is not None:
                digest.update(f"{self.voi_lut[0]} {self.voi_lut[2]}".encode() + self.voi_lut[1].tobytes())
            self._key.append(digest.hexdigest())
        return self._key[0]
