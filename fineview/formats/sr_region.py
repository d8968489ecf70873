"""A drawn region as SCOORD graphic: type and (column, row) pairs (PS3.3 C.18.6).

The standard counts from the corner of the top-left pixel with sub-pixels, as this project does: nothing is shifted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fineview.core.region import Region, RegionKind
from fineview.core.report import ReportItem


def graphic(item: ReportItem) -> tuple[str, NDArray[np.float64]]:
    """("POINT" | "POLYLINE" | "ELLIPSE", float64 (N, 2)), kept inside the image as the standard asks."""
    kind, points = _shape(item.finding.region)
    limits = (item.frame.cols or np.inf, item.frame.rows or np.inf)
    if kind == "ELLIPSE":
        # Cutting an ellipse's axes would change its shape; one that leaves the image becomes its outline.
        if ((points < 0) | (points > limits)).any():
            kind, points = "POLYLINE", _outline(item.finding.region)
        else:
            return kind, points
    return kind, np.clip(points, 0.0, limits)


def _shape(region: Region) -> tuple[str, NDArray[np.float64]]:
    points = np.array(region.points, dtype=np.float64)
    box = region.bounds
    if region.kind is RegionKind.POINT:
        return "POINT", points
    if region.kind in (RegionKind.LENGTH, RegionKind.ANGLE):
        return "POLYLINE", points
    if region.kind is RegionKind.BOX:
        x0, y0, x1, y1 = box.x, box.y, box.x + box.w, box.y + box.h
        return "POLYLINE", np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])
    if region.kind is RegionKind.ELLIPSE:
        (cx, cy) = box.centre
        wide = [(box.x, cy), (box.x + box.w, cy)]
        tall = [(cx, box.y), (cx, box.y + box.h)]
        # Both ends of the major axis come first.
        return "ELLIPSE", np.array(wide + tall if box.w >= box.h else tall + wide)
    return "POLYLINE", np.vstack([points, points[:1]])


def _outline(region: Region) -> NDArray[np.float64]:
    box, angle = region.bounds, np.linspace(0.0, 2 * np.pi, 65)
    (cx, cy) = box.centre
    return np.stack([cx + box.w / 2 * np.cos(angle), cy + box.h / 2 * np.sin(angle)], axis=1)
