"""What an ophthalmic object's header says of the pictures it belongs to: localizer, scan lines, slab, sources.

Runs in the reading child.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset

from fineview.core.geometry import Circle, Point
from fineview.formats.references import distinct, instances, meaning
from fineview.formats.values import Groups, integer, items, numbers, text

EN_FACE = "1.2.840.10008.5.1.4.1.1.77.1.5.7"
VOLUMES = frozenset({"OPT", "OPTBSV"})
_LOCALIZER = "121311"  # PS3.16 CID 7201, purpose of reference
_ROUND = 0.02
_MOST_SOURCES = 16
Line = tuple[Point, Point]


def scan_shape(groups: Groups, frame: int) -> tuple[str, Line | None, Circle | None]:
    """Localizer's SOP instance, and the B-scan's end points or its circle there.

    PS3.3 C.8.17.10.1: pairs of row\\column with sub-pixels, the corner of the top-left pixel at 0\\0, as ours.
    """
    holder = groups.item(frame, "OphthalmicFrameLocationSequence")
    values = numbers(holder, "ReferenceCoordinates")
    if holder is None or len(values) < 4 or len(values) % 2:
        return "", None, None
    points = [(x, y) for y, x in zip(values[::2], values[1::2], strict=True)]
    circle = _circle(points) if len(points) > 3 else None
    return text(holder, "ReferencedSOPInstanceUID"), None if circle else (points[0], points[-1]), circle


def _circle(points: list[Point]) -> Circle | None:
    """The circle that a closed path follows; None for a path that is none.  An arc has no place of its own here."""
    path = np.array(points)
    if np.allclose(path[0], path[-1]):
        path = path[:-1]
    # x^2 + y^2 = 2 a x + 2 b y + c, least squares (Kasa 1976).
    solved, _, rank, _ = np.linalg.lstsq(np.c_[2 * path, np.ones(len(path))], (path**2).sum(1), rcond=None)
    if rank < 3:
        return None
    centre = (float(solved[0]), float(solved[1]))
    away = np.hypot(*(path - centre).T)
    step = np.hypot(*(path - np.roll(path, 1, axis=0)).T)
    closed = step.max() < 2.5 * np.median(step)
    if not closed or not math.isfinite(away.sum()) or np.ptp(away) > _ROUND * 2 * away.mean():
        return None
    return Circle(points[0], centre)


def referenced(dataset: Dataset, groups: Groups) -> str:
    """Localizer by plain reference, where a volume gives no lines; the one named for that purpose before others."""
    if text(dataset, "Modality") not in VOLUMES:
        return ""
    named = [*groups.items(0, "ReferencedImageSequence"), *items(dataset, "ReferencedImageSequence")]
    purposes = [one for item in named for one in items(item, "PurposeOfReferenceCodeSequence")
                if text(one, "CodeValue") == _LOCALIZER]
    for item in named:
        if not purposes or any(one in purposes for one in items(item, "PurposeOfReferenceCodeSequence")):
            return text(item, "ReferencedSOPInstanceUID")
    return ""


def sources(dataset: Dataset) -> tuple[str, ...]:
    """Instances that an en-face image was made of; () for any other object."""
    if text(dataset, "SOPClassUID") != EN_FACE:
        return ()
    named = distinct([*instances(items(dataset, "SourceImageSequence")),
                      *instances(items(dataset, "ReferencedImageSequence"))])
    return tuple(one.sop_uid for one in named[:_MOST_SOURCES])


def slab_words(dataset: Dataset) -> str:
    """Of an en-face image: what it shows, and between which boundaries where the file says so (C.8.17.14)."""
    if text(dataset, "SOPClassUID") != EN_FACE:
        return ""
    shown = meaning(dataset, "OphthalmicImageTypeCodeSequence") or text(dataset, "OphthalmicImageTypeDescription")
    borders = list(_borders(dataset))
    between = f"from {borders[0]} to {borders[-1]}" if len(borders) > 1 else f"at {borders[0]}" if borders else ""
    return ", ".join(part for part in (shown, between) if part)


def _borders(dataset: Dataset) -> Iterator[str]:
    for item in items(dataset, "ReferencedSurfaceMeshIdentificationSequence")[:_MOST_SOURCES]:
        number, offset = integer(item, "ReferencedSurfaceNumber"), integer(item, "SurfaceMeshZPixelOffset")
        name = meaning(item, "SegmentedPropertyTypeCodeSequence") or f"surface {number}"
        yield f"{name} + {offset} px" if offset else name
