"""What a question in the window is joined with: the answer before, a person's other marks, frames that can be read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from fineview.core.dialogue import Answer, Question
from fineview.core.finding import Origin
from fineview.core.geometry import Box, Spacing
from fineview.core.image import Raster
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey, Laterality
from fineview.services.analyse import FrameRequest
from fineview.services.answering import answer
from fineview.services.conversation import Conversation
from fineview.services.encodings import Encodings
from fineview.services.ground import Ground
from fineview.services.jobs import Token

KEY = FrameKey("1.2.3", 1)
BOXES = [Region.from_box(Box(0, 0, 4, 5)), Region.from_box(Box(10, 0, 2, 5))]


def mark(name: str, region: Region, frame: FrameKey = KEY, origin: Origin = Origin.PERSON) -> Any:
    return SimpleNamespace(id=name, region=region, frame=frame, origin=origin)


def session(**more: Any) -> Any:
    frames = tuple(SimpleNamespace(number=number, spacing=Spacing()) for number in range(3))
    return SimpleNamespace(**{"series": SimpleNamespace(frames=frames), "answers": (), "findings": (), **more})


def ground(text: str, region: Region | None = None, region_id: str | None = None) -> Ground:
    def never() -> Any:
        raise AssertionError("measuring needs no engine")

    pixels = np.arange(400, dtype=np.uint8).reshape(20, 20)
    return Ground(Question(text, "study", KEY, region, region_id), FrameRequest(KEY, Raster(pixels), Spacing(), "OPT"),
                  Laterality(), never, Encodings(), Token())


def test_the_answer_before_is_the_last_of_this_study() -> None:
    said = [Answer(Question("how large is it?", study, KEY, box), "x")
            for study, box in zip(("study", "other"), BOXES, strict=True)]
    made = Conversation().joined(ground("and how long is it?"), session(answers=tuple(said)))
    assert made.before is said[0]
    assert answer(made).value == 5 and answer(made).question.region == BOXES[0]


def test_only_a_persons_other_areas_on_this_frame_lie_beside() -> None:
    point = Region(RegionKind.POINT, ((1.0, 1.0),))
    findings = (mark("here", BOXES[0]), mark("other", BOXES[1]), mark("away", BOXES[1], FrameKey("1.2.3", 2)),
                mark("model", BOXES[1], origin=Origin.MODEL), mark("fovea", point))
    made = Conversation().joined(ground("?", BOXES[0], "here"), session(findings=findings))
    assert made.beside == (BOXES[1],)


def test_another_frame_is_decoded_only_where_there_is_one() -> None:
    read: list[int] = []

    def read_frame(frame: Any) -> Raster:
        read.append(frame.number)
        return Raster(np.zeros((20, 20), np.uint8))

    made = Conversation(read_frame=read_frame).joined(ground("?"), session())
    found = made.frame_at(2)
    assert found is not None and (found.key, found.modality, read) == (FrameKey("1.2.3", 2), "OPT", [2])
    assert made.frame_at(3) is None and made.frame_at(-1) is None and read == [2]
    assert Conversation().joined(ground("?"), session()).frame_at(1) is None
