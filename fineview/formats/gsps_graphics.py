"""Graphics and text of a presentation state (PS3.3 C.10.5) as shapes in source pixels.  Runs in the reading child.

PIXEL units count as we do (the corner of the first pixel is 0\\0).  DISPLAY units are shares of the displayed area as
it lies on the screen, so that turning and mirroring are taken back here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydicom.dataset import Dataset

from fineview.core.companion import Shape
from fineview.core.errors import LimitExceeded
from fineview.core.geometry import Box, Point
from fineview.core.orientation import ViewTransform
from fineview.formats.on_frame import Target
from fineview.formats.references import instances, long_text
from fineview.formats.sr_marks import ellipse
from fineview.formats.values import items, numbers, text

_MOST_POINTS = 100_000
_MOST_TEXT = 400
Place = Callable[[Point], Point]


def graphics(dataset: Dataset, target: Target, transform: ViewTransform, area: Box,
             layers: Mapping[str, int]) -> tuple[tuple[Shape, ...], str]:
    """Shapes on ``target``, and what was left out, in words.  ``layers``: part number of each graphic layer.

    Raises ``LimitExceeded``.
    """
    shapes: list[Shape] = []
    compound = False
    for note in items(dataset, "GraphicAnnotationSequence"):
        named = list(instances(items(note, "ReferencedImageSequence")))
        if named and not any(target.is_meant(one) for one in named):
            continue
        part = layers.get(text(note, "GraphicLayer"), 0)
        compound = compound or bool(items(note, "CompoundGraphicSequence"))
        for item in items(note, "GraphicObjectSequence"):
            shapes += _graphic(item, part, _placer(text(item, "GraphicAnnotationUnits"), transform, area))
        for item in items(note, "TextObjectSequence"):
            shapes += _text(item, part, transform, area)
        if sum(len(one.points) for one in shapes) > _MOST_POINTS:
            raise LimitExceeded(f"The presentation draws more than {_MOST_POINTS} points.", "Ask its sender for fewer.")
    return tuple(shapes), "Its compound graphics are not shown." if compound else ""


def _placer(units: str, transform: ViewTransform, area: Box) -> Place:
    """The way from the units of an annotation to source pixels."""
    if units != "DISPLAY":
        return lambda point: point

    def place(point: Point) -> Point:
        u, v = point
        for _ in range(transform.quarter_turns % 4):
            u, v = v, 1 - u  # back from a clockwise turn
        u = 1 - u if transform.mirrored else u
        return (area.x + u * area.w, area.y + v * area.h)

    return place


def _points(item: Dataset, keyword: str, place: Place) -> tuple[Point, ...]:
    data = numbers(item, keyword)
    return tuple(place(pair) for pair in zip(data[::2], data[1::2], strict=False))


def _graphic(item: Dataset, part: int, place: Place) -> list[Shape]:
    kind, points = text(item, "GraphicType"), _points(item, "GraphicData", place)
    filled = text(item, "GraphicFilled") == "Y"
    if kind == "POINT" and points:
        return [Shape("point", points[:1], part)]
    if kind == "CIRCLE" and len(points) >= 2:
        (cx, cy), (px, py) = points[:2]
        return [Shape("ellipse", ((cx, cy), (px, py), (cx - (py - cy), cy + (px - cx))), part, filled=filled)]
    if kind == "ELLIPSE" and len(points) >= 4:
        made = ellipse(points[:4], "", part)
        return [Shape(made.kind, made.points, part, filled=filled)]
    if kind in ("POLYLINE", "INTERPOLATED") and len(points) >= 2:
        closed = len(points) > 3 and points[0] == points[-1]
        return [Shape("polygon" if closed else "polyline", points[:-1] if closed else points, part,
                      filled=filled and closed)]
    return []


def _text(item: Dataset, part: int, transform: ViewTransform, area: Box) -> list[Shape]:
    """Words at their box's first corner, else at their anchor; an anchor that is visible is pointed at."""
    words = " ".join(long_text(item, "UnformattedTextValue", _MOST_TEXT).split())
    if not words:
        return []
    anchor = _points(item, "AnchorPoint", _placer(text(item, "AnchorPointAnnotationUnits"), transform, area))[:1]
    corner = _points(item, "BoundingBoxTopLeftHandCorner",
                     _placer(text(item, "BoundingBoxAnnotationUnits"), transform, area))[:1]
    if not corner:
        return [Shape("text", anchor, part, words)] if anchor else []
    visible = text(item, "AnchorPointVisibility") == "Y"
    return [Shape("text", corner + (anchor if visible else ()), part, words)]
