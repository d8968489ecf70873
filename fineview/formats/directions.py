"""Directions and positions in the patient, from the header alone (PS3.3 C.7.6.1.1.1, C.7.6.2.1.1)."""

from __future__ import annotations

import re

import numpy as np
from pydicom.dataset import Dataset

from fineview.core.orientation import Orientation, for_eye
from fineview.core.place import Place, Vector
from fineview.formats.values import Groups, numbers, text

_AXES = (("L", "R"), ("P", "A"), ("H", "F"))
_FARTHEST_MM = 1e6  # no scanner is a kilometre long: such numbers are damage, and would overflow what is made of them
_LEAST = 0.15
"""Smallest cosine that gets a letter, about 8 degrees: less than that nobody sees, and "LA" would mislead."""


def letters(vector: Vector) -> str:
    """Direction in patient coordinates (x to the left, y to the back, z to the head) as letters, strongest first."""
    found = sorted(((abs(c), names[c < 0]) for c, names in zip(vector, _AXES, strict=True) if abs(c) >= _LEAST),
                   key=lambda pair: -pair[0])
    return "".join(name for _, name in found)


def cosines(dataset: Dataset, groups: Groups, frame: int) -> tuple[Vector, Vector] | None:
    """Direction of increasing column and of increasing row, ``None`` where not two perpendicular units."""
    holder = groups.item(frame, "PlaneOrientationSequence") or dataset
    values = numbers(holder, "ImageOrientationPatient")
    if len(values) != 6:
        return None
    row, column = np.array(values[:3]), np.array(values[3:])
    if abs(np.linalg.norm(row) - 1) > 0.01 or abs(np.linalg.norm(column) - 1) > 0.01 or abs(row @ column) > 0.01:
        return None
    return (values[0], values[1], values[2]), (values[3], values[4], values[5])


def normal_of(pair: tuple[Vector, Vector]) -> Vector:
    """Unit vector along which frames are stacked: row direction x column direction."""
    n = np.cross(pair[0], pair[1])
    n = n / np.linalg.norm(n)
    return float(n[0]), float(n[1]), float(n[2])


def place_of(dataset: Dataset, groups: Groups, frame: int, pair: tuple[Vector, Vector] | None) -> Place | None:
    """Where the frame's pixels lie; RT Dose gives offsets along the normal instead (C.8.8.3.2)."""
    holder = groups.item(frame, "PlanePositionSequence") or dataset
    corner = numbers(holder, "ImagePositionPatient")
    if pair is None or len(corner) != 3:
        return None
    offsets = numbers(dataset, "GridFrameOffsetVector")
    extra = offsets[frame] - offsets[0] if frame < len(offsets) else 0.0
    x, y, z = (at + extra * along for at, along in zip(corner, normal_of(pair), strict=True))
    if not max(abs(x), abs(y), abs(z)) <= _FARTHEST_MM:
        return None
    return Place((x, y, z), _unit(pair[0]), _unit(pair[1]))


def _unit(vector: Vector) -> Vector:
    x, y, z = np.array(vector) / np.linalg.norm(vector)
    return float(x), float(y), float(z)


def position_of(place: Place | None) -> float | None:
    """Distance in mm of the frame's first pixel along its normal."""
    return sum(at * along for at, along in zip(place.corner_mm, place.normal, strict=True)) if place else None


def orientation_of(dataset: Dataset, pair: tuple[Vector, Vector] | None, eye: str | None) -> Orientation:
    """Letters of the two image directions; nasal and temporal where ``eye`` is "R" or "L"."""
    if text(dataset, "AnatomicalOrientationType") == "QUADRUPED":
        return Orientation()
    if pair is not None:
        along_row, along_column = letters(pair[0]), letters(pair[1])
    else:
        said = text(dataset, "PatientOrientation").split("\\")
        along_row, along_column = said if len(said) == 2 and all(map(_is_direction, said)) else ("", "")
    return Orientation(for_eye(along_row, eye), for_eye(along_column, eye))


def _is_direction(word: str) -> bool:
    return re.fullmatch(r"[RLAPHF]{1,3}", word) is not None
