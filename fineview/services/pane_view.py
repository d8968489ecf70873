"""What each pane shows, from the session: picture, whose it is, marks, and where the other panes cut through it.  Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fineview.core.crossing import crossing
from fineview.core.finding import Finding, State
from fineview.core.geometry import Circle, Point, Spacing
from fineview.core.image import Raster
from fineview.core.study import FrameInfo, FrameKey, Series, Study
from fineview.imaging.line_on import line_on
from fineview.services.linking import Relation, relation
from fineview.services.listed import listed
from fineview.services.panes import Layout, Pane, SeriesFrame
from fineview.services.picture import render_base
from fineview.services.session import Notice, Session
from fineview.services.wishes import ViewWishes

Cut = tuple[Point, Point] | Circle


@dataclass(frozen=True, slots=True)
class PaneState:
    """``image``: uint8 (H, W) or (H, W, 3), None while it is loading; it follows from ``key`` and ``view``.

    ``findings``: marks to be drawn on the frame, with the numbers they have in the list of their study.
    ``cuts``: where frames of other panes lie in this picture, in its pixels; ``here``: the active pane's.
    ``volume``: the series of pane ``jumps``, where this picture can stand beside it: its B-scans are drawn here.
    ``follows``: how it scrolls with the active pane; None: it does not.
    """

    number: int
    study: Study | None = None
    series: Series | None = None
    key: FrameKey | None = None
    frame: FrameInfo | None = None
    view: ViewWishes = ViewWishes()
    window_text: str = ""
    image: NDArray[np.uint8] | None = field(default=None, compare=False)
    loaded: bool = False
    problem: Notice | None = None
    findings: tuple[tuple[int, Finding], ...] = ()
    here: Cut | None = None
    cuts: tuple[Cut, ...] = ()
    volume: Series | None = None
    jumps: int | None = None
    follows: Relation | None = None

    @property
    def markers(self) -> tuple[str, str, str, str]:
        if self.frame is None:
            return ("?", "?", "?", "?")
        return self.view.transform.markers(self.frame.orientation)

    @property
    def spacing(self) -> Spacing:
        return self.frame.spacing if self.frame is not None else Spacing()

    @property
    def index(self) -> int:
        return self.key.index if self.key is not None else 0


@dataclass(frozen=True, slots=True)
class PanesState:
    """``panes``: all that the layout shows, the active one too (without picture and marks: the rest of the window has
    them).  ``people``: how many patients are side by side."""

    layout: Layout = "1x1"
    active: int = 0
    alone: bool = False
    linked: bool = True
    panes: tuple[PaneState, ...] = (PaneState(0),)
    people: int = 0

    @property
    def several(self) -> bool:
        return len(self.panes) > 1

    @property
    def shares(self) -> bool:
        """The active pane has only a part of the room."""
        return self.several and not self.alone


def panes_state(session: Session) -> PanesState:
    panes = session.panes
    shown = [_content(session, session.pane(number), number) for number in range(panes.count)]
    active = shown[panes.active]
    made = tuple(active if one is active else _passive(session, one, shown, active) for one in shown)
    people = {_person(one.study) for one in made if one.study is not None}
    return PanesState(panes.layout, panes.active, panes.alone, panes.linked, made, len(people))


def _person(study: Study) -> tuple[str, ...]:
    """Two studies that do not say whose they are may be two people's."""
    patient = study.patient
    return patient.key if patient.name or patient.id else (study.uid,)


def _content(session: Session, pane: Pane, number: int) -> PaneState:
    """Which frame it is, by the open catalogue."""
    content = pane.content
    if not isinstance(content, SeriesFrame):
        return PaneState(number)
    try:
        study, series = session.catalogue.find_series(content.series_uid)
    except KeyError:
        return PaneState(number)
    if not 0 <= content.index < len(series.frames):
        return PaneState(number)
    key = FrameKey(series.uid, content.index)
    return PaneState(number, study, series, key, series.frames[content.index], pane.view)


def _passive(session: Session, one: PaneState, shown: list[PaneState], active: PaneState) -> PaneState:
    if one.series is None or one.key is None or one.study is None:
        return one
    raster = session.rasters.get(one.key)
    volume = next((other for other in (active, *shown) if _is_localizer(one, other)), None)
    others = [cut for other in shown if other is not one and other is not active and _is_localizer(one, other)
              and (cut := _cut(other, one)) is not None]
    return PaneState(
        one.number, one.study, one.series, one.key, one.frame, one.view, window_words(raster, one.view),
        render_base(raster, one.view) if raster is not None else None, raster is not None,
        session.frame_problem.get(one.key), _marks(session, one), _cut(active, one), tuple(others),
        volume.series if volume is not None else None, volume.number if volume is not None else None,
        relation(active.series, one.series) if active.series is not None else None)


def _is_localizer(picture: PaneState, volume: PaneState) -> bool:
    """B-scans are drawn on the frame that they refer to, and on pictures of the same place."""
    if volume.series is None or picture.series is None or picture is volume:
        return False
    known = volume.series.beside or (volume.series.localizer_uid,)
    return picture.series.uid in known and picture.index == picture.series.default_frame


def _cut(cutting: PaneState, picture: PaneState) -> Cut | None:
    """Where another pane's frame lies in the picture: by its scan line, else by both places in the patient."""
    if cutting.frame is None or picture.frame is None or cutting.series is None or picture.series is None:
        return None
    if cutting.series.localizer_uid == picture.series.uid and _is_localizer(picture, cutting):
        return cutting.frame.scan_line or cutting.frame.scan_circle
    space = cutting.series.frame_of_reference_uid
    if space is None or space != picture.series.frame_of_reference_uid or cutting.key == picture.key:
        return None
    return line_on(cutting.frame, picture.frame) if _is_localizer(picture, cutting) else crossing(
        cutting.frame, picture.frame)


def _marks(session: Session, one: PaneState) -> tuple[tuple[int, Finding], ...]:
    """Marks of the pane's own study, whichever study is the session's now."""
    assert one.study is not None
    uid, person, now = one.study.uid, one.study.patient.key, session.study
    if now is not None and (now.uid, now.patient.key) == (uid, person):
        known = session.findings
    else:
        left = session.left.get(uid)
        known = left.findings if left is not None and left.person == person else ()
    wished = session.overlay.suggestions
    return tuple((number, found) for number, found in enumerate(listed(session, known), start=1)
                 if found.frame == one.key and (wished or found.state is not State.SUGGESTED))


def window_words(raster: Raster | None, view: ViewWishes) -> str:
    """The window a picture is seen through; "" for colour and where nothing is seen yet."""
    if raster is None or raster.is_colour:
        return ""
    window = view.window or (raster.windows[0] if raster.windows else None)
    if window is None:
        return "W/L automatic"
    unit = f" {raster.unit}" if raster.unit else ""
    name = f"{window.name}  " if view.window is not None and window.name else ""
    return f"{name}W {_short(window.width)}  L {_short(window.centre)}{unit}"


def _short(value: float) -> str:
    """Three digits or all those before the point: a hand sets no more.  309, 95.7, -1024, 0.0125."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
