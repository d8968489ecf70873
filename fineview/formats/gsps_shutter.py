"""Display shutters (PS3.3 C.7.6.11): what of the picture is to be covered.  Runs in the reading child."""

from __future__ import annotations

from pydicom.dataset import Dataset

from fineview.core.companion import Shape
from fineview.formats.on_frame import Target
from fineview.formats.values import integer, number, numbers, text


def shutter(dataset: Dataset, target: Target) -> tuple[tuple[Shape, ...], int]:
    """Outlines of what stays visible (all of them at once), and the grey of the rest, 0 to 255.

    Rows and columns count from 1 and name pixels, and the pixels on an edge stay visible.  A bitmap shutter is an
    overlay plane and drawn as one.
    """
    kinds = text(dataset, "ShutterShape").split("\\")
    gray = integer(dataset, "ShutterPresentationValue") or 0
    made = []
    if "RECTANGULAR" in kinds:
        made.append(_rectangle(dataset, target))
    if "CIRCULAR" in kinds:
        made.append(_circle(dataset))
    if "POLYGONAL" in kinds:
        made.append(_polygon(dataset))
    return tuple(one for one in made if one is not None), min(max(gray, 0), 0xFFFF) >> 8


def _rectangle(dataset: Dataset, target: Target) -> Shape:
    def edge(keyword: str, otherwise: float) -> float:
        said = number(dataset, keyword)
        return otherwise if said is None else said

    left, right = edge("ShutterLeftVerticalEdge", 1) - 1, edge("ShutterRightVerticalEdge", target.cols)
    top, bottom = edge("ShutterUpperHorizontalEdge", 1) - 1, edge("ShutterLowerHorizontalEdge", target.rows)
    return Shape("polygon", ((left, top), (right, top), (right, bottom), (left, bottom)), 0)


def _circle(dataset: Dataset) -> Shape | None:
    centre, radius = numbers(dataset, "CenterOfCircularShutter"), number(dataset, "RadiusOfCircularShutter")
    if len(centre) != 2 or radius is None or radius <= 0:
        return None
    y, x = centre[0] - 0.5, centre[1] - 0.5  # row, then column, of the pixel in the middle
    return Shape("ellipse", ((x, y), (x + radius, y), (x, y + radius)), 0)


def _polygon(dataset: Dataset) -> Shape | None:
    data = numbers(dataset, "VerticesOfThePolygonalShutter")
    corners = tuple((x - 0.5, y - 0.5) for y, x in zip(data[::2], data[1::2], strict=False))
    return Shape("polygon", corners, 0) if len(corners) > 2 else None
