"""Layer lines that a file itself holds, beside the picture: read for the shown B-scan, once each.

Lane "lines", newest wins.  Nothing is read while they are not wished for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fineview.core.errors import FineViewError
from fineview.core.layers import LayerLine
from fineview.core.study import FrameInfo, FrameKey
from fineview.services.jobs import Job, Jobs
from fineview.services.ports import Archive
from fineview.services.session import Session
from fineview.services.thickness_lines import file_lines

_MODALITY = "OPT"


class FileLines:
    """Listens to the session and keeps what it reads in ``session.lines``."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive) -> None:
        self._session, self._jobs, self._archive = session, jobs, archive
        self._asked: FrameKey | None = None
        session.subscribe(self._heard)

    def _heard(self) -> None:
        session, key, frame = self._session, self._session.frame_key, self._session.frame
        if key in (None, self._asked) or key in session.lines or not session.overlay.lines:
            return
        if key is None or frame is None or session.series is None or session.series.modality != _MODALITY:
            return
        self._asked = key
        self._jobs.submit(Job("lines", lambda _: file_lines(self._archive, frame), partial(self._read, key, frame),
                              partial(self._failed, key, frame)))

    def _read(self, key: FrameKey, frame: FrameInfo, lines: tuple[LayerLine, ...]) -> None:
        self._asked = None
        if self._session.is_still(key, frame):
            self._session.lines[key] = lines
        self._session.pulse()

    def _failed(self, key: FrameKey, frame: FrameInfo, error: FineViewError) -> None:
        """The picture stays; that its lines cannot be read is told once."""
        self._session.tell("warning", error.what, error.remedy, error.code)
        self._read(key, frame, ())


def words_of(lines: Sequence[LayerLine]) -> str:
    """Who drew the lines, for the legend: "Layer lines in the file: RPE (A, by hand); ILM, BM (A)"; "" for none."""
    drawn: dict[str, list[str]] = {}
    for line in lines:
        drawn.setdefault(line.by, []).append(line.name)
    parts = [f"{', '.join(names)} ({by})" if by else ", ".join(names) for by, names in drawn.items()]
    return f"Layer lines in the file: {'; '.join(parts)}" if parts else ""
