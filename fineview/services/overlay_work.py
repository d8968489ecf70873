"""The lane that computes overlays: one need after the other, newest request wins, results kept by frame and encoder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fineview.core.errors import FineViewError
from fineview.core.study import FrameInfo
from fineview.services.analyse import FrameRequest
from fineview.services.encodings import Encodings
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.needs import Found, Need, fulfil, is_missing, wanted
from fineview.services.picture import heat_key, overlay_picture
from fineview.services.ports import Engine
from fineview.services.session import Session
from fineview.services.suggestions import merge_suggestions
from fineview.services.wishes import OverlayWishes

EngineSource = Callable[[str | None], Engine]
Named = Callable[[str], None]


class OverlayWork:
    """Lane "model" (one worker).  ``engine`` is asked for by name, None being the one the app was started with.

    ``loaded``: the engines that were asked for, by the names they go under in the wishes.  ``on_chosen`` hears the
    name of an encoder that was chosen and is there, ``on_lost`` of one that could not be loaded.
    """

    def __init__(self, session: Session, jobs: Jobs, engine: EngineSource, encodings: Encodings) -> None:
        self._session, self._jobs, self._engine, self._encodings = session, jobs, engine, encodings
        self.loaded: dict[str, Engine] = {}
        self.on_chosen: Named = _nobody
        self.on_lost: Named = _nobody
        self.enabled = True

    def turn_to(self, new: OverlayWishes) -> None:
        """What was shown before becomes the overlay to compare with, unless a fixed one stands beside the picture."""
        session, old = self._session, self._session.overlay
        fixed = session.beside == "overlay" and session.other is not None
        if not fixed and "none" not in (old.kind, new.kind) and old.choice() != new.choice():
            session.other = old
        session.overlay = new

    def refresh(self, force: bool = False) -> None:
        """Compute what the wishes need for the shown frame and is not known yet."""
        self._next(wanted(self._session, force))

    def cancel(self) -> None:
        """Stop.  What is not there yet is given up, so that nothing is waited for in vain."""
        session = self._session
        self._jobs.cancel("model")
        session.encoder_wanted = None
        if overlay_picture(session) is None:
            session.overlay = replace(session.overlay, kind="none")
        if any(is_missing(session, need) for need in wanted(session)):
            session.beside = "none"
        session.progress.pop("model", None)
        session.pulse()

    def _next(self, needs: tuple[Need, ...]) -> None:
        """Work on the first need that is not met; the ones behind it follow when it is done."""
        session, key = self._session, self._session.frame_key
        raster, series, frame = session.raster, session.series, session.frame
        if key is None or raster is None or series is None or frame is None or not self.enabled:
            return
        for number, need in enumerate(needs):
            if is_missing(session, need):
                request = FrameRequest(key, raster, frame.spacing, series.modality)
                self._submit(need, request, frame, len(needs) - number - 1)
                return
            self._arrive(need)

    def _submit(self, need: Need, request: FrameRequest, frame: FrameInfo, behind: int) -> None:
        name, known = need.wishes.encoder, self._session.analyses.get((request.key, need.wishes.encoder))

        def work(token: Token) -> Found:
            engine = self._engine(name or None)
            self.loaded[name] = engine
            token.raise_if_cancelled()
            token.report(0, 0, f"encoding frame {request.key.index + 1}")
            return fulfil(need, request, engine, self._encodings, known, token)

        def done(found: Found) -> None:
            self._keep(found, frame)
            # Only what stands behind it: two maps too large to be kept together must not chase each other for ever.
            self._next(wanted(self._session)[-behind:] if behind else ())

        self._progress(f"loading {name}" if name and name not in self.loaded else "preparing the model", 0, 0)
        self._jobs.submit(Job("model", work, done, lambda error: self._failed(need, error),
                              lambda count, total, words: self._progress(words, count, total), self._idle))

    def _keep(self, found: Found, frame: FrameInfo) -> None:
        session, key = self._session, found.request.key
        session.engines[found.wishes.encoder] = found.facts
        if session.study is not None and session.frame_at(key) == frame:
            # Else another study, or more files of this one: the number means another picture by now.
            if found.heat is not None:
                session.heat[heat_key(key, found.wishes)] = found.heat
            if found.eye is not None:
                session.eye = found.eye
            self._keep_analysis(found, frame, session.study.uid)
        self._settle(found)
        session.pulse()

    def _keep_analysis(self, found: Found, frame: FrameInfo, study_uid: str) -> None:
        session, analysis, key = self._session, found.analysis, (found.request.key, found.wishes.encoder)
        if analysis is None:
            return
        fresh = key not in session.analyses
        session.analyses[key] = analysis
        for note in analysis.notes if fresh else ():
            session.tell("info", note)
        if fresh:
            session.findings = merge_suggestions(session.findings, analysis, frame, study_uid)

    def _settle(self, found: Found) -> None:
        """The wishes follow what could be done."""
        session, need = self._session, found.need
        self._arrive(need)
        shown = session.overlay
        if need.place == 0 and (shown.kind, shown.text) == (need.wishes.kind, need.wishes.text):
            session.overlay = replace(shown, kind=found.wishes.kind, text=found.wishes.text)
        elif need.place == 1 and session.other == need.wishes:
            session.other = found.wishes
        if found.note:
            session.tell("info", found.note, code="method-not-offered")

    def _arrive(self, need: Need) -> None:
        """The chosen encoder is there: from now on everything comes from it."""
        session = self._session
        if need.place == 0 and session.encoder_wanted is not None and session.encoder_wanted == need.wishes.encoder:
            session.encoder_wanted = None
            self.turn_to(replace(session.overlay, encoder=need.wishes.encoder))
            self.on_chosen(need.wishes.encoder)
            session.pulse()

    def _failed(self, need: Need, error: FineViewError) -> None:
        session, name = self._session, need.wishes.encoder
        never_came, stays = bool(name) and name not in self.loaded, ""
        back = need.place == 0 and (session.encoder_wanted is not None or never_came)
        if back and session.encoder_wanted is not None:
            session.encoder_wanted = None
        elif back:
            self._turn_back(name)
        elif need.place == 0:
            session.overlay = replace(session.overlay, kind="none")
        else:
            session.beside, session.other = "none", None if need.place == 1 else session.other
        if never_came:
            self.on_lost(name)
        if back:
            stays = f"{Path(session.overlay.encoder or session.default_encoder).name} stays in use."
        what = f"The encoder {Path(name).name} cannot be used: {error.what}" if never_came else error.what
        session.tell("error", what, f"{error.remedy} {stays}".strip(), error.code)
        session.pulse()
        if back:
            self.refresh()  # the old one may owe something for a frame that came meanwhile

    def _turn_back(self, name: str) -> None:
        """An encoder that never came holds no picture: back to what was flipped from, else to the first encoder."""
        session, before = self._session, self._session.other
        if before is not None and before.encoder != name:
            session.overlay, session.other = before.dressed_as(session.overlay), None
        else:
            session.overlay = replace(session.overlay, encoder="")

    def _progress(self, words: str, done: float, total: float) -> None:
        self._session.advance("model", words, done, total)

    def _idle(self) -> None:
        if not self._jobs.busy("model"):
            self._session.progress.pop("model", None)
            self._session.pulse()


def _nobody(_: str) -> None:
    pass
