"""Where B-scans lie on their localizer: from millimetres to its pixels, and to places along a stack."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fineview.core.geometry import Point

LineMm = tuple[Point, Point]
_PARALLEL = 0.999
_FARTHEST_PX = 1e6


def on_localizer(line: LineMm | None, scale_mm: tuple[float | None, float | None]) -> tuple[Point, Point] | None:
    """End points in localizer pixels, both with the corner of the top-left pixel at (0, 0); None where it has none.

    ``scale_mm``: width and height of a localizer pixel.
    """
    across, down = scale_mm
    if line is None or not across or not down or across < 0 or down < 0:
        return None
    (x0, y0), (x1, y1) = line
    ends = (x0 / across, y0 / down, x1 / across, y1 / down)
    if not all(math.isfinite(v) and abs(v) < _FARTHEST_PX for v in ends):
        return None
    return (ends[0], ends[1]), (ends[2], ends[3])


def positions(lines: Sequence[LineMm | None]) -> list[float] | list[None]:
    """Distance of each B-scan from the first, in millimetres, growing in the order of the file.

    None for all where they are not parallel, or one has no line: they then keep the file's order.
    """
    none: list[None] = [None] * len(lines)
    known = [line for line in lines if line is not None]
    ends = np.array(known, dtype=float).reshape(-1, 2, 2)
    if len(known) != len(lines) or not np.isfinite(ends).all() or np.abs(ends).max(initial=0) > _FARTHEST_PX:
        return none
    along = ends[:, 1] - ends[:, 0]
    length = np.hypot(along[:, 0], along[:, 1])
    if not length.all():
        return none
    along /= length[:, None]
    if (along @ along[0] < _PARALLEL).any():
        return none
    normal = np.array([-along[0, 1], along[0, 0]])
    off = (ends.mean(axis=1) - ends[0].mean(axis=0)) @ normal
    return [float(v) + 0.0 for v in (off if off[-1] >= 0 else -off)]  # no minus zero
