"""What a question in the window may point back to: the answer before, the other marks, the other frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from fineview.core.finding import Origin
from fineview.core.image import Raster
from fineview.core.intent import Intent
from fineview.core.study import FrameInfo, FrameKey
from fineview.services.analyse import FrameRequest
from fineview.services.ground import Ground, no_phraser
from fineview.services.ports import Phraser
from fineview.services.session import Session
from fineview.services.wording import parse

ReadFrame = Callable[[FrameInfo], Raster]


@dataclass(frozen=True, slots=True)
class Conversation:
    """``read``: who reads the words.  ``read_frame``: decodes another frame; None where none can be had.
    ``phraser``: who words answers."""

    read: Callable[[str], Intent] = parse
    read_frame: ReadFrame | None = None
    phraser: Callable[[], Phraser | None] = no_phraser

    def joined(self, ground: Ground, session: Session) -> Ground:
        """The ground with what was said and marked before it, taken from the session now."""
        asked, series = ground.question, session.series
        frames = series.frames if series is not None else ()
        before = next((one for one in reversed(session.answers) if one.question.study_uid == asked.study_uid), None)
        beside = tuple(one.region for one in session.findings
                       if one.frame == asked.frame and one.id != asked.region_id and one.origin is not Origin.MODEL
                       and one.region.has_inside)
        uid, modality, read_frame = asked.frame.series_uid, ground.request.modality, self.read_frame

        def frame_at(number: int) -> FrameRequest | None:
            if read_frame is None or not 0 <= number < len(frames):
                return None
            frame = frames[number]
            return FrameRequest(FrameKey(uid, number), read_frame(frame), frame.spacing, modality)

        return replace(ground, read=self.read, before=before, beside=beside, frame_at=frame_at,
                       phraser=self.phraser)
