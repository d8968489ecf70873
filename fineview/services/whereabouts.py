"""Where a finding's image is in the study as it is open now.

A frame's number depends on which files of its series were opened; a mark belongs to pixels, that is, to a SOP instance
and a frame inside it (PS3.3 C.12.1.1).  Pictures without a SOP instance keep the number.
"""

from __future__ import annotations

from dataclasses import replace

from fineview.core.finding import Finding
from fineview.core.study import FrameInfo, FrameKey, Study

NOT_OPEN = -1
Places = dict[tuple[str | None, int], FrameKey]


def relocated(findings: tuple[Finding, ...], study: Study) -> tuple[Finding, ...]:
    """The findings with the frame numbers of ``study``; ``NOT_OPEN`` where the image of a finding is not there."""
    places: Places = {(frame.sop_uid, frame.frame_in_file): FrameKey(series.uid, index)
                      for series in study.series for index, frame in enumerate(series.frames) if frame.sop_uid}
    return tuple(_relocated(finding, places) for finding in findings)


def _relocated(finding: Finding, places: Places) -> Finding:
    if not finding.sop_uid:
        return finding
    missing = FrameKey(finding.frame.series_uid, NOT_OPEN)
    return replace(finding, frame=places.get((finding.sop_uid, finding.frame_in_file), missing))


def frame_of(finding: Finding, study: Study) -> FrameInfo | None:
    """The frame a relocated finding lies on, or None where it is not open."""
    series = next((one for one in study.series if one.uid == finding.frame.series_uid), None)
    index = finding.frame.index
    return series.frames[index] if series is not None and 0 <= index < len(series.frames) else None
