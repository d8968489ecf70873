"""A thickness grid as a report holds it, with its map and what it was compared with."""

from __future__ import annotations

import numpy as np

from fineview.core.change import Alignment, FieldChange, GridChange, Visit
from fineview.core.device import Device
from fineview.core.geometry import Point, ScaleSource
from fineview.core.packed_map import PackedMap, pack
from fineview.core.report import GridEntry
from fineview.core.study import FrameInfo, Laterality
from fineview.core.thickness import EtdrsGrid, FieldValue, FundusMap, Provenance

OPT = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
NAMES = ("centre", *(f"{ring} {side}" for ring in ("inner", "outer")
                     for side in ("nasal", "superior", "temporal", "inferior")))
TOLD = Provenance("ILM", "BM", "file", "Spectralis 6.0", ScaleSource.CALIBRATED, ScaleSource.CALIBRATED)
MAKER = Device("Heidelberg Engineering", "Spectralis", "6.0")
RIGHT = Laterality("R", "header")


def disc(um: float, corner: Point = (0.5, 0.5), cells: int = 360) -> FundusMap:
    """A map of 7.2 mm, of one thickness within 3.4 mm of its middle, unknown outside."""
    at = (np.arange(cells) + 0.5) * 0.02 - cells * 0.01
    values = np.where(np.hypot(*np.meshgrid(at, at)) <= 3.4, um, np.nan).astype(np.float32)
    return FundusMap(values, corner, 0.02)


def grid_change(why_not: str = "") -> GridChange:
    """From 300 to 340 um everywhere, 0 to 8 um more by field; without numbers where there is a reason."""
    before = Visit("1.2.8", "1.2.8.1", "20240110", RIGHT, MAKER, TOLD)
    after = Visit("1.2.9", "1.2.3", "20250110", RIGHT, Device("Zeiss") if why_not else MAKER, TOLD)
    fields = tuple(FieldChange(name, 300.0, 340.0 + n, None if why_not else 40.0 + n, 0.8)
                   for n, name in enumerate(NAMES))
    return GridChange(before, after, Alignment("fovea", (1.0, 1.0), (0.4, 0.0)), fields, 8.48, 9.61, why_not,
                      None if why_not else 6.4, ("a reservation",))


def grid_entry(change: GridChange | None = None, held: PackedMap | None = None) -> GridEntry:
    fields = tuple(FieldValue(name, 340.0 + n, 1.0, 0.8, "57109-1" if not n else "") for n, name in enumerate(NAMES))
    grid = EtdrsGrid((4.1, 4.1), "the fovea as marked by Dr Ada", fields, 251.5)
    frame = FrameInfo("/somewhere/oct.dcm", 12, "1.2.3.4", OPT, 496, 512)
    told = change or grid_change()
    lies = held or (None if told.why_not else pack(disc(40.0)))
    return GridEntry(grid, TOLD, "1.2.3", frame, 13, RIGHT, "OCT volume", "Dr Ada", MAKER, pack(disc(340.0)), told,
                     lies)
