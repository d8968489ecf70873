"""Asking in the window: the question leaves, words stream in, Stop stops, the answer is kept with its region."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.errors import FineViewError, StorageProblem
from fineview.core.finding import Finding
from fineview.core.region import RegionKind
from fineview.core.study import FrameKey
from fineview.services.analyse import FrameRequest
from fineview.services.annotate import FOVEA
from fineview.services.answering import EngineSource, Ground, answer
from fineview.services.clock import now_iso
from fineview.services.encodings import Encodings
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.ports import Journal
from fineview.services.session import Session, Streaming
from fineview.services.suggestions import suggestion_id
from fineview.services.whereabouts import relocated_answers

_WORD = re.compile(r"\S+\s*")


class Ask:
    """Lane "ask", newest wins.  An answer is shown as kept once the journal has it."""

    def __init__(self, session: Session, jobs: Jobs, engine: EngineSource, encodings: Encodings, journal: Journal,
                 show: Callable[[FrameKey], None]) -> None:
        self._session, self._jobs, self._engine, self._encodings = session, jobs, engine, encodings
        self._journal, self._show = journal, show

    def suggestions(self) -> tuple[str, ...]:
        """Three likely questions for the selected region, or for the frame."""
        finding, key = self._session.selected_finding, self._session.frame_key
        analysis = self._session.analysis_at(key)
        if finding is None or finding.frame != key:
            return ("Is there a lesion?", "Which eye is this?", "How many lesions?")
        if finding.region.kind is RegionKind.LENGTH:
            return ("How long is it?", "What is this?", "How far is it from the fovea?")
        eye = analysis.anatomy if analysis else "other"
        third = {"oct": "Is there fluid here?", "fundus": "How far is it from the fovea?"}.get(
            eye, "Is it brighter than around it?")
        return ("What is this?", "How large is it?", third)

    def ask(self, text: str) -> None:
        """Ask about the selected region of the shown frame, or about the whole frame."""
        session, raster, frame = self._session, self._session.raster, self._session.frame
        text = " ".join(text.split())[:500]
        if not text or session.study is None or session.series is None or frame is None:
            return
        if raster is None:
            session.tell("info", "The question was not asked: the image is not there yet.", "Ask again in a moment.",
                         "no-image")
            session.pulse()
            return
        question = self._question(text)
        ground = Ground(question, FrameRequest(question.frame, raster, frame.spacing, session.series.modality),
                        session.series.laterality, self._engine, self._encodings, Token())
        session.streaming = Streaming(question)
        session.advance("ask", "answering")
        self._jobs.submit(Job("ask", lambda token: self._work(replace(ground, token=token), token), self._answered,
                              self._failed, lambda _done, _total, words: self._partial(question, words), self._idle))

    def stop(self) -> None:
        self._jobs.cancel("ask")
        self._session.streaming = None
        self._session.progress.pop("ask", None)
        self._session.pulse()

    def keep(self, question_id: str, wanted: bool) -> None:
        """Take an answer into the report, or leave it out; shown once it is on disk."""
        session = self._session
        old = next((a for a in session.answers if a.question.id == question_id), None)
        if old is None or old.in_report == wanted:
            return
        new = replace(old, in_report=wanted)

        def kept(_: None) -> None:
            session.answers = tuple(new if a.question.id == question_id else a for a in session.answers)
            session.saved_at = now_iso()[11:19]
            session.pulse()

        self._jobs.submit(Job("journal", lambda _: self._journal.keep_answer(old.question.study_uid, new), kept,
                              self._failed, newest_wins=False))

    def cite(self, given: Answer, citation: Citation) -> None:
        """Go to the answer's frame and region; a map switches its overlay on, a proposal is selected itself."""
        session, key = self._session, given.question.frame
        if citation.kind == "map":
            # The map of the encoder that gave the answer, whatever is on screen now.
            speaker = session.encoder_of(given.model.sha256) if given.model is not None else None
            encoder = session.overlay.encoder if speaker is None else speaker
            analysis = session.analyses.get((key, encoder))
            known, session.encoder_wanted = analysis is not None and citation.text in analysis.lesions, None
            session.overlay = replace(session.overlay, encoder=encoder, kind="lesion" if known else "raw",
                                      lesion_label=citation.text if known else None, text=citation.text or None)
        self._show(key)
        session.selected = self._cited(given, citation) or session.selected
        session.pulse()

    def _cited(self, given: Answer, citation: Citation) -> str | None:
        """The mark a citation speaks of: the suggestion at its place, else the region that was asked about."""
        wanted, frame = given.question.region_id, self._session.frame_at(given.question.frame)
        if citation.kind == "proposal" and citation.box is not None and given.model is not None and frame is not None:
            wanted = suggestion_id(given.question.frame, frame, citation.text, citation.box, given.model.sha256)
        return wanted if any(f.id == wanted for f in self._session.findings) else None

    # -- work --------------------------------------------------------------------------------------------------
    def _question(self, text: str) -> Question:
        session = self._session
        finding, key = session.selected_finding, session.frame_key
        assert session.study is not None and key is not None
        here: Finding | None = finding if finding is not None and finding.frame == key else None
        fovea = next((f.region.points[0] for f in session.findings if f.label == FOVEA and f.frame == key
                      and f.region.kind is RegionKind.POINT), None)
        frame = session.frame
        return Question(text, session.study.uid, key, here.region if here else None, here.id if here else None, fovea,
                        uuid.uuid4().hex[:12], frame.sop_uid if frame else None, frame.frame_in_file if frame else 0)

    def _work(self, ground: Ground, token: Token) -> tuple[Answer, StorageProblem | None]:
        made = replace(answer(ground), asked_at=now_iso())
        spoken = ""
        for word in _WORD.findall(made.text):
            token.raise_if_cancelled()
            spoken += word
            token.report(0, 0, spoken)
        try:
            if not self._journal.read_only:
                self._journal.keep_answer(ground.question.study_uid, made)
        except StorageProblem as error:
            return made, error  # an answer is worth seeing also where it cannot be kept
        return made, None

    def _partial(self, question: Question, words: str) -> None:
        now = self._session.streaming
        if now is not None and now.question.id == question.id:
            self._session.streaming = Streaming(question, words)
            self._session.pulse()

    def _answered(self, done: tuple[Answer, StorageProblem | None]) -> None:
        session, (made, unsaved) = self._session, done
        session.streaming = None
        if unsaved is not None:
            session.tell("error", unsaved.what, unsaved.remedy, unsaved.code)
        if session.study is not None and session.study.uid == made.question.study_uid:
            session.answers = (*session.answers, *relocated_answers((made,), session.study))
            if unsaved is None and not self._journal.read_only:
                session.saved_at = made.asked_at[11:19]
        session.pulse()

    def _failed(self, error: FineViewError) -> None:
        self._session.streaming = None
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()

    def _idle(self) -> None:
        if not self._jobs.busy("ask"):
            self._session.progress.pop("ask", None)
            self._session.pulse()
