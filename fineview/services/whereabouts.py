"""Where a finding's image is in the study as it is open now.

A frame's number depends on which files of its series were opened; a mark belongs to pixels, that is, to a SOP instance
and a frame inside it (PS3.3 C.12.1.1), or to what an instrument recorded (``FrameInfo.stamp``).  Plain pictures, and
marks made before frames had stamps, keep the number.
"""

from __future__ import annotations

from dataclasses import replace

from fineview.core.dialogue import Answer, Question
from fineview.core.finding import Finding
from fineview.core.study import FrameInfo, FrameKey, Study

NOT_OPEN = -1
Lasting = tuple[str, int]
Places = dict[Lasting, FrameKey]


def relocated(findings: tuple[Finding, ...], study: Study) -> tuple[Finding, ...]:
    """The findings with the frame numbers of ``study``; ``NOT_OPEN`` where the image of a finding is not there."""
    places = _places(study)
    return tuple(replace(one, frame=_place(one, places)) for one in findings)


def relocated_answers(answers: tuple[Answer, ...], study: Study) -> tuple[Answer, ...]:
    """The same for answers."""
    places = _places(study)
    return tuple(replace(one, question=replace(one.question, frame=_place(one.question, places))) for one in answers)


def place_of(question: Question, study: Study) -> FrameKey:
    """The frame a question is about, by its number in ``study``."""
    return _place(question, _places(study))


def _lasting(one: Finding | Question | FrameInfo) -> Lasting | None:
    """What names the image whatever else is open; None where only its number does."""
    if one.sop_uid:
        return one.sop_uid, one.frame_in_file
    return (one.stamp, 0) if one.stamp else None


def _places(study: Study) -> Places:
    named = ((_lasting(frame), FrameKey(series.uid, index))
             for series in study.series for index, frame in enumerate(series.frames))
    return {lasting: key for lasting, key in named if lasting is not None}


def _place(one: Finding | Question, places: Places) -> FrameKey:
    lasting = _lasting(one)
    return places.get(lasting, FrameKey(one.frame.series_uid, NOT_OPEN)) if lasting else one.frame


def frame_of(finding: Finding, study: Study) -> FrameInfo | None:
    """The frame a relocated finding lies on, or None where it is not open."""
    series = next((one for one in study.series if one.uid == finding.frame.series_uid), None)
    index = finding.frame.index
    return series.frames[index] if series is not None and 0 <= index < len(series.frames) else None
