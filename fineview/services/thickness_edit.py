"""Correcting layer lines by hand: a person's own copies, journalled, undone in turn with the marks.

A model never writes here.  What is shown is on disk.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import FineViewError
from fineview.core.layer_copy import LayerCopy
from fineview.core.layers import LayerSource
from fineview.imaging.line_bend import bend
from fineview.services.annotate import Annotate
from fineview.services.clock import now_iso
from fineview.services.jobs import Job, Jobs
from fineview.services.ports import Journal
from fineview.services.session import Session
from fineview.services.steps import Step

Rows = NDArray[np.float32]


class LineEdits:
    """Gestures on the lines of the shown B-scan.  Lane "journal", behind all that is still being written."""

    def __init__(self, session: Session, jobs: Jobs, journal: Journal, annotate: Annotate) -> None:
        self._session, self._jobs, self._journal, self._annotate = session, jobs, journal, annotate
        self._study = ""
        session.subscribe(self._heard)

    def lines(self) -> tuple[tuple[str, Rows, LayerSource], ...]:
        """(name, rows, who) of the two boundaries measured, on the shown B-scan; a person's own where there is one."""
        now, index = self._session.thickness, self._session.index
        if now is None or now.drawn is None or now.pair is None or index >= len(next(iter(now.drawn.rows.values()))):
            return ()
        found: list[tuple[str, Rows, LayerSource]] = []
        for name in now.pair:
            own = self._copy(name)
            found.append((name, _rows(own), "person") if own is not None else
                         (name, now.drawn.rows[name][index], now.drawn.source))
        return tuple(found)

    def bend(self, name: str, column: int, to_row: float, reach: int) -> None:
        """Drag the line at ``column`` to ``to_row``; ``reach`` columns on either side follow."""
        key = self._session.frame_key

        def make() -> Step | None:
            if self._session.frame_key != key:
                return None  # the B-scan changed while earlier steps were being written
            old = next((rows for known, rows, _ in self.lines() if known == name), None)
            if old is None or not 0 <= column < len(old):
                return None
            raster = self._session.raster
            lowest = float(raster.rows) if raster is not None else max(to_row, 0.0)
            made = bend(old, column, min(max(to_row, 0.0), lowest), reach)
            return None if np.array_equal(made, old, equal_nan=True) else self._step(f"move {name}", name, made)

        self._annotate.step(make)

    def restore(self, name: str) -> None:
        """Back to the line as the file or the model has it, on the shown B-scan."""
        def make() -> Step | None:
            own = self._copy(name)
            return Step(self._named(f"restore {name}"), own, None) if own is not None else None

        self._annotate.step(make)

    # -- work --------------------------------------------------------------------------------------------------
    def _step(self, words: str, name: str, rows: Rows) -> Step:
        session, own, at = self._session, self._copy(name), now_iso()
        assert session.study is not None and session.frame_key is not None and session.frame is not None
        kept = tuple(None if not np.isfinite(row) else round(float(row), 2) for row in rows)
        if own is not None:
            return Step(self._named(words), own, replace(own, row_px=kept, author=session.author, changed=at))
        drawn = session.thickness.drawn if session.thickness is not None else None
        made = LayerCopy("l-" + uuid.uuid4().hex[:16], session.study.uid, session.frame_key, name, kept,
                         drawn.by if drawn is not None else "", session.author, at, at, session.frame.sop_uid,
                         session.frame.frame_in_file, session.frame.stamp)
        return Step(self._named(words), None, made)

    def _named(self, words: str) -> str:
        return f"{words} on frame {self._session.index + 1}"

    def _copy(self, name: str) -> LayerCopy | None:
        key, frame = self._session.frame_key, self._session.frame
        if key is None or frame is None:
            return None
        return next((one for one in self._session.layer_copies if one.name == name and one.is_on(key, frame)), None)

    def _heard(self) -> None:
        """Another study is open: read what was corrected there before."""
        uid = self._session.study.uid if self._session.study is not None else ""
        if uid == self._study:
            return
        self._study, self._session.layer_copies = uid, ()
        if uid:
            self._jobs.submit(Job("journal", lambda _: self._journal.layer_copies(uid), partial(self._recalled, uid),
                                  self._failed, newest_wins=False))

    def _recalled(self, uid: str, found: tuple[LayerCopy, ...]) -> None:
        if uid == self._study and found:
            known = {one.id for one in self._session.layer_copies}
            self._session.layer_copies += tuple(one for one in found if one.id not in known)
            self._session.pulse()

    def _failed(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()


def _rows(copy: LayerCopy) -> Rows:
    return np.array([np.nan if row is None else row for row in copy.row_px], np.float32)
