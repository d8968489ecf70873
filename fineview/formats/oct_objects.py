"""Objects that belong to OCT volumes and photographs: B-scan Volume Analyses and Stereometric Relationships.

An analysis (PS3.3 A.84) holds a value, such as blood flow, for every pixel of a volume; each of its frames names the
B-scan that it was made from, and lies over it.  Runs in the reading child.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.core.companion import Drawing, Mask, Part, Reference
from fineview.core.geometry import Box
from fineview.formats.on_frame import Target, grid_box
from fineview.formats.opened_files import opened_dicom
from fineview.formats.part10 import OpenFile
from fineview.formats.pixel_check import checked_shape
from fineview.formats.pixels import stored_values
from fineview.formats.plane import plane_of
from fineview.formats.references import distinct, instances, meaning
from fineview.formats.values import Groups, first_item, integer, items, number, text

_FLOW = (255, 140, 40)
_LOOKED_AT = 8
_LOW, _HIGH = 50.0, 99.8
_MOST_PAIRS = 64


def analysis(dataset: Dataset) -> dict[str, Any]:
    """Facts of a B-scan Volume Analysis as a companion."""
    algorithm = first_item(dataset, "AcquisitionMethodAlgorithmSequence")
    family = meaning(algorithm, "AlgorithmFamilyCodeSequence")
    named = text(algorithm, "AlgorithmName") if algorithm is not None else ""
    title = text(dataset, "SeriesDescription") or family or "B-scan analysis"
    count = integer(dataset, "NumberOfFrames") or 1
    lines = ["Ophthalmic Optical Coherence Tomography B-scan Volume Analysis", f"{count} frames",
             f"algorithm: {', '.join(word for word in (family, named) if word)}" if family or named else "",
             text(dataset, "ImageComments")]
    return {"title": title, "text": "\n".join(line for line in lines if line), "refers_to": _references(dataset),
            "parts": (Part(1, title, "brighter is more", _FLOW),)}


def _references(dataset: Dataset) -> tuple[Reference, ...]:
    return distinct(one for group in Groups(dataset).everywhere("DerivationImageSequence")
                    for one in instances(items(group, "SourceImageSequence")))


def draw(opened: OpenFile, path: str, target: Target) -> Drawing:
    """The values that were made from ``target``, 0 to 255 between the ends of the file's window, else of its values.

    Raises ``FineViewError`` where the pixels cannot be read.
    """
    dataset, groups = opened.dataset, Groups(opened.dataset)
    shape = checked_shape(opened)
    if shape.samples > 1:
        return Drawing(why="It holds colours in the place of values.")
    masks, why = [], ""
    for frame in range(shape.frames):
        named = [one for derived in groups.items(frame, "DerivationImageSequence")
                 for one in instances(items(derived, "SourceImageSequence"))]
        if not any(target.is_meant(one) for one in named):
            continue
        box, told = _box(dataset, groups, frame, target)
        if box is None:
            why = why or told
            continue
        low, high = _ends(dataset, groups, frame) or _usual(path, os.stat(path).st_mtime_ns, shape.frames)
        share = np.clip((stored_values(opened, shape, frame).astype(np.float64) - low) / max(high - low, 1e-9), 0, 1)
        masks.append(Mask(1, box, np.rint(share * 255).astype(np.uint8), graded=True))
    return Drawing(masks=tuple(masks), why="" if masks else why)


def _box(dataset: Dataset, groups: Groups, frame: int, target: Target) -> tuple[Box | None, str]:
    own = plane_of(dataset, groups, frame)
    if own is not None and target.plane is not None:
        return grid_box(own, target.plane, said_to_be_on=True)
    if (integer(dataset, "Rows"), integer(dataset, "Columns")) == (target.rows, target.cols):
        return Box(0, 0, target.cols, target.rows), ""
    return None, "Its frames are of another size than the B-scans, and neither says where it lies in the patient."


def _ends(dataset: Dataset, groups: Groups, frame: int) -> tuple[float, float] | None:
    """Ends of the window that the file gives (PS3.3 C.7.6.16.2.10)."""
    holder = groups.item(frame, "FrameVOILUTSequence") or dataset
    centre, width = number(holder, "WindowCenter"), number(holder, "WindowWidth")
    return (centre - width / 2, centre + width / 2) if centre is not None and width and width > 0 else None


@lru_cache(maxsize=4)
def _usual(path: str, changed: int, frames: int) -> tuple[float, float]:
    """What lies between the middle and the strongest values of the whole volume: one scale for all its frames."""
    opened = opened_dicom(path)
    shape, step = checked_shape(opened), max(frames // _LOOKED_AT, 1)
    seen: list[NDArray[Any]] = [stored_values(opened, shape, frame).ravel()
                                for frame in list(range(0, frames, step))[:_LOOKED_AT]]
    low, high = np.percentile(np.concatenate(seen), (_LOW, _HIGH))
    return float(low), float(high) if high > low else float(low) + 1.0


def stereometric(dataset: Dataset) -> dict[str, Any]:
    """Facts of a Stereometric Relationship (PS3.3 A.43): pairs of photographs, the eye that each is for."""
    lines, found = ["Stereometric Relationship"], []
    for pair in items(dataset, "StereoPairsSequence")[:_MOST_PAIRS]:
        both = [next(instances(items(pair, f"{side}ImageSequence")), None) for side in ("Left", "Right")]
        words = [f"{side} {one.sop_uid}" for side, one in zip(("left", "right"), both, strict=True) if one is not None]
        angle = number(pair, "StereoBaselineAngle")
        lines.append(", ".join([*words, *([f"angle {angle:g} degrees"] if angle is not None else [])]))
        found += [one for one in both if one is not None]
    return {"title": "Stereometric Relationship", "text": "\n".join(lines), "refers_to": distinct(found)}
