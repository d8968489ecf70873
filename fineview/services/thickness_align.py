"""Laying two volumes of one patient on each other: by what their files say, else by marks.  Pure.

Nothing is registered by its looks: a difference map must not be smoothed by the very difference it shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.change import AlignedBy, Alignment
from fineview.core.geometry import Point
from fineview.core.study import Patient, Series
from fineview.imaging.scan_plane import ScanPlane
from fineview.services.thickness import Thickness

_AGAINST = {"S": "I", "I": "S", "N": "T", "T": "N"}
# How far the places of single B-scans may contradict each other before the file's coordinates are not believed.
_AGREE_MM = 0.05
_SAME_SCALE = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A measured volume with whose it is and when; ``fovea``: where a person marked it, on the plane."""

    patient: Patient
    study_uid: str
    date: str
    series: Series
    thickness: Thickness
    fovea: Point | None = None


def align(shown: Measured, other: Measured) -> Alignment:
    """By the localizer both lie on, else their frame of reference, else marked foveas, else the grids' centres.

    Directions that lie against each other are flipped, so that nasal comes to lie on nasal and superior on superior.
    """
    here, there = shown.thickness.plane, other.thickness.plane
    flip = (_flip(here.directions.right, there.directions.right), _flip(here.directions.up, there.directions.up))
    one_eye = shown.series.laterality.value == other.series.laterality.value
    if one_eye and _one_localizer(shown, other):
        return Alignment("localizer")
    if one_eye and flip == (1.0, 1.0) and _one_space(shown, other):
        mine, theirs = in_space(shown.series, here), in_space(other.series, there)
        if mine is not None and theirs is not None:
            return Alignment("space", flip, (mine[0] - theirs[0], mine[1] - theirs[1]))
    by: AlignedBy = "centre"
    at, to = shown.thickness.grid.centre_mm, other.thickness.grid.centre_mm
    if shown.fovea is not None and other.fovea is not None:
        by, at, to = "fovea", shown.fovea, other.fovea
    return Alignment(by, flip, (to[0] - at[0] * flip[0], to[1] - at[1] * flip[1]))


def _flip(mine: str, theirs: str) -> float:
    return -1.0 if mine and theirs == _AGAINST[mine] else 1.0


def _one_localizer(shown: Measured, other: Measured) -> bool:
    here, there = shown.thickness.plane.px_per_mm, other.thickness.plane.px_per_mm
    if here is None or there is None or shown.series.localizer_uid != other.series.localizer_uid:
        return False
    return all(abs(a / b - 1) <= _SAME_SCALE for a, b in zip(here, there, strict=True))


def _one_space(shown: Measured, other: Measured) -> bool:
    uid = shown.series.frame_of_reference_uid
    return bool(uid) and uid == other.series.frame_of_reference_uid


def in_space(series: Series, plane: ScanPlane) -> Point | None:
    """Where the plane's origin lies in the patient as seen on the fundus (x to the left, y to the feet), in mm.

    None where a frame has no place, or the places contradict the plane.
    """
    places = [frame.place for frame in series.frames]
    if not places or any(place is None for place in places) or len(places) != len(plane.ends_mm):
        return None
    corners = np.array([place.corner_mm for place in places if place is not None])
    seen: NDArray[np.float64] = np.stack([corners[:, 0], -corners[:, 2]], axis=1)
    offsets = seen - plane.ends_mm[:, 0]
    middle = np.median(offsets, axis=0)
    if not np.isfinite(offsets).all() or float(np.abs(offsets - middle).max()) > _AGREE_MM:
        return None
    return float(middle[0]), float(middle[1])
