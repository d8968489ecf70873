"""Which picture a volume of B-scans lies on, and where: by reference first, else by the frame of reference.  Pure.

A photograph or en-face image that the volume names is its localizer; else an en-face image that names the volume; else
one that lies in the same frame of reference, in front of the B-scans.  Lines that a file does not give are worked out
from the places of both (PS3.3 C.7.6.2.1.1): the B-scan's plane cuts the picture's along them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from fineview.core.geometry import Point
from fineview.core.study import FrameInfo, Series
from fineview.formats.ophthalmic import VOLUMES
from fineview.imaging.line_on import line_on

_PICTURES = ("OP", "OPTENF", "OPM")


def linked(every: Sequence[Series], sources: Mapping[str, frozenset[str]]) -> list[Series]:
    """The series of one study, each volume with its localizer and lines.

    ``sources``: UID of an en-face series -> SOP instances that it was made of.
    """
    pictures = [one for one in every if one.modality in _PICTURES and one.frames]
    return [_placed(one, pictures, sources) if one.modality in VOLUMES and one.frames else one for one in every]


def _placed(volume: Series, pictures: Sequence[Series], sources: Mapping[str, frozenset[str]]) -> Series:
    named = [one for one in pictures if one.uid == volume.localizer_uid]
    own = {frame.sop_uid for frame in volume.frames}
    naming = [one for one in pictures if own & sources.get(one.uid, frozenset())]
    beside = [one for one in pictures if _same_space(volume, one) and _same_side(volume, one)]
    found: dict[str, tuple[Series, list[tuple[Point, Point] | None]]] = {}
    for picture in (*named, *naming, *beside):
        lines = _lines(volume, picture)
        if picture in named or picture in naming or any(line is not None for line in lines):
            found.setdefault(picture.uid, (picture, lines))
    if not found:
        return volume
    picture, lines = next(iter(found.values()))
    # Lines on a picture that is not open mean nothing on another.
    own_lines = picture in named
    frames = tuple(frame if own_lines and (frame.scan_line or frame.scan_circle)
                   else replace(frame, scan_line=line, scan_circle=None)
                   for frame, line in zip(volume.frames, lines, strict=True))
    return replace(volume, localizer_uid=picture.uid, frames=frames, beside=tuple(found))


def _same_space(volume: Series, picture: Series) -> bool:
    return bool(volume.frame_of_reference_uid) and volume.frame_of_reference_uid == picture.frame_of_reference_uid


def _same_side(volume: Series, picture: Series) -> bool:
    eyes = {volume.laterality.value, picture.laterality.value} - {None}
    return len(eyes) < 2


def _lines(volume: Series, picture: Series) -> list[tuple[Point, Point] | None]:
    """Lines of all B-scans on the picture; none where the two are in different spaces, or none falls on it."""
    target = picture.frames[picture.default_frame]
    if not _same_space(volume, picture):
        return [None] * len(volume.frames)
    lines = [line_on(frame, target) for frame in volume.frames]
    seen = [line for line in lines if line is not None and _inside(line, target)]
    return lines if seen else [None] * len(lines)


def _inside(line: tuple[Point, Point], picture: FrameInfo) -> bool:
    x, y = np.mean(line, axis=0)
    return bool(0 <= x <= picture.cols and 0 <= y <= picture.rows)
