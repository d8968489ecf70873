"""Wishes + facts -> one frozen state of the window.  Pure: the same session content gives the same snapshot.

Arrays in a snapshot are shared, read-only results that were computed elsewhere; equality of the array-bearing parts
is by identity, which is what the binder needs to show only the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.dialogue import Answer
from fineview.core.evidence import Analysis
from fineview.core.finding import Finding
from fineview.core.geometry import Box, Spacing
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Laterality, Patient, Series, Study
from fineview.services.picture import overlay_picture, render_base
from fineview.services.session import Notice, Progress, Session, Streaming
from fineview.services.wishes import OverlayWishes, Tool, ViewWishes


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
class ViewState:
    """Everything the window shows.  ``image``: uint8 (H, W) or (H, W, 3), or None while it is loading."""

    catalogue: Catalogue
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
    window_text: str
    overlay_wishes: OverlayWishes
    overlay: OverlayState | None
    overlay_pending: bool
    analysis: Analysis | None
    domain_banner: str
    tool: Tool
    findings: tuple[Finding, ...]
    frame_findings: tuple[Finding, ...]
    selected: str | None
    answers: tuple[Answer, ...]
    streaming: Streaming | None
    progress: tuple[Progress, ...]
    notices: tuple[Notice, ...]
    localizer: Series | None
    saved_text: str
    undo_name: str
    redo_name: str
    patient_changes: int


def snapshot(session: Session) -> ViewState:
    """Take the state of ``session`` as one frozen value."""
    key, frame, series, raster = session.frame_key, session.frame, session.series, session.raster
    analysis = session.analyses.get(key) if key else None
    overlay = None if session.overlays_hidden else overlay_picture(session)
    localizer = None
    if session.study and series and series.localizer_uid:
        localizer = next((s for s in session.study.series if s.uid == series.localizer_uid), None)
    return ViewState(
        catalogue=session.catalogue, study=session.study, series=series, frame_key=key, frame=frame,
        index=session.index, banner=_banner(session),
        image=render_base(raster, session.view) if raster is not None else None,
        image_problem=session.frame_problem.get(key) if key else None,
        spacing=frame.spacing if frame else Spacing(),
        markers=session.view.transform.markers(frame.orientation) if frame else ("?", "?", "?", "?"),
        view=session.view, window_text=_window_text(session), overlay_wishes=session.overlay,
        overlay=OverlayState(*overlay) if overlay else None,
        overlay_pending=session.overlay.kind != "none" and overlay is None and not session.overlays_hidden,
        analysis=analysis, domain_banner=domain_words(analysis), tool=session.tool, findings=session.findings,
        frame_findings=tuple(f for f in session.findings if f.frame == key), selected=session.selected,
        answers=session.answers, streaming=session.streaming, progress=tuple(session.progress.values()),
        notices=session.notices, localizer=localizer, saved_text=_saved_text(session),
        undo_name=session.undo_name, redo_name=session.redo_name, patient_changes=session.reviewed_patients)


def _banner(session: Session) -> Banner | None:
    if session.study is None or session.series is None:
        return None
    series = session.series
    return Banner(session.study.patient, session.study.date, series.laterality,
                  series.description or series.modality, len(series.frames), series.lossy)


def _window_text(session: Session) -> str:
    raster = session.raster
    if raster is None or raster.is_colour:
        return ""
    window = session.view.window or (raster.windows[0] if raster.windows else None)
    if window is None:
        return "W/L automatic"
    unit = f" {raster.unit}" if raster.unit else ""
    return f"W {window.width:g}  L {window.centre:g}{unit}"


def domain_words(analysis: Analysis | None) -> str:
    """The banner over maps of a picture the encoder was not made for; "" where it was."""
    if analysis is None or analysis.domain == "in":
        return ""
    if analysis.domain == "out":
        return "Outside the model's domain: maps are shown, lesion questions are answered \"cannot tell\"."
    return "The model is not sure that this is an eye: read its maps with care."


def _saved_text(session: Session) -> str:
    if session.read_only:
        return "read-only: marks are not saved"
    return f"saved {session.saved_at}" if session.saved_at else "nothing to save yet"
