"""RT structure sets (PS3.3 C.8.8.5, C.8.8.6): regions of interest in words, and their contours on one slice.

Runs in the reading child.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.core.companion import Drawing, Part, Reference, Shape
from fineview.core.errors import LimitExceeded
from fineview.formats.display_colour import by_number, recommended
from fineview.formats.on_frame import Target
from fineview.formats.references import distinct, instances
from fineview.formats.values import integer, items, numbers, text

_MOST_REGIONS = 2048
_MOST_POINTS = 100_000
_THIN_MM = 1.0
"""Taken for the slice's thickness where the image names none."""


def regions(dataset: Dataset) -> tuple[Part, ...]:
    """Name, interpreted type and generating algorithm, one part a region."""
    colours = {integer(one, "ReferencedROINumber"): one for one in items(dataset, "ROIContourSequence")}
    types = {integer(one, "ReferencedROINumber"): text(one, "RTROIInterpretedType").lower()
             for one in items(dataset, "RTROIObservationsSequence")}
    made = []
    for item in items(dataset, "StructureSetROISequence")[:_MOST_REGIONS]:
        key = integer(item, "ROINumber") or 0
        said = (types.get(key, ""), text(item, "ROIGenerationAlgorithm").lower())
        made.append(Part(key, text(item, "ROIName") or f"region {key}", ", ".join(word for word in said if word),
                         _colour(colours.get(key), max(key, 1))))
    return tuple(made)


def _colour(item: Dataset | None, number: int) -> tuple[int, int, int]:
    said = numbers(item, "ROIDisplayColor")
    if item is not None and len(said) == 3 and all(0 <= one <= 255 for one in said):
        return int(said[0]), int(said[1]), int(said[2])
    return recommended(item, "RecommendedDisplayCIELabValue", number) if item is not None else by_number(number)


def frames_of_reference(dataset: Dataset) -> str:
    """The frame of reference of all regions; "" where they have several."""
    said = {text(one, "ReferencedFrameOfReferenceUID") for one in items(dataset, "StructureSetROISequence")}
    said |= {text(one, "FrameOfReferenceUID") for one in items(dataset, "ReferencedFrameOfReferenceSequence")}
    named = said - {""}
    return named.pop() if len(named) == 1 else ""


def references(dataset: Dataset) -> tuple[Reference, ...]:
    return distinct(one for space in items(dataset, "ReferencedFrameOfReferenceSequence")
                    for study in items(space, "RTReferencedStudySequence")
                    for series in items(study, "RTReferencedSeriesSequence")
                    for one in instances(items(series, "ContourImageSequence")))


def words(parts: tuple[Part, ...]) -> str:
    return "\n".join(f"{one.number} {one.name}{f': {one.words}' if one.words else ''}" for one in parts)


def draw(dataset: Dataset, target: Target) -> Drawing:
    """Contours within half a slice of the target.  Raises ``LimitExceeded`` for more than 100,000 points."""
    if target.plane is None:
        return Drawing(why="The image does not say where it lies in the patient.")
    spaces = {integer(one, "ROINumber"): text(one, "ReferencedFrameOfReferenceUID")
              for one in items(dataset, "StructureSetROISequence")}
    shapes: list[Shape] = []
    elsewhere, points = False, 0
    for region in items(dataset, "ROIContourSequence")[:_MOST_REGIONS]:
        key = integer(region, "ReferencedROINumber") or 0
        space = spaces.get(key, "")
        if space and space != target.frame_of_reference_uid:
            elsewhere = True
            continue
        for shape in _contours(region, key, target):
            points += len(shape.points)
            if points > _MOST_POINTS:
                raise _too_many()
            shapes.append(shape)
    why = "Its regions lie in another frame of reference than the image." if elsewhere and not shapes else ""
    return Drawing(tuple(shapes), why=why)


def _too_many() -> LimitExceeded:
    return LimitExceeded(f"The contours on this slice have more than {_MOST_POINTS} points.",
                         "Ask its sender for contours with fewer points.")


def _contours(region: Dataset, key: int, target: Target) -> Iterator[Shape]:
    assert target.plane is not None
    reach = (target.plane.thickness_mm or _THIN_MM) / 2
    for item in items(region, "ContourSequence"):
        named = list(instances(items(item, "ContourImageSequence")))
        if named and not any(target.is_meant(one) for one in named):
            continue
        points = _points(item)
        if not len(points):
            continue
        placed, away = target.plane.to_source(points)
        # A contour that names this slice and lies on another one would be drawn where nobody drew it.
        if float(np.abs(away).max()) > reach + 1e-3:
            continue
        kind = text(item, "ContourGeometricType")
        corners = tuple((float(x), float(y)) for x, y in placed)
        if kind == "POINT" or len(corners) == 1:
            yield Shape("point", corners[:1], key)
        elif kind.startswith("OPEN"):
            yield Shape("polyline", corners, key)
        elif len(corners) > 2:
            yield Shape("polygon", corners, key)


def _points(item: Dataset) -> NDArray[np.float64]:
    """(N, 3) mm, from the bytes as they are: a million decimal strings as objects would take seconds."""
    element = item.get_item("ContourData")
    value = getattr(element, "value", None)
    if isinstance(value, bytes):
        if value.count(b"\\") > 3 * _MOST_POINTS:
            raise _too_many()
        value = value.strip(b" \0").split(b"\\")
    if value is None or isinstance(value, str) or not len(value) or len(value) % 3:
        return np.zeros((0, 3))
    try:
        made = np.array([float(one) for one in value], np.float64).reshape(-1, 3)
    except (TypeError, ValueError):
        return np.zeros((0, 3))
    return made if bool(np.isfinite(made).all()) else np.zeros((0, 3))
