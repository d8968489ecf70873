"""Where one frame's plane cuts through another frame: the reference line of two views of one patient.

Points follow ``core.geometry``: source pixels, the corner of the first pixel at (0, 0).
"""

from __future__ import annotations

from fineview.core.geometry import Point
from fineview.core.place import Place, Vector
from fineview.core.study import FrameInfo

# Planes this near to parallel (the sine of their angle) have no line that means anything.
_PARALLEL = 0.05


def dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def centre_mm(frame: FrameInfo) -> Vector | None:
    """The middle of a frame in patient coordinates; None where its place or its scale is not known."""
    return _at(frame, (frame.cols / 2, frame.rows / 2))


def crossing(cut: FrameInfo, picture: FrameInfo) -> tuple[Point, Point] | None:
    """The line along which ``cut`` passes through ``picture``, as long as both reach, in pixels of ``picture``.

    Both must lie in one frame of reference.  None where places or spacings are not known, planes are parallel or the
    two do not meet.
    """
    through = centre_mm(cut)
    corners = [_at(picture, corner) for corner in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))]
    if through is None or cut.place is None or any(corner is None for corner in corners):
        return None
    normal = cut.place.normal
    first, right, down = (dot(normal, _minus(corner, through)) for corner in corners if corner is not None)
    # Height above the cutting plane is level + a x + b y, in mm.
    level, a, b = first, right - first, down - first
    line = _zero_line(level, a, b, picture)
    return _within(line, cut, picture) if line is not None else None


def _zero_line(level: float, a: float, b: float, picture: FrameInfo) -> tuple[Point, Point] | None:
    """The part of level + a x + b y = 0 inside the picture."""
    col, row = picture.spacing.col_mm or 1.0, picture.spacing.row_mm or 1.0
    if (a / col) ** 2 + (b / row) ** 2 < _PARALLEL**2:
        return None
    scale = -level / (a * a + b * b)
    start, step = (a * scale, b * scale), (-b, a)
    return _clip(start, step, float(picture.cols), float(picture.rows))


def _within(line: tuple[Point, Point], cut: FrameInfo, picture: FrameInfo) -> tuple[Point, Point] | None:
    """The part of a line of ``picture`` that the frame ``cut`` reaches."""
    ends = [foot(cut, _at(picture, end)) for end in line]
    if ends[0] is None or ends[1] is None:
        return None
    (ax, ay), (bx, by) = ends[0], ends[1]
    shares = _shares((ax, ay), (bx - ax, by - ay), float(cut.cols), float(cut.rows), 0.0, 1.0)
    if shares is None:
        return None
    (px, py), (qx, qy) = line
    made = tuple((px + share * (qx - px), py + share * (qy - py)) for share in shares)
    return made[0], made[1]


def _clip(start: Point, step: Point, width: float, height: float) -> tuple[Point, Point] | None:
    shares = _shares(start, step, width, height, float("-inf"), float("inf"))
    if shares is None:
        return None
    made = tuple((start[0] + share * step[0], start[1] + share * step[1]) for share in shares)
    return made[0], made[1]


def _shares(start: Point, step: Point, width: float, height: float, low: float, high: float
            ) -> tuple[float, float] | None:
    """For which parameters in [low, high] start + t step lies in the rectangle (Liang and Barsky, 1984)."""
    for place, pace, size in ((start[0], step[0], width), (start[1], step[1], height)):
        if abs(pace) < 1e-12:
            if not 0.0 <= place <= size:
                return None
            continue
        one, other = sorted((-place / pace, (size - place) / pace))
        low, high = max(low, one), min(high, other)
    return (low, high) if low < high else None


def _at(frame: FrameInfo, point: Point) -> Vector | None:
    """Patient coordinates of a source point."""
    place, spacing = frame.place, frame.spacing
    if place is None or spacing.row_mm is None or spacing.col_mm is None:
        return None
    x, y = (point[0] - 0.5) * spacing.col_mm, (point[1] - 0.5) * spacing.row_mm
    corner, right, down = place.corner_mm, place.right, place.down
    return (corner[0] + x * right[0] + y * down[0], corner[1] + x * right[1] + y * down[1],
            corner[2] + x * right[2] + y * down[2])


def foot(frame: FrameInfo, at: Vector | None) -> Point | None:
    """The source point nearest to patient coordinates, on the frame's plane; None where that is not known."""
    place, spacing = frame.place, frame.spacing
    if at is None or place is None or not spacing.row_mm or not spacing.col_mm:
        return None
    away = _minus(at, place.corner_mm)
    return dot(away, place.right) / spacing.col_mm + 0.5, dot(away, place.down) / spacing.row_mm + 0.5


def _minus(a: Vector, b: Vector) -> Vector:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def parallel(a: Place, b: Place) -> bool:
    """Whether two planes are nearly parallel, whichever way their frames are ordered (within about 11 degrees)."""
    return abs(dot(a.normal, b.normal)) > 0.98
