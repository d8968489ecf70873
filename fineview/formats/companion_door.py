"""The parent's side of objects beside images: what the reading child answers, checked and built again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fineview.core.companion import DRAWN, Companion, Drawing, Mask, Presentation, Shape
from fineview.core.geometry import Box
from fineview.core.study import FrameInfo
from fineview.formats import limits, wire
from fineview.formats.child import Children, reader_died


def draw(children: Children, companion: Companion, frame: FrameInfo, seconds: float) -> Drawing:
    """What ``companion`` lays over ``frame``.  Raises ``InputProblem``, ``LimitExceeded``."""
    if companion.kind not in DRAWN:
        return Drawing(why=companion.note)
    args = {"path": companion.path, "kind": companion.kind, "image": frame.path, "frame": frame.frame_in_file,
            "sop_uid": frame.sop_uid}
    try:
        return _drawing(children.ask("drawing", args, seconds))
    except (KeyError, TypeError, ValueError, IndexError, StopIteration) as error:
        raise reader_died() from error


def _drawing(answers: Iterator[tuple[dict[str, Any], bytearray]]) -> Drawing:
    head, _ = next(answers)
    shapes = wire.from_plain(tuple[Shape, ...], head["shapes"])
    presentation = None
    if head["presentation"] is not None:
        presentation = wire.from_plain(Presentation, head["presentation"])
    masks = tuple(_mask(answer, payload) for answer, payload in answers)
    if len(masks) != head["masks"]:
        raise ValueError("masks are missing")
    return Drawing(shapes, masks, presentation, str(head["why"]))


def _mask(answer: dict[str, Any], payload: bytearray) -> Mask:
    rows, cols = (int(n) for n in answer["shape"])
    values = np.frombuffer(payload, np.uint8).reshape(rows, cols)
    return Mask(int(answer["part"]), wire.from_plain(Box, answer["box"]), values, bool(answer["graded"]))


def document(children: Children, companion: Companion, seconds: float = limits.CALL_SECONDS) -> bytes:
    """The bytes of an encapsulated document.  Raises ``InputProblem``."""
    answers = list(children.ask("document", {"path": companion.path}, seconds))
    if len(answers) != 1:
        raise reader_died()
    return bytes(answers[0][1])
