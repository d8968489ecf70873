"""From what a file says of its B-scans to their places on the fundus, with the source of every millimetre.

With a localizer the lines drawn on its picture count, without one the positions of the frames.  Nothing is guessed:
directions the header does not give stay without a name.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import RequestProblem
from fineview.core.geometry import Point, ScaleSource, Spacing
from fineview.core.orientation import Orientation
from fineview.core.study import FrameInfo, Laterality, Series
from fineview.core.thickness import Directions
from fineview.imaging.scan_plane import ScanPlane
from fineview.imaging.stack import not_parallel, of_several_scans

Array = NDArray[np.float64]
# Directions of the patient on the fundus plane as it is looked at: x to the patient's left, y to the feet.
_ON_FUNDUS: dict[str, tuple[float, float, float]] = {
    "L": (1, 0, 0), "R": (-1, 0, 0), "H": (0, -1, 0), "F": (0, 1, 0), "P": (0, 0, 1), "A": (0, 0, -1)}
_SCALES_AGREE = 0.03


def plane_of(series: Series, localizer: FrameInfo | None) -> ScanPlane:
    """The fundus plane of a volume.

    Raises ``RequestProblem``: ``not-a-raster``, or ``no-scale`` where nothing gives millimetres across the fundus.
    """
    lines = [frame.scan_line for frame in series.frames]
    if localizer is not None and len(lines) > 1 and all(line is not None for line in lines):
        return _on_localizer(series, localizer, np.array(lines, dtype=np.float64))
    return _by_position(series)


def _on_localizer(series: Series, localizer: FrameInfo, lines_px: Array) -> ScanPlane:
    first, cols = series.frames[0], series.frames[0].cols or series.cols
    own, picture = first.spacing, localizer.spacing
    lengths_px = np.linalg.norm(lines_px[:, 1] - lines_px[:, 0], axis=1)
    notes: tuple[str, ...] = ()
    if _has_scale(picture):
        assert picture.row_mm is not None and picture.col_mm is not None
        scale, source = np.array([picture.col_mm, picture.row_mm]), picture.source
        length_mm = float(np.median(np.linalg.norm((lines_px[:, 1] - lines_px[:, 0]) * scale, axis=1)))
        if own.col_mm and own.source is not ScaleSource.NONE:
            off = length_mm / (own.col_mm * (cols - 1)) - 1
            if abs(off) > _SCALES_AGREE:
                notes = (f"the localizer makes the B-scans {abs(off) * 100:.0f} % {'longer' if off > 0 else 'shorter'} "
                         "than their own spacing does; the localizer's scale is used",)
    elif own.col_mm and own.source is not ScaleSource.NONE and np.median(lengths_px) > 0:
        one = own.col_mm * (cols - 1) / float(np.median(lengths_px))
        scale, source = np.array([one, one]), own.source
        notes = ("the localizer has no scale of its own; the B-scans' spacing is used",)
    else:
        raise _no_scale()
    return ScanPlane(lines_px * scale, cols, source, _seen(localizer.orientation, series.laterality),
                     (1.0 / float(scale[0]), 1.0 / float(scale[1])), notes)


def _by_position(series: Series) -> ScanPlane:
    frames, cols = series.frames, series.frames[0].cols or series.cols
    own = frames[0].spacing
    if not own.col_mm or own.source is ScaleSource.NONE:
        raise _no_scale()
    places = [frame.position_mm for frame in frames]
    row, normal = _patient_axes(frames[0].orientation, series.laterality)
    notes: tuple[str, ...] = ()
    between = own.slice_mm or series.spacing.slice_mm
    if not_parallel(frames):
        raise RequestProblem("This series has no thickness map: its B-scans are not parallel, and no localizer shows "
                             "where they lie.", "Choose a volume of parallel B-scans.", "not-a-raster")
    if any(place is None for place in places):
        if not between or of_several_scans(frames):
            raise RequestProblem("This series has no thickness map: the distance between its B-scans is unknown.",
                                 "Choose a volume whose file gives the places of its B-scans.", "no-scale")
        places = [index * between for index in range(len(frames))]
        normal = None
        notes = ("the places of the B-scans follow from their number and the distance between them",)
    x_axis, y_axis = row or (1.0, 0.0), normal if row and normal else None
    across = np.array(y_axis if y_axis is not None else (0.0, 1.0))
    middles = (np.array(places, np.float64) - float(np.mean([p for p in places if p is not None])))[:, None] * across
    half = np.array(x_axis) * own.col_mm * (cols - 1) / 2
    ends = np.stack([middles - half, middles + half], axis=1)
    known = row is not None and y_axis is not None
    directions = Directions(_nasal(series.laterality), "S") if known else Directions()
    if not known:
        notes += ("the file does not say which way the B-scans lie in the eye",)
    return ScanPlane(ends, cols, own.source, directions, None, notes)


def _patient_axes(orientation: Orientation, side: Laterality) -> tuple[Point | None, Point | None]:
    """Directions of increasing column and of increasing frame position on the fundus plane, None where unknown."""
    row, column = (_patient(letters, side) for letters in (orientation.along_row, orientation.along_column))
    if row is None or column is None:
        return None, None
    # The picture's axes: x left, y feet, z back; the patient's: x left, y back, z head.
    stacked = np.cross(np.array((row[0], row[2], -row[1])), np.array((column[0], column[2], -column[1])))
    ahead = (float(stacked[0]), float(-stacked[2]))
    flat = (row[0], row[1])
    return (flat if any(flat) else None), (ahead if any(ahead) else None)


def _patient(letters: str, side: Laterality) -> tuple[float, float, float] | None:
    first = letters[:1]
    if first in ("N", "T"):
        if side.value not in ("R", "L"):
            return None
        first = "L" if (first == "N") is (side.value == "R") else "R"
    return _ON_FUNDUS.get(first)


def _seen(orientation: Orientation, side: Laterality) -> Directions:
    """What lies right of and above a picture of the fundus: as its header says, else upright, as such pictures are."""
    row, column = (_patient(letters, side) for letters in (orientation.along_row, orientation.along_column))
    if row is None and column is None:
        return Directions(_nasal(side), "S")
    right = _nasal(side) if row == _ON_FUNDUS["L"] else _temporal(side) if row == _ON_FUNDUS["R"] else ""
    up = "S" if column == _ON_FUNDUS["F"] else "I" if column == _ON_FUNDUS["H"] else ""
    return Directions(right, up)


def _nasal(side: Laterality) -> str:
    """What lies towards the patient's left.  A side that only a file's name gives names no field."""
    if side.source != "header":
        return ""
    return {"R": "N", "L": "T"}.get(side.value or "", "")


def _temporal(side: Laterality) -> str:
    return {"N": "T", "T": "N"}.get(_nasal(side), "")


def _has_scale(spacing: Spacing) -> bool:
    return bool(spacing.row_mm and spacing.col_mm) and spacing.source is not ScaleSource.NONE


def _no_scale() -> RequestProblem:
    return RequestProblem("This series has no thickness map: nothing gives a scale across the fundus.",
                          "Measure single thicknesses in pixels, or open the instrument's own file.", "no-scale")
