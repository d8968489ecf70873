"""Softcopy presentation states (PS3.3 A.33, C.10.4 to C.10.7, C.11): how another reader showed one frame.

Runs in the reading child.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydicom.dataset import Dataset

from fineview.core.companion import Drawing, Part, Presentation, Reference
from fineview.core.geometry import Box
from fineview.core.orientation import ViewTransform
from fineview.formats.display_colour import by_number, recommended
from fineview.formats.gsps_graphics import graphics
from fineview.formats.gsps_shutter import shutter
from fineview.formats.gsps_voi import gray_scale
from fineview.formats.on_frame import Target
from fineview.formats.overlay_planes import activated
from fineview.formats.part10 import OpenFile
from fineview.formats.references import distinct, instances, of_series
from fineview.formats.values import integer, items, numbers, text

_APPLIED = frozenset({"1.2.840.10008.5.1.4.1.1.11.1", "1.2.840.10008.5.1.4.1.1.11.2"})
_MOST_LAYERS = 256


def layers(dataset: Dataset) -> tuple[Part, ...]:
    """Graphic layers in the order they are drawn."""
    found = sorted(items(dataset, "GraphicLayerSequence")[:_MOST_LAYERS],
                   key=lambda one: integer(one, "GraphicLayerOrder") or 0)
    return tuple(Part(i, text(one, "GraphicLayer") or f"layer {i}", text(one, "GraphicLayerDescription"), _ink(one, i))
                 for i, one in enumerate(found, 1))


def _ink(item: Dataset, number: int) -> tuple[int, int, int]:
    if numbers(item, "GraphicLayerRecommendedDisplayCIELabValue"):
        return recommended(item, "GraphicLayerRecommendedDisplayCIELabValue", number)
    gray = integer(item, "GraphicLayerRecommendedDisplayGrayscaleValue")
    # Black ink on a dark picture is no ink; the recommendation was made for another display.
    return (by_number(number) if gray is None or gray < 0x4000 else (gray >> 8,) * 3)  # type: ignore[return-value]


def references(dataset: Dataset) -> tuple[Reference, ...]:
    return distinct(of_series(dataset))


def words(dataset: Dataset, parts: tuple[Part, ...]) -> str:
    """Label, description, author, layers, and every text annotation."""
    lines = [text(dataset, "ContentDescription"), _by(dataset)]
    lines += [f"layer {one.name}{f': {one.words}' if one.words else ''}" for one in parts]
    for note in items(dataset, "GraphicAnnotationSequence"):
        lines += [" ".join(text(one, "UnformattedTextValue").split()) for one in items(note, "TextObjectSequence")]
    return "\n".join(line for line in lines if line)


def _by(dataset: Dataset) -> str:
    who, when = text(dataset, "ContentCreatorName"), text(dataset, "PresentationCreationDate")
    return " ".join(word for word in (f"by {who}" if who else "", when) if word)


def draw(dataset: Dataset, target: Target, picture: OpenFile) -> Drawing:
    """Everything this state says of ``target``, which is a frame of ``picture``."""
    if not any(target.is_meant(one) for one in instances(
            item for series in items(dataset, "ReferencedSeriesSequence")
            for item in items(series, "ReferencedImageSequence"))):
        return Drawing(why="It does not refer to this image.")
    if text(dataset, "SOPClassUID") not in _APPLIED:
        return Drawing(why="This kind of presentation (pseudo-colour, blending, planes) is not shown here.")
    transform = _transform(dataset)
    area = _area(dataset, target)
    numbered = {one.name: one.number for one in layers(dataset)}
    shapes, left_out = graphics(dataset, target, transform, area or Box(0, 0, target.cols, target.rows), numbered)
    outlines, gray = shutter(dataset, target)
    window, lut, inverse, unsaid = gray_scale(dataset, target, picture.dataset)
    made = Presentation(window, lut, inverse, transform, area, outlines, gray)
    masks = tuple(replace(one, part=numbered.get(name, 0)) for name, one in activated(dataset, picture, target))
    return Drawing(shapes, masks, made, " ".join(word for word in (left_out, unsaid) if word))


def _transform(dataset: Dataset) -> ViewTransform:
    """First turned clockwise, then mirrored left to right (C.10.6.1)."""
    turned = ViewTransform().rotate((integer(dataset, "ImageRotation") or 0) // 90)
    return turned.flip_horizontal() if text(dataset, "ImageHorizontalFlip") == "Y" else turned


def _area(dataset: Dataset, target: Target) -> Box | None:
    """The displayed area in source pixels; None where the state names none.

    Pixels count from 1 and both corners belong to the area; after a turn "top left" may be any corner (C.10.4).
    """
    for item in for_target(items(dataset, "DisplayedAreaSelectionSequence"), target):
        first, last = (numbers(item, f"DisplayedArea{corner}HandCorner") for corner in ("TopLeft", "BottomRight"))
        if len(first) == len(last) == 2:
            (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(first, last, strict=True))
            return Box(x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1)
    return None


def for_target(found: tuple[Dataset, ...], target: Target) -> Iterator[Dataset]:
    """Items that name the target, and those that name nothing, for they hold for all images."""
    for item in found:
        named = list(instances(items(item, "ReferencedImageSequence")))
        if not named or any(target.is_meant(one) for one in named):
            yield item
