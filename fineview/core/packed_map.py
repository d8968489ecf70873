"""A map of the fundus as text, small enough to be kept with a decision: tenths of a micrometre, every second cell."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

import numpy as np

from fineview.core.geometry import Point
from fineview.core.thickness import FundusMap

_NOTHING = np.int16(-32768)
_MOST_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class PackedMap:
    """``packed``: base64 of zlib of int16 (rows, cols), little endian, in 0.1 um; ``_NOTHING`` where nothing is known.

    ``corner_mm``: of cell (0, 0), as in ``FundusMap``.
    """

    rows: int
    cols: int
    corner_mm: Point
    cell_mm: float
    packed: str

    def open(self) -> FundusMap:
        """Raises ``ValueError`` where the text does not hold what it says."""
        size = self.rows * self.cols * 2
        if not 0 < size <= 2 * _MOST_CELLS:
            raise ValueError("no map")
        try:
            plain = zlib.decompressobj().decompress(base64.b64decode(self.packed), size + 1)
        except zlib.error as error:
            raise ValueError("no map") from error
        if len(plain) != size:
            raise ValueError("no map")
        tenths = np.frombuffer(plain, "<i2").reshape(self.rows, self.cols)
        values = np.where(tenths == _NOTHING, np.nan, tenths / 10.0).astype(np.float32)
        return FundusMap(values, self.corner_mm, self.cell_mm)


def pack(held: FundusMap) -> PackedMap:
    """The middles of the cells that are kept stay where they were."""
    values = held.values[::2, ::2]
    known = np.isfinite(values)
    tenths = np.where(known, np.clip(np.rint(np.where(known, values, 0.0) * 10), -32767, 32767), _NOTHING)
    # Half a cell in, then half of the wider cell back.
    corner = (held.corner_mm[0] - held.cell_mm / 2, held.corner_mm[1] - held.cell_mm / 2)
    packed = base64.b64encode(zlib.compress(tenths.astype("<i2").tobytes(), 6)).decode("ascii")
    return PackedMap(values.shape[0], values.shape[1], corner, held.cell_mm * 2, packed)
