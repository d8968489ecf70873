"""A boundary that a person has corrected: their own copy of a line, never the instrument's or the model's."""

from __future__ import annotations

from dataclasses import dataclass

from fineview.core.study import FrameInfo, FrameKey


@dataclass(frozen=True, slots=True)
class LayerCopy:
    """One boundary of one B-scan as a person left it.

    ``row_px``: source rows by column, the corner of the top pixel at 0; None where nothing is known.
    ``begun_from``: who drew the line that was copied.  ``frame`` is where it lies in the series as it was open;
    ``sop_uid`` and ``frame_in_file``, or ``stamp``, find it again.  ``created``, ``changed``: ISO 8601.
    """

    id: str
    study_uid: str
    frame: FrameKey
    name: str
    row_px: tuple[float | None, ...]
    begun_from: str
    author: str
    created: str
    changed: str
    sop_uid: str | None = None
    frame_in_file: int = 0
    stamp: str = ""

    def is_on(self, key: FrameKey, frame: FrameInfo) -> bool:
        """Whether it belongs to this frame, however many frames are known by now."""
        if self.stamp:
            return self.stamp == frame.stamp
        if self.frame.series_uid != key.series_uid:
            return False
        if self.sop_uid is None:
            return self.frame.index == key.index
        return (self.sop_uid, self.frame_in_file) == (frame.sop_uid, frame.frame_in_file)
