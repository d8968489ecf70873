"""Wishes + facts -> one frozen state of the window.  Pure: the same session content gives the same snapshot.

Arrays in a snapshot are shared, read-only results that were computed elsewhere; equality of the array-bearing parts
is by identity, which is what the binder needs to show only the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.dialogue import NOT_EVALUATED, Answer
from fineview.core.evidence import Analysis, Method
from fineview.core.finding import Finding
from fineview.core.geometry import Box, Spacing
from fineview.core.layers import LayerLine
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Laterality, Patient, Series, Study
from fineview.services.companion_view import CompanionView, companion_view, presented
from fineview.services.eye import EyeView
from fineview.services.file_lines import words_of
from fineview.services.listed import listed, of_the_encoder
from fineview.services.localizer import localizer
from fineview.services.memory_words import memory_text
from fineview.services.pane_view import PanesState, panes_state, window_words
from fineview.services.picture import missing_words, overlay_picture, picture_of, render_base
from fineview.services.plane_view import PlanesView
from fineview.services.promising import Measured, Promise, Suggestions, curves_of, promise, suggestions
from fineview.services.session import Notice, Pointed, Progress, Session, Streaming
from fineview.services.whereabouts import place_of
from fineview.services.wishes import Beside, OverlayWishes, Tool, ViewWishes


@dataclass(frozen=True, slots=True)
class Banner:
    """Whose picture this is: always visible."""

    patient: Patient
    study_date: str
    laterality: Laterality
    series: str
    frames: int
    lossy: bool


@dataclass(frozen=True, slots=True, eq=False)
class OverlayState:
    """RGBA uint8 (h, w, 4), straight alpha, to be drawn over ``rect`` of the source; ``legend`` names its origin.

    ``ticks``: values at the ends of the colour bar, or None for pictures without one (three components as colour).
    ``bar``: RGB uint8 (256, 3) colours of the bar from low to high.
    """

    rgba: NDArray[np.uint8]
    rect: Box
    smooth: bool
    legend: str
    ticks: tuple[float, float] | None
    bar: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """What a menu offers.  ``names``: (value, name, words) of the encoders at hand, "" being the one started with.

    ``chosen``: the one in force, or on its way while ``loading``; ``methods``: what the one in force can do, empty
    before it was loaded; ``known``: names of the encoders that were loaded.
    """

    names: tuple[tuple[str, str, str], ...] = ()
    chosen: str = ""
    loading: bool = False
    methods: tuple[Method, ...] = ()
    heads: bool = True
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AnswererChoice:
    """Who can answer.  ``names``: (folder, name, family) of the language models known; "" are our own answers.

    ``chosen``: who answers, or is on its way while ``loading``; ``note``: what must be said beside a language model.
    """

    names: tuple[tuple[str, str, str], ...] = ()
    chosen: str = ""
    loading: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class ViewState:
    """Everything the window shows.  ``image``: uint8 (H, W) or (H, W, 3), or None while it is loading.

    ``overlay_missing``, ``other_missing``: why that overlay will not come, "" where it is there or on its way.
    """

    catalogue: Catalogue
    companions: CompanionView
    study: Study | None
    series: Series | None
    frame_key: FrameKey | None
    frame: FrameInfo | None
    index: int
    banner: Banner | None
    image: NDArray[np.uint8] | None
    image_problem: Notice | None
    spacing: Spacing
    markers: tuple[str, str, str, str]
    view: ViewWishes
    panes: PanesState
    window_text: str
    overlay_wishes: OverlayWishes
    overlay: OverlayState | None
    overlay_pending: bool
    overlay_missing: str
    beside: Beside
    planes: PlanesView | None
    other_wishes: OverlayWishes | None
    other: OverlayState | None
    other_missing: str
    eye: EyeView | None
    encoders: EncoderChoice
    answerers: AnswererChoice
    pointed: Pointed | None
    analysis: Analysis | None
    domain_banner: str
    tool: Tool
    suggestions: Suggestions
    lesion_promise: Promise | None
    findings: tuple[Finding, ...]
    frame_findings: tuple[Finding, ...]
    selected: str | None
    answers: tuple[Answer, ...]
    streaming: Streaming | None
    progress: tuple[Progress, ...]
    notices: tuple[Notice, ...]
    localizer: Series | None
    lines: tuple[LayerLine, ...]
    lines_text: str
    saved_text: str
    memory_text: str
    undo_name: str
    redo_name: str
    patient_changes: int


def snapshot(session: Session) -> ViewState:
    """Take the state of ``session`` as one frozen value."""
    key, frame, series, raster = session.frame_key, session.frame, session.series, session.raster
    analysis, known = session.analysis, of_the_encoder(session, session.findings)
    findings = listed(session, session.findings)
    measured = _measured(session)
    overlay = None if session.overlays_hidden else overlay_picture(session)
    missing = missing_words(session, session.overlay)
    beside_it = localizer(session.study, series, session.localizers)
    companions = companion_view(session)
    shown = presented(raster, companions.presentation) if raster is not None else None
    lines = _lines(session)
    return ViewState(
        catalogue=session.catalogue, companions=companions, study=session.study, series=series, frame_key=key,
        frame=frame,
        index=session.index, banner=_banner(session),
        image=render_base(shown, session.view) if shown is not None else None,
        image_problem=session.frame_problem.get(key) if key else None,
        spacing=frame.spacing if frame else Spacing(),
        markers=session.view.transform.markers(frame.orientation) if frame else ("?", "?", "?", "?"),
        view=session.view, panes=panes_state(session), window_text=window_words(shown, session.view),
        overlay_wishes=session.overlay,
        overlay=OverlayState(*overlay) if overlay else None,
        overlay_pending=session.overlay.kind != "none" and not overlay and not missing and not session.overlays_hidden,
        overlay_missing=missing, beside=session.beside, planes=session.planes, **_beside(session),
        encoders=_encoders(session),
        answerers=_answerers(session), pointed=_pointed(session),
        analysis=analysis, domain_banner=domain_words(analysis), tool=session.tool,
        suggestions=suggestions([f for f in known if f.frame == key], session.least_score, session.selected_finding,
                                measured, session.results),
        lesion_promise=_lesion_promise(session.overlay, measured), findings=findings,
        frame_findings=tuple(f for f in findings if f.frame == key), selected=session.selected,
        answers=session.answers, streaming=session.streaming, progress=tuple(session.progress.values()),
        notices=session.notices, localizer=beside_it, lines=lines,
        lines_text=words_of(lines), saved_text=_saved_text(session),
        memory_text=memory_text(session),
        undo_name=session.undo_name, redo_name=session.redo_name, patient_changes=session.reviewed_patients)


def _lines(session: Session) -> tuple[LayerLine, ...]:
    key = session.frame_key
    wished = session.overlay.lines and not session.overlays_hidden
    return (session.lines.get(key) or ()) if wished and key is not None else ()


def _measured(session: Session) -> tuple[Measured, ...]:
    """Curves of the weights in force: as loaded, or as the list of encoders names them."""
    name = session.overlay.encoder
    facts, wanted = session.engines.get(name), name or session.default_encoder
    listed = next((one for one in session.encoders if one.name == wanted), None)
    weights = facts.identity if facts else listed
    return curves_of(session.results, weights) if weights else ()


def _lesion_promise(wishes: OverlayWishes, measured: tuple[Measured, ...]) -> Promise | None:
    """What the threshold of a lesion map promises, where one label is shown."""
    one = wishes.kind == "lesion" and wishes.lesion_label
    return promise(wishes.lesion_label or "", wishes.threshold, measured) if one else None


def _beside(session: Session) -> Mapping[str, Any]:
    """The overlay beside the picture, in the same colours and with the same threshold, and the model's eye."""
    wishes = session.other.dressed_as(session.overlay) if session.other is not None else None
    seen = wishes is not None and session.beside == "overlay" and not session.overlays_hidden
    parts = picture_of(session, wishes) if wishes is not None and seen else None
    key, eye = session.frame_key, session.eye
    ours = eye is not None and (eye.frame, eye.encoder) == (key, session.overlay.encoder)
    return {"other_wishes": wishes, "other": OverlayState(*parts) if parts else None,
            "other_missing": missing_words(session, wishes) if wishes is not None and seen else "",
            "eye": eye if ours and session.beside == "eye" else None}


def _encoders(session: Session) -> EncoderChoice:
    default = session.default_encoder
    named = {one.name: one.words for one in session.encoders}
    names = [("", default or "as started"), *((name, name) for name in named if name != default)]
    facts = session.engines.get(session.overlay.encoder)
    chosen = session.overlay.encoder if session.encoder_wanted is None else session.encoder_wanted
    return EncoderChoice(
        tuple((value, Path(title).name, named.get(title, "")) for value, title in names), chosen,
        session.encoder_wanted is not None, facts.methods if facts else (),
        facts.identity.heads_trained if facts else True, frozenset(session.engines))


def _answerers(session: Session) -> AnswererChoice:
    chosen = session.next_answerer
    names = {one.path: (one.path, one.name, one.family) for one in session.speakers}
    if chosen:
        names.setdefault(chosen, (chosen, Path(chosen).name, ""))
    return AnswererChoice(tuple(names.values()), chosen, session.answerer_wanted is not None,
                          NOT_EVALUATED if chosen else "")


def _pointed(session: Session) -> Pointed | None:
    """What is pointed at, where it is on the shown frame."""
    at = session.pointed
    here = at is not None and session.study is not None and place_of(at.question, session.study) == session.frame_key
    return at if here else None


def _banner(session: Session) -> Banner | None:
    if session.study is None or session.series is None:
        return None
    series = session.series
    return Banner(session.study.patient, session.study.date, series.laterality,
                  series.description or series.modality, len(series.frames), series.lossy)


def domain_words(analysis: Analysis | None) -> str:
    """The banner over maps of a picture the encoder was not made for; "" where it was."""
    if analysis is None or analysis.domain == "in":
        return ""
    if analysis.domain == "out":
        return "Outside the model's domain: maps are shown, lesion questions are answered \"cannot tell\"."
    if not analysis.model.heads_trained:
        return "This encoder shows maps only: it has no lesion heads, lesion questions are answered \"cannot tell\"."
    return "The model is not sure that this is an eye: read its maps with care."


def _saved_text(session: Session) -> str:
    if session.read_only:
        return "read-only: marks are not saved"
    return f"saved {session.saved_at}" if session.saved_at else "nothing to save yet"
