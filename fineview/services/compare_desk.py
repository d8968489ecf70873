"""Comparing the shown volume with another one of the same patient, from the window.

Lane "thickness-change", newest wins: the other volume's lines are found the way the shown one's were, then both are
laid on each other.  What the shown one's grid, lines or boundaries do later is followed without reading again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from fineview.core.errors import FineViewError, RequestProblem
from fineview.core.study import Series, Study
from fineview.services.grid_keeping import wished_centre
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.overlay_work import EngineSource
from fineview.services.ports import Archive, Journal
from fineview.services.session import Session
from fineview.services.thickness_compare import Candidate, Compared, Other, candidates, compare
from fineview.services.thickness_lines import VolumeLines, corrected, from_file, from_model
from fineview.services.thickness_state import ThicknessState
from fineview.services.whereabouts import relocated

Keep = Callable[[ThicknessState], None]
LANE = "thickness-change"


class CompareDesk:
    """``keep`` hears a state that was compared."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive, engine: EngineSource, journal: Journal,
                 keep: Keep) -> None:
        self._session, self._jobs, self._archive, self._journal = session, jobs, archive, journal
        self._engine, self._keep = engine, keep
        self._wanted: tuple[str, str] | None = None  # series shown, and the one to compare it with once it is measured
        self._reading = False

    # -- gestures ----------------------------------------------------------------------------------------------
    def choices(self) -> tuple[Candidate, ...]:
        """What the shown volume can be compared with, best first."""
        study, series = self._session.study, self._session.series
        return candidates(self._session.catalogue, study, series) if study is not None and series is not None else ()

    def choose(self, uid: str, measure: Callable[[], None]) -> None:
        """Compare with series ``uid``; ``measure`` is called where the shown volume was not measured yet."""
        now, series = self._session.thickness, self._session.series
        if series is None:
            return
        if now is None or now.made is None:
            self._wanted = (series.uid, uid)
            measure()
            return
        chosen = next((one for one in self.choices() if one.series.uid == uid), None)
        if chosen is not None:
            self._read(now, chosen.study, chosen.series)

    def drop(self) -> None:
        """Back to the shown volume alone."""
        self.forget()
        now = self._session.thickness
        if now is not None:
            self._keep(replace(now, compared=None, apart=None))
            self._session.pulse()

    def forget(self) -> None:
        """What is on its way is no longer wanted."""
        self._wanted = None
        self._jobs.cancel(LANE)

    # -- following the shown volume -----------------------------------------------------------------------------
    def measured(self, state: ThicknessState) -> None:
        """The shown volume was measured, or measured again."""
        wanted, self._wanted = self._wanted, None
        if wanted is not None and wanted[0] == state.series_uid:
            self.choose(wanted[1], lambda: None)
        elif state.compared is not None and state.compared.made is not state.made and not self._reading:
            other = state.compared.other
            if self._other_hand(state, other):
                self._read(state, other.study, other.series)
            else:
                self._submit(state, lambda _: other)

    def failed(self) -> None:
        """The shown volume cannot be measured."""
        self._wanted = None

    # -- work --------------------------------------------------------------------------------------------------
    def _read(self, now: ThicknessState, study: Study, series: Series) -> None:
        source = now.drawn.source if now.drawn is not None else "file"
        encoder = self._session.overlay.encoder
        self._session.advance(LANE, "measuring the other volume")
        self._reading = True

        def lines(token: Token) -> VolumeLines:
            if source == "model":
                return from_model(series, self._archive, self._engine(encoder or None), token)
            try:
                return from_file(series, self._archive, token)
            except RequestProblem as error:
                if error.code != "no-lines":
                    raise
                raise RequestProblem("The other volume's file holds no layer lines, the shown one's does.",
                                     "Measure with the model's lines, then compare.", "no-lines") from error

        def read(token: Token) -> Other:
            found = corrected(lines(token), series, self._journal.layer_copies(study.uid))
            centre = wished_centre(self._journal.grids(study.uid), series.uid, len(series.frames))
            return Other(study, series, found, relocated(self._journal.findings(study.uid), study), centre)

        self._submit(now, read)

    def _other_hand(self, state: ThicknessState, other: Other) -> bool:
        """Whether the shown lines are now a model's where the other's are the file's, or another model's."""
        mine, theirs = state.drawn, other.lines
        return mine is not None and (mine.source != theirs.source or (mine.source == "model" and mine.by != theirs.by))

    def _submit(self, now: ThicknessState, other: Callable[[Token], Other]) -> None:
        session, made, uid = self._session, now.made, now.series_uid
        study = session.study
        series = next((one for one in study.series if one.uid == uid), None) if study is not None else None
        if study is None or series is None or made is None:
            return
        findings = session.findings

        def work(token: Token) -> Compared:
            there = other(token)
            token.raise_if_cancelled()
            return compare(there, study, series, made, findings)

        self._jobs.submit(Job(LANE, work, lambda found: self._compared(uid, found),
                              lambda error: self._apart(uid, error),
                              lambda done, total, words: session.advance(LANE, words, done, total), self._idle))

    def _compared(self, uid: str, found: Compared) -> None:
        self._reading = False
        now = self._session.thickness
        if now is None or now.series_uid != uid:
            return
        state = replace(now, compared=found, apart=None)
        self._keep(state)
        self._session.pulse()
        self.measured(state)

    def _apart(self, uid: str, error: FineViewError) -> None:
        now = self._session.thickness
        if now is not None and now.series_uid == uid:
            self._keep(replace(now, compared=None, apart=(error.what, error.remedy)))
            self._session.pulse()

    def _idle(self) -> None:
        if not self._jobs.busy(LANE):
            self._reading = False
            if self._session.progress.pop(LANE, None) is not None:
                self._session.pulse()
