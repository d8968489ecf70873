"""What a person decided about the thickness grid of one volume: where its centre lies, and that a report holds it."""

from __future__ import annotations

from dataclasses import dataclass

from fineview.core.geometry import Point
from fineview.core.report import GridEntry


@dataclass(frozen=True, slots=True)
class KeptGrid:
    """``centre_mm``: on the volume's fundus plane; None: a marked fovea, else the middle of the scan.

    ``frames``: B-scans that were open then; where a file gives no localizer the plane's origin depends on them.
    ``entry``: what the report holds, as it was measured last; None where it never was in one.  ``changed``: ISO 8601.
    """

    study_uid: str
    series_uid: str
    centre_mm: Point | None = None
    in_report: bool = False
    entry: GridEntry | None = None
    author: str = ""
    changed: str = ""
    frames: int = 0

    @property
    def id(self) -> str:
        """One a volume."""
        return self.series_uid
