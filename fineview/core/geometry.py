"""Points, spacings and directions.

Source pixels: x to the right, y down, the *corner* of the top-left pixel at (0, 0), so the centre of that pixel is
(0.5, 0.5).  Spacings are millimetres between pixel centres: ``row_mm`` between rows (vertical), ``col_mm`` between
columns (horizontal), as in DICOM Pixel Spacing (PS3.3 10.7.1.3), ``slice_mm`` between frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float]


class ScaleSource(StrEnum):
    """Where a spacing came from.  Four states, never one number (PS3.3 10.7.1.1)."""

    CALIBRATED = "calibrated"
    PROJECTED = "projected"
    ASSUMED = "assumed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Spacing:
    """Distances between pixel centres in millimetres, and the source that vouches for them."""

    row_mm: float | None = None
    col_mm: float | None = None
    slice_mm: float | None = None
    source: ScaleSource = ScaleSource.NONE

    @property
    def known(self) -> bool:
        """True where both in-plane spacings may be used for a length in millimetres."""
        return self.row_mm is not None and self.col_mm is not None and self.source in (
            ScaleSource.CALIBRATED, ScaleSource.PROJECTED)

    @property
    def aspect(self) -> float:
        """Displayed height of a pixel over its width; 1.0 where the file is silent."""
        if not self.row_mm or not self.col_mm:
            return 1.0
        return self.row_mm / self.col_mm

    def length_mm(self, a: Point, b: Point) -> float | None:
        """Distance of two source points using both spacings; ``None`` where the scale is not known."""
        if not self.known or self.row_mm is None or self.col_mm is None:
            return None
        return math.hypot((b[0] - a[0]) * self.col_mm, (b[1] - a[1]) * self.row_mm)

    def area_mm2(self, area_px: float) -> float | None:
        """Area of ``area_px`` source pixels in square millimetres; ``None`` where the scale is not known."""
        if not self.known or self.row_mm is None or self.col_mm is None:
            return None
        return area_px * self.row_mm * self.col_mm


@dataclass(frozen=True, slots=True)
class Circle:
    """Through ``start``, around ``centre``; both in pixels of one picture, which are taken as square."""

    start: Point
    centre: Point

    @property
    def radius(self) -> float:
        return math.dist(self.start, self.centre)


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-aligned rectangle in source pixels (x, y of its top-left corner, width, height)."""

    x: float
    y: float
    w: float
    h: float

    @property
    def centre(self) -> Point:
        return (self.x + self.w / 2, self.y + self.h / 2)

    def as_list(self) -> list[float]:
        return [self.x, self.y, self.w, self.h]

    def clipped(self, rows: int, cols: int) -> Box:
        """The part of the box inside an image of ``rows`` x ``cols``; width or height 0 where nothing is."""
        x0, y0 = min(max(self.x, 0.0), cols), min(max(self.y, 0.0), rows)
        x1, y1 = min(max(self.x + self.w, 0.0), cols), min(max(self.y + self.h, 0.0), rows)
        return Box(x0, y0, max(0.0, x1 - x0), max(0.0, y1 - y0))
