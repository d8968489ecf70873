"""Objects that belong to images without being one of their pictures: segmentations, presentations, reports, ...

``Companion`` is what a header says; ``Drawing`` is what is laid over one frame.  Both are another source's words:
nothing of them ever becomes a mark of the person who reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Box, Point
from fineview.core.image import Window
from fineview.core.orientation import ViewTransform

CompanionKind = Literal["segmentation", "presentation", "structures", "key-objects", "report", "parametric-map",
                        "document", "overlay-planes", "dose", "plan", "analysis", "other"]
DRAWN: frozenset[str] = frozenset(
    {"segmentation", "presentation", "structures", "report", "overlay-planes", "analysis"})
"""Kinds that can lie on an image."""
ShapeKind = Literal["point", "polyline", "polygon", "ellipse", "text"]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Reference:
    """An instance that an object refers to.  ``frames``: 0-based; (): the instance as a whole."""

    sop_uid: str
    frames: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A segment, a region of interest, a graphic layer or an overlay plane.  ``words``: what else is known of it."""

    number: int
    name: str
    words: str = ""
    colour: Colour = (190, 160, 255)


@dataclass(frozen=True, slots=True)
class Companion:
    """One object.  ``text``: its content as plain lines.  ``note``: why it cannot be shown, whatever is open.

    ``patient_key``: see ``Patient.key``.  ``suffix``: of an encapsulated document that may be saved (".pdf"), or "".
    """

    path: str
    kind: CompanionKind
    title: str
    sop_uid: str = ""
    sop_class_uid: str = ""
    study_uid: str = ""
    patient_key: tuple[str, ...] = ()
    frame_of_reference_uid: str = ""
    text: str = ""
    refers_to: tuple[Reference, ...] = ()
    parts: tuple[Part, ...] = ()
    note: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """Geometry in source pixels (corner convention of ``geometry``), ``part``: number of the part it belongs to.

    ellipse: centre, end of one half axis, end of the other; text: where it stands, then what it points at, if anything.
    """

    kind: ShapeKind
    points: tuple[Point, ...]
    part: int
    label: str = ""
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Presentation:
    """How another reader saw the frame (PS3.3 C.11, C.10.4).  ``inverse``: low values bright, whatever the image says.

    ``window`` None: by ``lut`` (first mapped, table, bits), or by the person's own where that is None too.
    ``area``: displayed part in source pixels.  ``shutter``: outlines; what is outside any of them is covered in
    ``shutter_grey`` (0 to 255).
    """

    window: Window | None
    lut: tuple[int, tuple[int, ...], int] | None
    inverse: bool | None
    transform: ViewTransform
    area: Box | None
    shutter: tuple[Shape, ...] = ()
    shutter_grey: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """uint8 (h, w) read only, 0 outside to 255 wholly inside, drawn over ``box`` of the source.

    ``graded``: the values are an amount and have no border, as of blood flow.
    """

    part: int
    box: Box
    values: NDArray[np.uint8]
    graded: bool = False

    def __post_init__(self) -> None:
        self.values.flags.writeable = False


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """What one object lays over one frame.  ``why``: the reason where that is nothing, or not all of it."""

    shapes: tuple[Shape, ...] = ()
    masks: tuple[Mask, ...] = ()
    presentation: Presentation | None = None
    why: str = ""

    @property
    def empty(self) -> bool:
        return not self.shapes and not self.masks and self.presentation is None

    @property
    def nbytes(self) -> int:
        return sum(one.values.nbytes for one in self.masks) + 48 * sum(len(one.points) for one in self.shapes)
