"""Segmentations (PS3.3 A.51, C.8.20): their segments in words, and one frame's masks on the image they were made on.

Runs in the reading child.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.core.companion import Drawing, Mask, Part, Reference
from fineview.core.errors import LimitExceeded
from fineview.core.geometry import Box
from fineview.formats.display_colour import recommended
from fineview.formats.on_frame import Target, grid_box
from fineview.formats.part10 import OpenFile
from fineview.formats.pixel_check import Shape, checked_shape
from fineview.formats.pixels import stored_values
from fineview.formats.plane import plane_of
from fineview.formats.references import distinct, instances, meaning, of_series
from fineview.formats.values import Groups, first_item, integer, items, number, text

_MOST_SEGMENTS = 4096
_MOST_MASKS = 256


def segments(dataset: Dataset) -> tuple[Part, ...]:
    """Label, type and who made it, one part a segment."""
    made = []
    for item in items(dataset, "SegmentSequence")[:_MOST_SEGMENTS]:
        key = integer(item, "SegmentNumber") or 0
        kind = meaning(item, "SegmentedPropertyTypeCodeSequence")
        algorithm = text(item, "SegmentAlgorithmType").lower()
        named = text(item, "SegmentAlgorithmName")
        by = f"{algorithm} by {named}" if named and algorithm else algorithm or named
        words = ", ".join(word for word in (kind, by) if word)
        made.append(Part(key, text(item, "SegmentLabel") or kind or f"segment {key}", words,
                         recommended(item, "RecommendedDisplayCIELabValue", max(key, 1))))
    return tuple(made)


def references(dataset: Dataset) -> tuple[Reference, ...]:
    """The images a segmentation was made on; by frame only where no list of them is given."""
    listed = distinct(of_series(dataset))
    return listed or distinct(one for group in Groups(dataset).everywhere("DerivationImageSequence")
                              for one in instances(items(group, "SourceImageSequence")))


def words(dataset: Dataset, parts: tuple[Part, ...]) -> str:
    kind = text(dataset, "SegmentationType").lower()
    meant = text(dataset, "SegmentationFractionalType").lower()
    lines = [f"{kind or 'unknown'} segmentation{f' ({meant})' if meant else ''}, {len(parts)} segments"]
    return "\n".join(lines + [f"{one.number} {one.name}{f': {one.words}' if one.words else ''}" for one in parts])


def draw(opened: OpenFile, target: Target) -> Drawing:
    """Masks of every segment that lies on ``target``.  Raises ``FineViewError`` where the pixels cannot be read."""
    if text(opened.dataset, "DimensionOrganizationType") in ("TILED_FULL", "TILED_SPARSE"):
        return Drawing(why="It is tiled, for a whole slide; tiles are not put together here.")
    groups = Groups(opened.dataset)
    shape = checked_shape(opened)
    masks: list[Mask] = []
    reasons = []
    for frame in range(shape.frames):
        box, why = _place(opened.dataset, groups, frame, target)
        if box is None:
            reasons.append(why)
            continue
        masks += [one for one in _masks(opened, shape, groups, frame, box) if one.values.size]
        if len(masks) > _MOST_MASKS:
            raise LimitExceeded(f"More than {_MOST_MASKS} segments lie on this frame.", "Split the segmentation.")
    told = next((why for why in reasons if why), "") if not masks else ""
    return Drawing(masks=tuple(masks), why=told)


def _place(dataset: Dataset, groups: Groups, frame: int, target: Target) -> tuple[Box | None, str]:
    """Where a frame of the segmentation lies on the target; None, and why, where it does not.

    What it was derived from is asked first; a file that names nothing is placed by the patient's coordinates.
    """
    named = [one for derived in groups.items(frame, "DerivationImageSequence")
             for one in instances(items(derived, "SourceImageSequence"))]
    if named and not any(target.is_meant(one) for one in named):
        return None, ""
    plane = plane_of(dataset, groups, frame)
    size = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    if plane is not None and target.plane is not None:
        same_space = text(dataset, "FrameOfReferenceUID") == target.frame_of_reference_uid
        if not named and not same_space:
            return None, "It lies in another frame of reference than the image."
        return grid_box(plane, target.plane, said_to_be_on=bool(named))
    if named or _only_reference(dataset, target):
        if size == (target.rows, target.cols):
            return Box(0, 0, target.cols, target.rows), ""
        return None, (f"Its grid of {size[0]} x {size[1]} is not the image's {target.rows} x {target.cols}, "
                      "and neither says where it lies in the patient.")
    return None, "It does not say which image it belongs to."


def _only_reference(dataset: Dataset, target: Target) -> bool:
    listed = distinct(of_series(dataset))
    return len(listed) == 1 and target.is_meant(listed[0]) and target.frames == 1


def _masks(opened: OpenFile, shape: Shape, groups: Groups, frame: int, box: Box) -> Iterator[Mask]:
    """The frame's mask, cut to what is not empty; of a label map one a segment."""
    values, dataset = stored_values(opened, shape, frame), opened.dataset
    if text(dataset, "SegmentationType") == "LABELMAP":
        background = integer(dataset, "PixelPaddingValue") or 0
        for key in np.unique(values)[:_MOST_MASKS + 2].tolist():
            if key != background:
                yield _cut(int(key), np.where(values == key, 255, 0).astype(np.uint8), box)
        return
    holder = groups.item(frame, "SegmentIdentificationSequence")
    key = int(number(holder, "ReferencedSegmentNumber") or 0) if holder is not None else _only_segment(dataset)
    yield _cut(key, _shares(values, dataset), box)


def _only_segment(dataset: Dataset) -> int:
    item = first_item(dataset, "SegmentSequence")
    return (integer(item, "SegmentNumber") or 1) if item is not None else 1


def _shares(values: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """0 to 255 of what the file calls wholly inside (PS3.3 C.8.20.2.3)."""
    if text(dataset, "SegmentationType") != "FRACTIONAL":
        return np.where(values > 0, 255, 0).astype(np.uint8)
    most = integer(dataset, "MaximumFractionalValue") or 255
    return np.rint(np.clip(values / most, 0, 1) * 255).astype(np.uint8)


def _cut(part: int, values: NDArray[np.uint8], box: Box) -> Mask:
    rows, cols = np.flatnonzero(values.any(axis=1)), np.flatnonzero(values.any(axis=0))
    if not len(rows):
        return Mask(part, Box(box.x, box.y, 0, 0), np.zeros((0, 0), np.uint8))
    top, bottom, left, right = rows[0], rows[-1] + 1, cols[0], cols[-1] + 1
    wide, high = box.w / values.shape[1], box.h / values.shape[0]
    place = Box(box.x + float(left) * wide, box.y + float(top) * high, float(right - left) * wide,
                float(bottom - top) * high)
    return Mask(part, place, np.ascontiguousarray(values[top:bottom, left:right]))
