"""Perimeters and angles of regions whose pixels are ``col`` wide and ``row`` high: 1 and 1 for source pixels, else mm.

Exact for the drawn shape; nothing is counted in pixels.
"""

from __future__ import annotations

import math

from fineview.core.geometry import Point
from fineview.core.region import Region, RegionKind


def perimeter(region: Region, row: float, col: float) -> float:
    """Way around the shape, 0 for a point, a line and an angle."""
    if not region.has_inside:
        return 0.0
    box = region.bounds
    if region.kind is RegionKind.BOX:
        return 2.0 * (box.w * col + box.h * row)
    if region.kind is RegionKind.ELLIPSE:
        return _around_ellipse(box.w * col / 2, box.h * row / 2)
    corners = [(x * col, y * row) for x, y in region.points]
    return sum(math.dist(a, b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True))


def _around_ellipse(a: float, b: float) -> float:
    """4 a E(e) by the arithmetic-geometric mean (Abramowitz, Stegun 1964, 17.6)."""
    if min(a, b) <= 0.0:
        return 4.0 * max(a, b)
    mean, other, part, weight = a, b, a * a - (a * a - b * b) / 2, 1.0
    while abs(mean - other) > 1e-15 * mean:
        mean, other, apart = (mean + other) / 2, math.sqrt(mean * other), (mean - other) / 2
        part -= weight * apart * apart
        weight *= 2
    return 2.0 * math.pi * part / mean


def angle_deg(a: Point, apex: Point, b: Point, row: float, col: float) -> float | None:
    """Between the arms from ``apex`` to ``a`` and to ``b``, 0 to 180 degrees; None where an arm has no length."""
    ax, ay = (a[0] - apex[0]) * col, (a[1] - apex[1]) * row
    bx, by = (b[0] - apex[0]) * col, (b[1] - apex[1]) * row
    if (ax, ay) == (0.0, 0.0) or (bx, by) == (0.0, 0.0):
        return None
    # atan2 stays exact near 0 and 180 degrees, where the cosine is flat.
    return math.degrees(math.atan2(abs(ax * by - ay * bx), ax * bx + ay * by))
