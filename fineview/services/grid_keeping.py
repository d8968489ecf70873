"""A person's decisions about thickness grids: kept at once, undone in turn with the marks.

What is shown as "in the report" is on disk, with the numbers that go into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from fineview.core.errors import FineViewError
from fineview.core.geometry import Point
from fineview.core.kept_grid import KeptGrid
from fineview.core.report import GridEntry
from fineview.services.annotate import Annotate
from fineview.services.clock import now_iso
from fineview.services.jobs import Job, Jobs
from fineview.services.ports import Journal
from fineview.services.session import Session
from fineview.services.steps import Step
from fineview.services.thickness import WISHED


def wished_centre(kept: Iterable[KeptGrid], series_uid: str, frames: int) -> tuple[Point, str] | None:
    """Where a person put the grid of a volume of so many open B-scans; None where others were open then."""
    return next(((one.centre_mm, WISHED) for one in kept
                 if one.series_uid == series_uid and one.centre_mm is not None and one.frames == frames), None)


class GridKeeping:
    """Lane "journal", behind all that is still being written."""

    def __init__(self, session: Session, jobs: Jobs, journal: Journal, annotate: Annotate) -> None:
        self._session, self._jobs, self._journal, self._annotate = session, jobs, journal, annotate
        self._study = ""
        session.subscribe(self._heard)

    # -- what holds --------------------------------------------------------------------------------------------
    def of(self, series_uid: str) -> KeptGrid | None:
        return next((one for one in self._session.kept_grids if one.series_uid == series_uid), None)

    def centre(self, series_uid: str) -> tuple[Point, str] | None:
        """Where a person put the grid, and who; None where other B-scans of the volume are open than were then."""
        return wished_centre(self._session.kept_grids, series_uid, self._frames(series_uid))

    def _frames(self, series_uid: str) -> int:
        study = self._session.study
        return next((len(one.frames) for one in study.series if one.uid == series_uid), 0) if study is not None else 0

    def in_report(self, series_uid: str) -> bool:
        kept = self.of(series_uid)
        return kept is not None and kept.in_report

    # -- gestures ----------------------------------------------------------------------------------------------
    def move(self, series_uid: str, centre_mm: Point | None) -> None:
        self._step("move the grid", series_uid, lambda old: replace(
            old, centre_mm=centre_mm, frames=self._frames(series_uid)))

    def put_in(self, series_uid: str, entry: GridEntry) -> None:
        self._step("put the grid into the report", series_uid, lambda old: replace(old, in_report=True, entry=entry))

    def take_out(self, series_uid: str) -> None:
        self._step("take the grid out of the report", series_uid, lambda old: replace(old, in_report=False))

    def measured(self, series_uid: str, entry: GridEntry) -> None:
        """It was measured again while it is in the report: no step of its own, it follows from another."""
        def make() -> Step | None:
            old = self.of(series_uid)
            if old is None or not old.in_report or old.entry == entry:
                return None
            return Step("measure again", old, replace(old, entry=entry, changed=now_iso()))

        if not self._journal.read_only:
            self._annotate.follow(make)

    # -- work --------------------------------------------------------------------------------------------------
    def _step(self, words: str, series_uid: str, change: Callable[[KeptGrid], KeptGrid]) -> None:
        def make() -> Step | None:
            session = self._session
            if session.study is None:
                return None
            old = self.of(series_uid)
            new = change(old or KeptGrid(session.study.uid, series_uid))
            if new == (old or KeptGrid(session.study.uid, series_uid)):
                return None
            return Step(words, old, replace(new, author=session.author, changed=now_iso()))

        self._annotate.step(make)

    def _heard(self) -> None:
        """Another study is open: read what was decided there before."""
        uid = self._session.study.uid if self._session.study is not None else ""
        if uid == self._study:
            return
        self._study, self._session.kept_grids = uid, ()
        if uid:
            self._jobs.submit(Job("journal", lambda _: self._journal.grids(uid), partial(self._recalled, uid),
                                  self._failed, newest_wins=False))

    def _recalled(self, uid: str, found: tuple[KeptGrid, ...]) -> None:
        if uid == self._study and found:
            known = {one.id for one in self._session.kept_grids}
            self._session.kept_grids += tuple(one for one in found if one.id not in known)
            self._session.pulse()

    def _failed(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()
