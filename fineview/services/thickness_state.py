"""What is shown of a volume's thickness: a frozen value of the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Box, Point
from fineview.core.study import Series
from fineview.services.slab import Slab
from fineview.services.thickness import Thickness
from fineview.services.thickness_compare import Compared
from fineview.services.thickness_lines import VolumeLines

Ground = Literal["localizer", "mean", "max"]
Whose = Literal["auto", "file", "model"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The picture that the map lies on: its pixels, and how they stand to the fundus plane.

    Pixels of the localizer where there is one, else cells of the map.
    """

    rows: int
    cols: int
    px_per_mm: Point
    corner_mm: Point = (0.0, 0.0)

    def to_px(self, at_mm: Point) -> Point:
        return ((at_mm[0] - self.corner_mm[0]) * self.px_per_mm[0], (at_mm[1] - self.corner_mm[1]) * self.px_per_mm[1])

    def to_mm(self, at_px: Point) -> Point:
        return (at_px[0] / self.px_per_mm[0] + self.corner_mm[0], at_px[1] / self.px_per_mm[1] + self.corner_mm[1])


@dataclass(frozen=True, slots=True, eq=False)
class EnFace:
    """A slab of the volume from the front: uint8 (h, w) over ``rect`` of the sheet."""

    pixels: NDArray[np.uint8]
    rect: Box
    ground: Ground
    slab: Slab


@dataclass(frozen=True, slots=True, eq=False)
class ThicknessState:
    """``drawn``: lines as the file or the model has them; ``lines``: with the person's own in their place.

    ``centre``: where a person put the grid; None: a marked fovea, else the middle.  ``problem``: what, remedy.
    ``series``: as it was when it was measured; more of its B-scans may be open by now.
    ``slab``: what is seen from the front, where a person chose another than between the two lines measured.
    ``compared``: with another volume; it may still be that of an earlier ``made``.  ``apart``: why there is none.
    """

    series_uid: str
    series: Series | None = None
    drawn: VolumeLines | None = None
    lines: VolumeLines | None = None
    pair: tuple[str, str] | None = None
    made: Thickness | None = None
    sheet: Sheet | None = None
    centre: tuple[Point, str] | None = None
    ground: Ground = "localizer"
    en_face: EnFace | None = None
    slab: Slab | None = None
    problem: tuple[str, str] | None = None
    compared: Compared | None = None
    apart: tuple[str, str] | None = None

    @property
    def change(self) -> Compared | None:
        """The comparison that belongs to what is measured now."""
        return self.compared if self.compared is not None and self.compared.made is self.made else None
