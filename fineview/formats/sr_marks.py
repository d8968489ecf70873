"""Coordinates of a structured report as shapes on one frame: SCOORD and SCOORD3D (PS3.3 C.18.6, C.18.9), TID 1410.

SCOORD counts as we do: the corner of the top-left pixel is 0\\0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.core.companion import Drawing, Shape, ShapeKind
from fineview.core.errors import LimitExceeded
from fineview.core.geometry import Point
from fineview.formats.on_frame import Target
from fineview.formats.references import instances
from fineview.formats.sr_tree import MOST_DRAWN, Item, by_reference, tree_of
from fineview.formats.values import items, numbers, text

_MOST_POINTS = 100_000
_MOST_LABEL = 80
_KINDS: dict[str, ShapeKind] = {"POINT": "point", "MULTIPOINT": "point", "POLYLINE": "polyline", "POLYGON": "polygon"}
_NAMES = ("112039 DCM", "125309 DCM", "121071 DCM")
"""Tracking identifier, short label, finding: what names a region; the last that says something counts."""


def draw(dataset: Dataset, target: Target) -> Drawing:
    """Every region that names ``target``.  Raises ``LimitExceeded``."""
    root, _ = tree_of(dataset, MOST_DRAWN)
    shapes: list[Shape] = []
    why, points = "", 0
    for item in root.below():
        if item.kind not in ("SCOORD", "SCOORD3D") or (item.kind == "SCOORD" and not _names(item, root, target)):
            continue
        data = _data(item, target)
        if data is None:
            why = "Its coordinates in the patient do not lie on this image."
            continue
        points += len(data)
        if points > _MOST_POINTS:
            raise LimitExceeded(f"The report draws more than {_MOST_POINTS} points.", "Ask its sender for fewer.")
        shapes += _shapes(text(item.dataset, "GraphicType"), data, label_of(item))
    return Drawing(tuple(shapes), why="" if shapes else why)


def _names(item: Item, root: Item, target: Target) -> bool:
    """Whether the coordinates were selected from ``target``: named below the item, or by reference to an image."""
    for child in item.children:
        meant = by_reference(child, root) if not child.kind else child
        if meant is not None and meant.kind == "IMAGE" and any(
                target.is_meant(one) for one in instances(items(meant.dataset, "ReferencedSOPSequence"))):
            return True
    return False


def _data(item: Item, target: Target) -> NDArray[np.float64] | None:
    """(N, 2) source pixels; None where coordinates in the patient do not lie on the target."""
    values = np.array(numbers(item.dataset, "GraphicData"), np.float64)
    if item.kind == "SCOORD":
        return values[:len(values) // 2 * 2].reshape(-1, 2)
    space = text(item.dataset, "ReferencedFrameOfReferenceUID")
    if target.plane is None or space != target.frame_of_reference_uid or not len(values):
        return None
    placed, away = target.plane.to_source(values[:len(values) // 3 * 3].reshape(-1, 3))
    reach = (target.plane.thickness_mm or 1.0) / 2 + 1e-3
    return placed if len(away) and float(np.abs(away).max()) <= reach else None


def _shapes(kind: str, data: NDArray[np.float64], label: str) -> list[Shape]:
    points: tuple[Point, ...] = tuple((float(x), float(y)) for x, y in data)
    if not points:
        return []
    if kind == "CIRCLE" and len(points) >= 2:
        (cx, cy), (px, py) = points[0], points[1]
        return [Shape("ellipse", ((cx, cy), (px, py), (cx - (py - cy), cy + (px - cx))), 0, label)]
    if kind == "ELLIPSE" and len(points) >= 4:
        return [ellipse(points[:4], label)]
    if _KINDS.get(kind) == "point":
        return [Shape("point", (one,), 0, label if i == 0 else "") for i, one in enumerate(points)]
    if kind not in _KINDS or len(points) < 2:
        return []
    closed = kind == "POLYGON" or (len(points) > 3 and points[0] == points[-1])
    return [Shape("polygon" if closed else "polyline", points[:-1] if closed and points[0] == points[-1] else points,
                  0, label)]


def ellipse(ends: tuple[Point, ...], label: str, part: int = 0) -> Shape:
    """From both ends of the major axis and both of the minor one."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ends
    mx, my = (ax + bx) / 2, (ay + by) / 2
    return Shape("ellipse", ((mx, my), (mx + (bx - ax) / 2, my + (by - ay) / 2),
                             (mx + (dx - cx) / 2, my + (dy - cy) / 2)), part, label)


def label_of(item: Item) -> str:
    """What the report says of a region: a measurement it was made for, the names beside it, else its concept."""
    around = [item, *([item.parent] if item.parent is not None else [])]
    measured = [f"{one.concept} {one.value}" for one in (around[1:] if len(around) > 1 else []) if one.kind == "NUM"]
    group = around[-1] if around[-1].kind == "CONTAINER" or not measured else (around[-1].parent or around[-1])
    beside = [child for one in (item, group) for child in one.children]
    said = {child.code: child.value for child in beside if child.code in _NAMES and child.kind in ("TEXT", "CODE")}
    # "{length}" and the like are fields that another viewer fills in itself.
    named = next((said[code] for code in reversed(_NAMES) if said.get(code) and not said[code].startswith("{")), "")
    if not measured:
        near = item.children if any(child.kind == "NUM" for child in item.children) else group.children
        measured = [f"{child.concept} {child.value}" for child in near if child.kind == "NUM"][:1]
    words = ", ".join(dict.fromkeys(word for word in (named, *measured) if word)) or item.concept
    return " ".join(words.split())[:_MOST_LABEL]
