"""Regions under the hand: growing while drawn, handles, moving and reshaping.  Source pixels, no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fineview.core.geometry import Point
from fineview.core.region import Region, RegionKind

_TWO_CORNERS = (RegionKind.BOX, RegionKind.ELLIPSE)
_MANY = (RegionKind.POLYGON, RegionKind.FREEHAND)


@dataclass(frozen=True, slots=True)
class Draft:
    """A region on its way: the points set so far and the one that follows the cursor."""

    kind: RegionKind
    points: tuple[Point, ...]
    cursor: Point

    def moved(self, cursor: Point, step: float) -> Draft:
        """The cursor went on; freehand keeps a point every ``step`` source pixels."""
        if self.kind is RegionKind.FREEHAND and math.dist(cursor, self.points[-1]) >= step:
            return Draft(self.kind, (*self.points, cursor), cursor)
        return Draft(self.kind, self.points, cursor)

    def clicked(self) -> Draft:
        """One more vertex of a polygon, or the next end of an angle."""
        return Draft(self.kind, (*self.points, self.cursor), self.cursor)

    @property
    def whole(self) -> bool:
        """Whether the next click ends it: an angle with its first arm."""
        return self.kind is RegionKind.ANGLE and len(self.points) >= 2

    def so_far(self) -> Region:
        """What to draw now."""
        path = (*self.points, self.cursor)
        if self.kind is RegionKind.POINT:
            return Region(self.kind, (self.cursor,))
        if self.kind is RegionKind.LENGTH or (self.kind is RegionKind.ANGLE and not self.whole):
            return Region(RegionKind.LENGTH, (path[0], path[-1]))
        if self.kind in _MANY:
            return Region(RegionKind.FREEHAND, path if len(path) > 2 else (*path, path[-1]))
        return Region(self.kind, path if self.kind is RegionKind.ANGLE else (path[0], path[-1]))

    def region(self, smallest: float) -> Region | None:
        """The finished region, or None where it is smaller than ``smallest`` source pixels (a slip of the hand)."""
        if self.kind is RegionKind.POINT:
            return Region(self.kind, (self.cursor,))
        if self.kind is RegionKind.ANGLE:
            arms = [math.dist(end, self.points[1]) for end in (self.points[0], self.cursor)] if self.whole else [0.0]
            return Region(self.kind, (*self.points[:2], self.cursor)) if min(arms) >= smallest else None
        points = self.points if self.kind in _MANY else (self.points[0], self.cursor)
        if self.kind in _MANY and len(points) < 3:
            return None
        made = Region(self.kind, points)
        if self.kind is RegionKind.LENGTH:
            return made if math.dist(*made.points) >= smallest else None
        return made if min(made.bounds.w, made.bounds.h) >= smallest else None


def handles(region: Region) -> tuple[Point, ...]:
    """Where a hand can take hold: eight around a box or ellipse, each vertex, end and apex; none on the others."""
    if region.kind in _TWO_CORNERS:
        box = region.bounds
        xs, ys = (box.x, box.x + box.w / 2, box.x + box.w), (box.y, box.y + box.h / 2, box.y + box.h)
        return tuple((xs[i], ys[j]) for j in range(3) for i in range(3) if (i, j) != (1, 1))
    return region.points if region.kind in (RegionKind.POLYGON, RegionKind.LENGTH, RegionKind.ANGLE) else ()


def reshaped(region: Region, handle: int, to: Point) -> Region:
    """The region with one handle pulled to ``to``; the opposite side stays."""
    if region.kind not in _TWO_CORNERS:
        points = tuple(to if i == handle else p for i, p in enumerate(region.points))
        return Region(region.kind, points)
    box = region.bounds
    left, top, right, bottom = box.x, box.y, box.x + box.w, box.y + box.h
    column, row = ((0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2), (2, 2))[handle]
    left, right = (to[0] if column == 0 else left, to[0] if column == 2 else right)
    top, bottom = (to[1] if row == 0 else top, to[1] if row == 2 else bottom)
    return Region(region.kind, ((min(left, right), min(top, bottom)), (max(left, right), max(top, bottom))))


def moved_inside(region: Region, dx: float, dy: float, rows: int, cols: int) -> Region:
    """Move without leaving the picture."""
    box = region.bounds
    dx = min(max(dx, -box.x), max(cols - box.x - box.w, -box.x))
    dy = min(max(dy, -box.y), max(rows - box.y - box.h, -box.y))
    return region.moved(dx, dy)


def inside(point: Point, rows: int, cols: int) -> Point:
    """The nearest point of the picture."""
    return (min(max(point[0], 0.0), float(cols)), min(max(point[1], 0.0), float(rows)))
