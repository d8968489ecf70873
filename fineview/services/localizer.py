"""The picture beside a volume: the one its file names, or another of the same eye that a person chose.  Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fineview.core.geometry import Circle, Point
from fineview.core.study import Series, Study
from fineview.imaging.line_on import line_on

Shape = tuple[Point, Point] | Circle | None


def pictures_of(study: Study, volume: Series) -> tuple[Series, ...]:
    """Every open picture that can stand beside ``volume``, its own localizer first."""
    wanted = volume.beside or ((volume.localizer_uid,) if volume.localizer_uid else ())
    there = {one.uid: one for one in study.series if one.frames}
    return tuple(there[uid] for uid in wanted if uid in there)


def localizer(study: Study | None, volume: Series | None, wishes: Mapping[str, str]) -> Series | None:
    """``wishes``: UID of a volume -> of the picture a person wants beside it."""
    found = pictures_of(study, volume) if study is not None and volume is not None else ()
    wished = wishes.get(volume.uid) if volume is not None else None
    return next((one for one in found if one.uid == wished), found[0] if found else None)


def shapes_on(volume: Series, picture: Series) -> tuple[Shape, ...]:
    """Where each B-scan lies on ``picture``: as the file says of its own localizer, else by the places of both."""
    if picture.uid == volume.localizer_uid:
        return tuple(frame.scan_line or frame.scan_circle for frame in volume.frames)
    if not volume.frame_of_reference_uid or volume.frame_of_reference_uid != picture.frame_of_reference_uid:
        return (None,) * len(volume.frames)
    target = picture.frames[picture.default_frame]
    return tuple(line_on(frame, target) for frame in volume.frames)
