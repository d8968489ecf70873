"""Overlays: wish one, and the encoder works behind the window until it is there.  Newest wins."""

from __future__ import annotations

from dataclasses import replace

from fineview.core.evidence import TASK_SCALES, Method, Task
from fineview.services.encodings import Encodings
from fineview.services.jobs import Jobs
from fineview.services.overlay_work import EngineSource, Named, OverlayWork
from fineview.services.session import Session
from fineview.services.wishes import WORD, Beside, OverlayKind, OverlayWishes
from fineview.services.word_maps import WordSpan, embedded_words, words_of

_SCALES = (4, 8, 16)
NOT_LOADED = "no map yet: the encoder is not loaded"


class Explain:
    """Gestures about overlays.  ``default`` is the name of the encoder behind ""."""

    def __init__(self, session: Session, jobs: Jobs, engine: EngineSource, encodings: Encodings,
                 default: str = "") -> None:
        self._session = session
        self._work = OverlayWork(session, jobs, engine, encodings)
        self._before_chance: OverlayWishes | None = None
        session.default_encoder = default

    def tell_encoders(self, chosen: Named, lost: Named) -> None:
        """``chosen`` hears the name of an encoder that was chosen and is there, ``lost`` of one that never came."""
        self._work.on_chosen, self._work.on_lost = chosen, lost

    @property
    def enabled(self) -> bool:
        """Whether overlays are computed at all; tests of the window alone switch it off."""
        return self._work.enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        self._work.enabled = on

    # -- gestures ----------------------------------------------------------------------------------------------
    def overlay(self, kind: OverlayKind) -> None:
        self.set(kind=kind)

    def toggle(self, kind: OverlayKind) -> None:
        """The same key again switches the overlay off."""
        self.set(kind="none" if self._session.overlay.kind == kind else kind)

    def next_scale(self) -> None:
        """First press shows the pyramid at the task's scale, the next ones go through 1/4, 1/8, 1/16."""
        now = self._session.overlay
        if now.kind != "mfp":
            self.set(kind="mfp")
            return
        self.set(mfp_scale=_SCALES[(_SCALES.index(now.mfp_scale) + 1) % len(_SCALES)])

    def set(self, **changes: object) -> None:
        """Change any field of ``OverlayWishes`` but the encoder.  A new task brings its own scale unless one is given.

        What was shown before becomes the overlay to compare with, unless a fixed one stands beside the picture.
        """
        if "task" in changes and "mfp_scale" not in changes:
            scales = TASK_SCALES[Task(str(changes["task"]))]
            changes |= {"mfp_scale": scales[0], "mfp_with": scales[1] if len(scales) > 1 else 0}
        elif "mfp_scale" in changes:
            changes.setdefault("mfp_with", 0)
        self._work.turn_to(replace(self._session.overlay, **changes))  # type: ignore[arg-type]
        self._session.pulse()
        self.refresh()

    def encoder(self, name: str) -> None:
        """Choose whose maps are shown.  Until the new one is there, or where it fails, the old overlay stays."""
        session = self._session
        name = "" if name == session.default_encoder else name
        if session.encoder_wanted is None and name == session.overlay.encoder:
            return
        session.encoder_wanted = None if name == session.overlay.encoder else name
        session.pulse()
        self.refresh()

    def step_opacity(self, delta: float) -> None:
        self.set(opacity=round(min(1.0, max(0.0, self._session.overlay.opacity + delta)), 2))

    def hold(self, hidden: bool) -> None:
        self._session.overlays_hidden = hidden
        self._session.pulse()

    def follow(self, word: str | None) -> None:
        """Show the attention row of these words; None: the general row."""
        method = self._session.overlay.method
        heat = method is not None and method is not Method.RANDOM
        self.set(text=word, kind=self._session.overlay.kind if heat else "raw")

    def follow_said(self, question_id: str, start: int) -> None:
        """Show the map of a word that a language model said; the same again takes it away."""
        now, word = self._session.overlay, (question_id, start)
        again = now.kind == WORD and now.word == word
        self.set(kind="none" if again else WORD, word=word)

    def words(self, text: str) -> tuple[WordSpan, ...]:
        """The words of a text, each with why it has no map; none has one before the encoder was loaded."""
        engine = self._work.loaded.get(self._session.overlay.encoder)
        if engine is None:
            return tuple(replace(span, reason=NOT_LOADED) for span in words_of(text))
        return embedded_words(text, engine)

    # -- comparing ---------------------------------------------------------------------------------------------
    def flip(self) -> None:
        """The last two choices change places, in place, so that the eye sees the difference."""
        session = self._session
        other, old = session.other or partner(session.overlay), session.overlay
        session.other = old if old.kind != "none" else other
        if other.encoder != old.encoder:
            session.encoder_wanted = None
        session.overlay = other.dressed_as(old)
        session.pulse()
        self.refresh()

    def chance(self) -> None:
        """A random map in place of the overlay, and back: what does the eye see in a map that knows nothing?"""
        now = self._session.overlay
        if now.method is not Method.RANDOM:
            self._before_chance = now
            self.set(kind=Method.RANDOM.value)
        else:
            self.set(kind=self._before_chance.kind if self._before_chance is not None else "none")

    def compare_with(self, **changes: object) -> None:
        """Change any field of the overlay beside the picture, its encoder too."""
        session = self._session
        name = changes.get("encoder")
        if name == session.default_encoder:
            changes["encoder"] = ""
        session.other = replace(session.other or partner(session.overlay), **changes)  # type: ignore[arg-type]
        session.pulse()
        self.refresh()

    def beside(self, what: Beside) -> None:
        """Show something beside the picture; the same again takes it away."""
        session = self._session
        session.beside = "none" if session.beside == what else what
        if session.beside == "overlay":
            session.other = session.other or partner(session.overlay)
        session.pulse()
        self.refresh()

    # -- work --------------------------------------------------------------------------------------------------
    def analyse(self) -> None:
        """Encode the shown frame now, whatever the overlay."""
        self.refresh(force=True)

    def cancel(self) -> None:
        self._work.cancel()

    def refresh(self, force: bool = False) -> None:
        """Compute what the wishes need for the shown frame and is not known yet."""
        self._work.refresh(force)


def partner(overlay: OverlayWishes) -> OverlayWishes:
    """What to compare an overlay with where nothing was chosen yet: the plain map, or DAR beside the plain map."""
    kind = Method.DAR if overlay.method is Method.RAW else Method.RAW
    return replace(overlay, kind=kind.value)
