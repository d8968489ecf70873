"""Where a B-scan lies on a picture of the fundus in the same frame of reference: its plane cuts the picture's there."""

from __future__ import annotations

from collections.abc import Sequence

from fineview.core.geometry import Point
from fineview.core.place import Vector
from fineview.core.study import FrameInfo

_ALONG_BEAM = 0.9
"""Cosine between the depth of a B-scan and the normal of the picture it is projected on, about 25 degrees."""


def line_on(frame: FrameInfo, picture: FrameInfo) -> tuple[Point, Point] | None:
    """Centres of the first and last A-scan of ``frame`` on ``picture``, seen along its normal, in its source pixels.

    None where either has no place or no spacing, or the B-scan is not looked at from above (PS3.3 C.7.6.2.1.1).
    """
    here, there = frame.place, picture.place
    across, down = picture.spacing.col_mm, picture.spacing.row_mm
    if here is None or there is None or not frame.spacing.col_mm or not across or not down or frame.cols < 2:
        return None
    if abs(_dot(here.down, there.normal)) < _ALONG_BEAM:
        return None
    length = frame.spacing.col_mm * (frame.cols - 1)
    ends = (here.corner_mm, tuple(at + length * along for at, along in zip(here.corner_mm, here.right, strict=True)))
    first, last = ((_dot(_minus(end, there.corner_mm), there.right) / across + 0.5,
                    _dot(_minus(end, there.corner_mm), there.down) / down + 0.5) for end in ends)
    return first, last


def _dot(a: Sequence[float], b: Vector) -> float:
    return sum(one * other for one, other in zip(a, b, strict=True))


def _minus(a: Sequence[float], b: Vector) -> tuple[float, ...]:
    return tuple(one - other for one, other in zip(a, b, strict=True))
