"""Where a B-scan lies on a picture of the fundus in the same frame of reference: its plane cuts the picture's there."""

from __future__ import annotations

from fineview.core.crossing import dot, foot
from fineview.core.geometry import Point
from fineview.core.study import FrameInfo

_ALONG_BEAM = 0.9
"""Cosine between the depth of a B-scan and the normal of the picture it is projected on, about 25 degrees."""


def line_on(frame: FrameInfo, picture: FrameInfo) -> tuple[Point, Point] | None:
    """Centres of the first and last A-scan of ``frame`` on ``picture``, seen along its normal, in its source pixels.

    None where either has no place or no spacing, or the B-scan is not looked at from above (PS3.3 C.7.6.2.1.1).
    """
    here, there = frame.place, picture.place
    if here is None or there is None or not frame.spacing.col_mm or frame.cols < 2:
        return None
    if abs(dot(here.down, there.normal)) < _ALONG_BEAM:
        return None
    length = frame.spacing.col_mm * (frame.cols - 1)
    (x, y, z), (to_x, to_y, to_z) = here.corner_mm, here.right
    first = foot(picture, here.corner_mm)
    last = foot(picture, (x + length * to_x, y + length * to_y, z + length * to_z))
    return (first, last) if first is not None and last is not None else None
