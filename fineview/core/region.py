"""Regions a person draws: geometry in source pixels, nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from fineview.core.geometry import Box, Point


class RegionKind(StrEnum):
    BOX = "box"
    ELLIPSE = "ellipse"
    POLYGON = "polygon"
    FREEHAND = "freehand"
    POINT = "point"
    LENGTH = "length"
    ANGLE = "angle"


_POINTS = {RegionKind.BOX: 2, RegionKind.ELLIPSE: 2, RegionKind.POINT: 1, RegionKind.LENGTH: 2, RegionKind.ANGLE: 3}
_OPEN = (RegionKind.POINT, RegionKind.LENGTH, RegionKind.ANGLE)


@dataclass(frozen=True, slots=True)
class Region:
    """A drawn shape.  ``points`` in source pixels (x, y), corner convention of ``geometry``.

    box, ellipse: two opposite corners of the bounding rectangle; polygon, freehand: at least three vertices, closed
    implicitly; point: one; length: two end points; angle: end of one arm, apex, end of the other.  Raises
    ``ValueError`` for a wrong number of points.
    """

    kind: RegionKind
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        wanted = _POINTS.get(self.kind)
        if wanted is not None and len(self.points) != wanted:
            raise ValueError(f"a {self.kind} needs {wanted} points, not {len(self.points)}")
        if wanted is None and len(self.points) < 3:
            raise ValueError(f"a {self.kind} needs at least 3 points, not {len(self.points)}")
        if not all(math.isfinite(c) for p in self.points for c in p):
            raise ValueError("a region needs finite coordinates")

    @classmethod
    def from_box(cls, box: Box) -> Region:
        return cls(RegionKind.BOX, ((box.x, box.y), (box.x + box.w, box.y + box.h)))

    @property
    def bounds(self) -> Box:
        xs, ys = [p[0] for p in self.points], [p[1] for p in self.points]
        return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))

    @property
    def has_inside(self) -> bool:
        """Whether there is an area: not of a point, a line or an angle."""
        return self.kind not in _OPEN

    @property
    def centre(self) -> Point:
        """Centre of the bounds; for polygons the mean of the vertices, for an angle its apex."""
        if self.kind is RegionKind.ANGLE:
            return self.points[1]
        if self.kind in (RegionKind.POLYGON, RegionKind.FREEHAND):
            n = len(self.points)
            return (sum(p[0] for p in self.points) / n, sum(p[1] for p in self.points) / n)
        return self.bounds.centre

    @property
    def area_px(self) -> float:
        """Exact area of the shape in square source pixels (not the number of covered pixels); 0 without an inside."""
        box = self.bounds
        if self.kind is RegionKind.BOX:
            return box.w * box.h
        if self.kind is RegionKind.ELLIPSE:
            return math.pi * box.w * box.h / 4
        if not self.has_inside:
            return 0.0
        pairs = zip(self.points, self.points[1:] + self.points[:1], strict=True)
        return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2

    def moved(self, dx: float, dy: float) -> Region:
        return Region(self.kind, tuple((x + dx, y + dy) for x, y in self.points))
