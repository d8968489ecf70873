"""The operation "drawing" of the reading child: one object on one frame, as shapes and masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fineview.core.companion import Drawing, Mask
from fineview.core.errors import InputProblem
from fineview.formats import (
    computing,
    documents,
    gsps_read,
    oct_objects,
    overlay_planes,
    rtstruct_read,
    seg_read,
    sr_marks,
    wire,
)
from fineview.formats.on_frame import Target, target_of
from fineview.formats.opened_files import opened_dicom
from fineview.formats.part10 import OpenFile
from fineview.formats.values import text

Reply = tuple[dict[str, Any], memoryview | None]


def drawing(path: str, kind: str, image: str, frame: int, sop_uid: str | None) -> Iterator[Reply]:
    """First the shapes and the presentation, then one answer a mask with its bytes.

    ``image``, ``frame``: the file and frame to draw on; ``sop_uid``: what the scan found there.
    """
    computing.allow(path, image)
    picture = opened_dicom(image)
    target = target_of(picture.dataset, frame)
    if sop_uid and target.sop_uid != sop_uid:
        raise InputProblem("The file holds another image than when it was opened.", "Open the study again.", "changed")
    made = oct_objects.draw(opened_dicom(path), path, target) if kind == "analysis" else \
        _DRAWERS[kind](opened_dicom(path), target, picture)
    yield {"shapes": wire.to_plain(made.shapes), "presentation": wire.to_plain(made.presentation),
           "why": made.why, "masks": len(made.masks)}, None
    for mask in made.masks:
        yield _mask(mask)


def _mask(mask: Mask) -> Reply:
    values = np.ascontiguousarray(mask.values)
    return {"part": mask.part, "box": wire.to_plain(mask.box), "shape": list(values.shape),
            "graded": mask.graded}, values.data


def document(path: str) -> Iterator[Reply]:
    """The bytes of an encapsulated document."""
    computing.allow(path)
    yield {}, memoryview(documents.content(path))


def _overlay(opened: OpenFile, target: Target, picture: OpenFile) -> Drawing:
    if text(opened.dataset, "SOPInstanceUID") != target.sop_uid:
        return Drawing()
    return overlay_planes.draw(opened, target)


_DRAWERS: dict[str, Callable[[OpenFile, Target, OpenFile], Drawing]] = {
    "segmentation": lambda opened, target, _: seg_read.draw(opened, target),
    "structures": lambda opened, target, _: rtstruct_read.draw(opened.dataset, target),
    "report": lambda opened, target, _: sr_marks.draw(opened.dataset, target),
    "presentation": lambda opened, target, picture: gsps_read.draw(opened.dataset, target, picture),
    "overlay-planes": _overlay}
OPERATIONS: dict[str, Callable[..., Iterator[Reply]]] = {"drawing": drawing, "document": document}
