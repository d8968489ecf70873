"""Asking in the window: the question leaves, words stream in, Stop stops, the answer is kept with its region.

Who answers is chosen on the shelf of answerers; a question that comes while a language model is being loaded waits
for it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fineview.core.dialogue import CLOSER_LOOK, Answer, Answered, Citation, Question
from fineview.core.errors import FineViewError, StorageProblem
from fineview.core.evidence import ModelIdentity
from fineview.core.finding import Finding
from fineview.core.geometry import Box
from fineview.core.region import RegionKind
from fineview.core.study import FrameKey
from fineview.services.analyse import EYE_MODALITIES, SILENT_MODALITIES, FrameRequest
from fineview.services.annotate import FOVEA
from fineview.services.answer_by_model import answer_by_model
from fineview.services.answerer_shelf import AnswererShelf
from fineview.services.clock import now_iso
from fineview.services.conversation import Conversation
from fineview.services.encodings import Encodings
from fineview.services.ground import Ground, judgement
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.overlay_work import EngineSource
from fineview.services.phrasing import worded
from fineview.services.ports import Answerer, Journal
from fineview.services.session import Pointed, Session, Spoken, Streaming
from fineview.services.suggestions import suggestion_id
from fineview.services.whereabouts import relocated_answers
from fineview.services.wishes import WORD
from fineview.services.word_maps import WordSpan, spoken_words

_WORD = re.compile(r"\S+\s*")
Heard = Callable[[Streaming], None]


class Ask:
    """Lane "ask", newest wins.  The encoder whose maps are shown answers.  An answer is shown as kept once the journal
    has it."""

    def __init__(self, session: Session, jobs: Jobs, engine: EngineSource, encodings: Encodings, journal: Journal,
                 show: Callable[[FrameKey], None], answerers: AnswererShelf,
                 conversation: Conversation | None = None) -> None:
        self._session, self._jobs, self._engine, self._encodings = session, jobs, engine, encodings
        self._journal, self._show, self._answerers = journal, show, answerers
        self._conversation = conversation or Conversation()

    def suggestions(self) -> tuple[str, ...]:
        """Likely questions for the selected region, or for the frame; none about eyes where none is shown."""
        finding, key = self._session.selected_finding, self._session.frame_key
        analysis = self._session.analysis_at(key)
        modality = self._session.series.modality if self._session.series is not None else ""
        no_eye = modality not in EYE_MODALITIES | SILENT_MODALITIES
        if finding is None or finding.frame != key:
            return ("How bright is it?",) if no_eye else (
                "Is there a lesion?", "Which eye is this?", "How many lesions?")
        if finding.region.kind is RegionKind.LENGTH:
            return ("How long is it?",) if no_eye else (
                "How long is it?", "What is this?", "How far is it from the fovea?")
        if finding.region.kind is RegionKind.ANGLE:
            return ("How large is it?",)
        if no_eye:
            return ("How large is it?", "How bright is it?", "Is it brighter than around it?")
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
                        session.series.laterality, partial(self._engine, session.overlay.encoder), self._encodings,
                        Token(),
                        domain=judgement(session.analysis_at(question.frame)))
        ground = self._conversation.joined(ground, session)
        self._jobs.cancel("ask")
        session.streaming, session.pointed = Streaming(question, doing=self._answerers.waiting_words()), None
        self._answerers.need(partial(self._submit, ground), partial(self._given_up, question))
        session.pulse()

    def words(self, question_id: str, text: str) -> tuple[WordSpan, ...]:
        """The words of what a language model said, each with why it has no map."""
        spoken = self._session.spoken.get(question_id)
        return tuple(span for span, _ in spoken_words(text, spoken.words if spoken is not None else ()))

    def map_of(self, question_id: str, span: WordSpan) -> int:
        """Where the piece begins whose map a word shows (a word can be said in pieces); -1 where it has none."""
        spoken = self._session.spoken.get(question_id)
        near = [one.start for one in spoken.words if one.start < span.end and span.start < one.end] if spoken else []
        return near[0] if near else -1

    def stop(self) -> None:
        self._jobs.cancel("ask")
        self._let_go()
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
                              self._tell, newest_wins=False))

    def cite(self, given: Answer, citation: Citation) -> None:
        """Go to the answer's frame and region; a map switches its overlay on, a proposal is selected itself."""
        session, key = self._session, given.question.frame
        if citation.text == CLOSER_LOOK and citation.box is not None and given.model is not None:
            shown = session.pointed is not None and session.pointed.question.id == given.question.id
            session.pointed = None if shown else _closer(given.question, citation.box, given.model)
        elif citation.kind == "map":
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

    def point_at_nothing(self) -> None:
        self._session.pointed = None
        self._session.pulse()

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
                        uuid.uuid4().hex[:12], frame.sop_uid if frame else None, frame.frame_in_file if frame else 0,
                        frame.stamp if frame else "")

    def _submit(self, ground: Ground, answerer: Answerer | None) -> None:
        """Ask who was chosen, unless the question was stopped or another one asked meanwhile."""
        question, session = ground.question, self._session
        if session.streaming is None or session.streaming.question != question:
            return
        session.streaming = Streaming(question)
        session.advance("ask", "answering")
        self._jobs.submit(Job("ask", lambda token: self._work(replace(ground, token=token), answerer, token),
                              self._answered, self._failed,
                              lambda _done, _total, words: self._heard(question, doing=words), self._idle))

    def _given_up(self, question: Question) -> None:
        if self._session.streaming is not None and self._session.streaming.question == question:
            self._session.streaming = None

    def _work(self, ground: Ground, answerer: Answerer | None, token: Token
              ) -> tuple[Answered, StorageProblem | None]:
        def tell(**news: object) -> None:
            self._jobs.post(lambda: None if token.cancelled else self._heard(ground.question, **news))

        if answerer is None:
            made = worded(ground, lambda text, words: tell(text=text))
            spoken = ""
            for word in _WORD.findall(made.answer.text) if made.spoken_by is None else ():
                token.raise_if_cancelled()
                spoken += word
                tell(text=spoken)
        else:
            who = answerer.identity
            made = answer_by_model(ground, answerer, lambda text, words: tell(text=text, words=words, model=who),
                                   lambda box: tell(closer=box, model=who))
        made = replace(made, answer=replace(made.answer, asked_at=now_iso()))
        token.raise_if_cancelled()
        try:
            if not self._journal.read_only:
                self._journal.keep_answer(ground.question.study_uid, made.answer)
        except StorageProblem as error:
            return made, error  # an answer is worth seeing also where it cannot be kept
        return made, None

    def _heard(self, question: Question, **news: object) -> None:
        """More of an answer: fields of ``Streaming``."""
        session, now = self._session, self._session.streaming
        if now is None or now.question.id != question.id:
            return
        session.streaming = now = replace(now, **news)  # type: ignore[arg-type]
        if now.model is not None and now.words:
            session.spoken[question.id] = Spoken(question, now.model, now.words)
        if now.model is not None and "closer" in news and now.closer is not None:
            session.pointed = _closer(question, now.closer, now.model)
        session.pulse()

    def _answered(self, done: tuple[Answered, StorageProblem | None]) -> None:
        session, (answered, unsaved) = self._session, done
        session.streaming, made = None, answered.answer
        speaker = answered.spoken_by or made.model
        if answered.words and speaker is not None:
            session.spoken[made.question.id] = Spoken(made.question, speaker, answered.words)
        if unsaved is not None:
            session.tell("error", unsaved.what, unsaved.remedy, unsaved.code)
        if session.study is not None and session.study.uid == made.question.study_uid:
            session.answers = (*session.answers, *relocated_answers((made,), session.study))
            if unsaved is None and not self._journal.read_only:
                session.saved_at = made.asked_at[11:19]
        session.pulse()

    def _let_go(self) -> None:
        """What is not going to be an answer leaves nothing on the picture either."""
        session, now = self._session, self._session.streaming
        session.streaming = None
        if now is None:
            return
        if session.pointed is not None and session.pointed.question.id == now.question.id:
            session.pointed = None
        if session.overlay.kind == WORD and session.overlay.word is not None \
                and session.overlay.word[0] == now.question.id:
            session.overlay = replace(session.overlay, kind="none", word=None)

    def _failed(self, error: FineViewError) -> None:
        self._let_go()
        self._tell(error)

    def _tell(self, error: FineViewError) -> None:
        """What failed is told; an answer that is on its way has nothing to do with it."""
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()

    def _idle(self) -> None:
        if not self._jobs.busy("ask"):
            self._session.progress.pop("ask", None)
            self._session.pulse()


def _closer(question: Question, box: Box, model: ModelIdentity) -> Pointed:
    return Pointed(question, box, f"{model.short} looked closer here")
