"""Which study the session is at: a study comes with what was marked there, and leaves without losing it.

While a catalogue is open several of its studies may stand side by side.  What the session says of marks and answers is
always that of one study; what it said of the others waits in ``Session.left``.  Pictures and maps are kept by series
and stay where they are.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from fineview.core.dialogue import Answer
from fineview.core.errors import FineViewError
from fineview.core.finding import Finding, State
from fineview.core.study import Series, Study
from fineview.services.jobs import Job, Jobs
from fineview.services.ports import Journal
from fineview.services.session import LeftStudy, Session
from fineview.services.whereabouts import relocated, relocated_answers
from fineview.services.wishes import WORD, ViewWishes

Known = tuple[tuple[Finding, ...], tuple[Answer, ...]]


class AtStudy:
    """Lane "journal".  The caller pulses."""

    def __init__(self, session: Session, jobs: Jobs, journal: Journal) -> None:
        self._session, self._jobs, self._journal = session, jobs, journal
        self._person: tuple[str, ...] | None = None

    def enter(self, study: Study, series: Series, index: int | None = None, view: ViewWishes | None = None) -> None:
        """Show a series: at its first frame to show and through the file's window, unless ``index`` and ``view`` say.

        Another study brings its own marks and answers; those of the one before wait.
        """
        session, before = self._session, self._session.study
        if study.patient.key != self._person:
            self._person = study.patient.key
            session.reviewed_patients += 1
        if before is None or (before.uid, before.patient.key) != (study.uid, study.patient.key):
            if session.streaming is not None:
                session.tell("info", "An answer was on its way and was given up: another study is shown.",
                             "Go back to its study and ask again.", "answer-given-up")
            self._leave()
            self._recall(study)
        session.study, session.series = study, series
        session.index = series.default_frame if index is None else min(max(index, 0), max(len(series.frames) - 1, 0))
        session.findings = relocated(session.findings, study)
        session.answers = relocated_answers(session.answers, study)
        session.selected = None
        session.view = view or replace(ViewWishes(), true_aspect=session.view.true_aspect)

    def forget(self) -> None:
        """Something else is opened, or nothing: all that is known of the catalogue goes."""
        session = self._session
        self._leave()
        session.clear_frames()
        session.spoken.clear()
        session.left.clear()
        session.study = session.series = None
        session.index, session.openings = 0, session.openings + 1

    def _leave(self) -> None:
        """Nothing of the study may show beside another one; what runs for it would arrive in the wrong place."""
        session = self._session
        for lane in ("preload", "model", "ask"):
            self._jobs.cancel(lane)
        if session.study is not None:
            session.left[session.study.uid] = LeftStudy(
                session.study.patient.key, session.findings, session.answers, session.undo_name, session.redo_name)
        session.findings, session.answers, session.selected, session.streaming = (), (), None, None
        session.pointed = session.eye = None
        if session.overlay.kind == WORD:
            session.overlay = replace(session.overlay, kind="none", word=None)
        session.undo_name = session.redo_name = ""

    def _recall(self, study: Study) -> None:
        """What was marked and asked before, read behind all that is still being written.

        A damaged store costs the marks, not the pictures.
        """
        session, left = self._session, self._session.left.pop(study.uid, None)
        if left is not None and left.person == study.patient.key:
            session.findings, session.answers = left.findings, left.answers
            session.undo_name, session.redo_name = left.undo_name, left.redo_name

        def work(_: object) -> Known:
            return self._journal.findings(study.uid), self._journal.answers(study.uid)

        self._jobs.submit(Job("journal", work, partial(self._recalled, study.uid), self._failed, newest_wins=False))

    def _recalled(self, study_uid: str, found: Known) -> None:
        session, (findings, answers) = self._session, found
        if session.study is None or session.study.uid != study_uid:
            return
        marked, asked = {one.id for one in findings}, {one.question.id for one in answers}
        # A mark that the store does not hold was deleted; only what nobody has decided on yet is not stored.
        kept = tuple(f for f in session.findings if f.id not in marked and f.state is State.SUGGESTED)
        session.findings = relocated(findings + kept, session.study)
        session.answers = relocated_answers(
            answers + tuple(a for a in session.answers if a.question.id not in asked), session.study)
        session.pulse()

    def _failed(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()
