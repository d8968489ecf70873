"""Linked scroll: which frame of another series belongs beside the one that was scrolled to.  Pure.

Three relations, the strongest that the files allow: the same place in the patient; the same way along two OCT volumes
(two eyes, two visits), in mm where both scales are known; the same number of frames on.  The last two count from where
both stood when they were linked, so that a hand may line them up first.
"""

from __future__ import annotations

from typing import Literal

from fineview.core.crossing import centre_mm, dot, parallel
from fineview.core.study import FrameInfo, Series

Relation = Literal["place", "scan", "index"]
RELATION_WORDS: dict[Relation, str] = {
    "place": "by place in the patient", "scan": "by place in the scan", "index": "by frame number"}


def relation(one: Series, other: Series) -> Relation | None:
    """How two series scroll together; None: they do not."""
    if min(len(one.frames), len(other.frames)) < 2 or one.modality != other.modality and not _one_space(one, other):
        return None
    if one.uid == other.uid:
        return "index"
    mine, theirs = one.frames[0].place, other.frames[0].place
    if mine is not None and theirs is not None:
        if not (parallel(mine, theirs) and _one_way(one) and _one_way(other)):
            return None
        if _one_space(one, other) and _placed(one) and _placed(other):
            return "place"
    return "scan" if one.modality == other.modality == "OPT" else "index"


def follow(lead: Series, was: int, now: int, other: Series, start: int) -> int | None:
    """Index in ``other`` when ``lead`` goes to ``now``; ``was`` and ``start``: where both stood when linked."""
    how = relation(lead, other)
    if how is None:
        return None
    if how == "place":
        return _nearest_place(lead.frames[now], other)
    if how == "scan":
        way, theirs = _along(lead, other), _along(other, lead)
        return _clamped(start + round(way * (now - was) / theirs), other)
    return _clamped(start + now - was, other)


def _one_space(one: Series, other: Series) -> bool:
    return one.frame_of_reference_uid is not None and one.frame_of_reference_uid == other.frame_of_reference_uid


def _placed(series: Series) -> bool:
    return all(centre_mm(frame) is not None for frame in (series.frames[0], series.frames[-1]))


def _one_way(series: Series) -> bool:
    """Whether the frames lie in one direction, by the first, the middle and the last: a scout may hold three planes."""
    places = [series.frames[at].place for at in (0, len(series.frames) // 2, -1)]
    return places[0] is not None and all(one is not None and parallel(places[0], one) for one in places)


def _nearest_place(frame: FrameInfo, other: Series) -> int | None:
    at, place = centre_mm(frame), other.frames[0].place
    if at is None or place is None:
        return None
    wanted = dot(at, place.normal)
    found = [(abs(dot(centre, place.normal) - wanted), index) for index, one in enumerate(other.frames)
             if (centre := centre_mm(one)) is not None]
    return min(found)[1] if found else None


def _along(series: Series, other: Series) -> float:
    """How far one frame leads along the scan, down the fundus being positive: mm where both say, else its share."""
    steps = [one.frames[0].spacing.slice_mm for one in (series, other)]
    step = steps[0] if steps[0] and steps[1] else 1.0 / (len(series.frames) - 1)
    return step * _direction(series)


def _direction(series: Series) -> int:
    """-1 where the scan goes up the fundus; 1 where it goes down, or nobody knows."""
    first, last = series.frames[0].scan_line, series.frames[-1].scan_line
    if first is None or last is None:
        return 1
    across, down = (last[0][axis] + last[1][axis] - first[0][axis] - first[1][axis] for axis in (0, 1))
    return -1 if down < 0 and abs(down) > abs(across) else 1


def _clamped(index: int, series: Series) -> int:
    return min(max(index, 0), len(series.frames) - 1)
