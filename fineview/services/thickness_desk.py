"""Measuring the shown volume from the window.

Lane "thickness" finds the lines of all its B-scans, with progress and cancel; "thickness-grid" follows a moved centre,
another pair or an edited line; "thickness-ground" makes the picture below the map.  In each the newest wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from fineview.core.errors import FineViewError, RequestProblem
from fineview.core.geometry import Point
from fineview.core.image import Raster
from fineview.core.kept_grid import KeptGrid
from fineview.core.layer_copy import LayerCopy
from fineview.core.report import GridEntry
from fineview.core.study import FrameInfo, FrameKey, Series
from fineview.services.annotate import Annotate
from fineview.services.compare_desk import CompareDesk
from fineview.services.front_desk import FrontDesk
from fineview.services.grid_entry import entry, measured_anew
from fineview.services.grid_keeping import GridKeeping
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.overlay_work import EngineSource
from fineview.services.ports import Archive, Journal
from fineview.services.renumbered import renumbered_series
from fineview.services.session import Session
from fineview.services.slab import Slab
from fineview.services.thickness import WISHED, Thickness, localizer_of, marked_fovea, measure, moved
from fineview.services.thickness_edit import LineEdits
from fineview.services.thickness_lines import VolumeLines, corrected, from_file, from_model
from fineview.services.thickness_sheet import en_face, sheet_of
from fineview.services.thickness_state import EnFace, Ground, ThicknessState, Whose

Centre = tuple[Point, str]
_GREW = RequestProblem("More of this volume has come since it was measured.", "Measure it again.", "volume-grew")


class ThicknessDesk:
    """What was measured of a series is kept while its catalogue is open, and shown again with it.

    ``edits``: the hand on the lines; what it changes is measured again.  ``compare``: with another volume.
    ``front``: slabs of volumes that are not measured.
    ``keeping``: where a person put the grids, and which are in the report.
    """

    def __init__(self, session: Session, jobs: Jobs, archive: Archive, engine: EngineSource, journal: Journal,
                 edits: LineEdits, keeping: GridKeeping) -> None:
        self._session, self._jobs, self._archive, self._engine = session, jobs, archive, engine
        self.edits, self.keeping = edits, keeping
        self.front = FrontDesk(session, jobs, archive)
        self.compare = CompareDesk(session, jobs, archive, engine, journal, self._keep)
        self._kept: dict[str, ThicknessState] = {}
        self._study, self._opening = "", 0
        self._copies: tuple[LayerCopy, ...] = ()
        self._grids: tuple[KeptGrid, ...] = ()
        self._wanted: ThicknessState | None = None
        session.subscribe(self._heard)

    # -- gestures ----------------------------------------------------------------------------------------------
    def measure(self, whose: Whose = "auto") -> None:
        """Take the file's lines, or let the encoder in force draw them, and measure the whole volume."""
        series = self._session.series
        if series is None:
            return
        if len(series.frames) < 2:
            self._refused(series.uid, RequestProblem("This series is no volume of B-scans.", "Choose an OCT volume.",
                                                     "no-series"))
            return
        encoder = self._session.overlay.encoder

        def lines(token: Token) -> VolumeLines:
            if whose != "model":
                try:
                    return from_file(series, self._archive, token)
                except RequestProblem as error:
                    if whose == "file" or error.code != "no-lines":
                        raise
            return from_model(series, self._archive, self._engine(encoder or None), token)

        before = self._kept.get(series.uid, ThicknessState(series.uid, centre=self.keeping.centre(series.uid)))
        self._session.advance("thickness", "measuring the thickness")
        self._wanted = None
        self._submit("thickness", series, replace(before, problem=None), lines)

    def choose(self, upper: str, lower: str) -> None:
        self._again(pair=(upper, lower))

    def move_centre(self, at_mm: Point | None) -> None:
        """Put the grid there; None: back to a marked fovea, else the middle of the scan."""
        now = self._session.thickness
        if now is None or now.made is None:
            return
        centre = None if at_mm is None else (at_mm, WISHED)
        if self._session.read_only or centre == self.keeping.centre(now.series_uid):
            self._again(centre=centre)
        else:
            self.keeping.move(now.series_uid, at_mm)

    def put_in_report(self, wanted: bool) -> None:
        """With what it is compared with, if anything."""
        now, made = self._session.thickness, self._entry(self._session.thickness)
        if now is not None and not wanted:
            self.keeping.take_out(now.series_uid)
        elif now is not None and made is not None:
            self.keeping.put_in(now.series_uid, made)

    def _entry(self, state: ThicknessState | None) -> GridEntry | None:
        study = self._session.study
        series = next((one for one in study.series if one.uid == state.series_uid), None) \
            if study is not None and state is not None else None
        return entry(state, series, self._session.author) if state is not None and series is not None else None

    def slab(self, wanted: Slab | None) -> None:
        """Which slab is seen from the front; None: between the two lines measured."""
        now = self._session.thickness
        if now is not None and now.made is not None and wanted != now.slab:
            self._keep(replace(now, slab=wanted))
            self.ground(now.ground if now.ground != "localizer" else "mean")

    def ground(self, wanted: Ground) -> None:
        """What lies below the map: the localizer, or a slab from the front."""
        now, series = self._session.thickness, self._session.series
        if now is None or now.made is None or now.sheet is None or now.lines is None or series is None:
            return
        self._keep(replace(now, ground=wanted))
        self._session.pulse()
        if wanted == "localizer":
            return
        made, sheet, lines, chosen = now.made, now.sheet, now.lines, now.slab

        def work(token: Token) -> EnFace:
            return en_face(made, sheet, lines, series, self._pictures(series, token), wanted, chosen)

        def seen(found: EnFace) -> None:
            kept = self._kept.get(series.uid)
            if kept is not None and kept.made is made:
                self._keep(replace(kept, en_face=found))
                self._session.pulse()

        self._jobs.submit(Job("thickness-ground", work, seen, self._failed))

    # -- work --------------------------------------------------------------------------------------------------
    def _pictures(self, series: Series, token: Token) -> Iterator[Raster]:
        for index, frame in enumerate(series.frames):
            token.raise_if_cancelled()
            yield self._session.rasters.get(FrameKey(series.uid, index)) or self._archive.read_frame(frame)

    def _again(self, **changes: object) -> None:
        now, series = self._session.thickness, self._session.series
        if now is None or now.drawn is None or series is None or self._jobs.busy("thickness"):
            return
        # A second change may come before the first was measured.
        waiting = self._wanted is not None and self._wanted.series_uid == now.series_uid
        drawn, before = now.drawn, self._wanted if waiting and self._wanted is not None else now
        self._wanted = replace(before, **changes)  # type: ignore[arg-type]
        self._submit("thickness-grid", series, self._wanted, lambda _: drawn)

    def _submit(self, lane: str, series: Series, wanted: ThicknessState,
                lines: Callable[[Token], VolumeLines]) -> None:
        session, study = self._session, self._session.study
        localizer = localizer_of(study, series) if study is not None else None
        findings, copies = session.findings, session.layer_copies

        def work(token: Token) -> ThicknessState:
            drawn = lines(token)
            token.raise_if_cancelled()
            return _measured(wanted, series, localizer, drawn, copies,
                             lambda made: marked_fovea(findings, series, made.plane))

        self._jobs.submit(Job(lane, work, self._made, lambda error: self._refused(series.uid, error),
                              lambda done, total, words: session.advance(lane, words, done, total), self._idle))

    def _made(self, state: ThicknessState) -> None:
        self._wanted = None
        if self._has_grown(state):
            self._refused(state.series_uid, _GREW)
            return
        kept = self._kept.get(state.series_uid)
        if kept is not None:
            state = replace(state, compared=kept.compared, apart=kept.apart)
        self._keep(state)
        self._session.pulse()
        self.compare.measured(state)
        if state.ground != "localizer" and state.en_face is None:
            self.ground(state.ground)
        if (self._session.layer_copies, self._session.kept_grids) != (self._copies, self._grids):
            self._heard()

    def _keep(self, state: ThicknessState) -> None:
        before, self._kept[state.series_uid] = self._kept.get(state.series_uid), state
        self._follow(before, state)
        series = self._session.series
        if series is not None and series.uid == state.series_uid:
            self._session.thickness = state

    def _follow(self, before: ThicknessState | None, state: ThicknessState) -> None:
        """What is in the report follows what is measured; while a comparison is made anew it waits."""
        kept, waits = self.keeping.of(state.series_uid), state.compared is not None and state.change is None
        made = self._entry(state) if kept is not None and kept.in_report and not waits else None
        if kept is None or kept.entry is None or made is None:
            return
        dropped = before is not None and before.compared is not None and state.compared is None
        self.keeping.measured(state.series_uid, made if dropped else measured_anew(kept.entry, made))

    def _has_grown(self, state: ThicknessState) -> bool:
        """Whether other B-scans of the volume are open than were measured: its rows belong to other frames then."""
        study = self._session.study
        now = next((one for one in study.series if one.uid == state.series_uid), None) if study is not None else None
        return now is not None and state.series is not None and renumbered_series(state.series, now)

    def _refused(self, uid: str, error: FineViewError) -> None:
        self._wanted = None
        before = self._kept.get(uid, ThicknessState(uid))
        self.compare.failed()
        self._keep(replace(before, problem=(error.what, error.remedy)))
        self._session.pulse()

    def _failed(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()

    def _idle(self) -> None:
        if not self._jobs.busy("thickness") and self._session.progress.pop("thickness", None) is not None:
            self._session.pulse()

    # -- listening ---------------------------------------------------------------------------------------------
    def _heard(self) -> None:
        """The shown series' own state is shown; a person's edit of a line measures again."""
        session = self._session
        study = session.study.uid if session.study is not None else ""
        if study != self._study or session.openings != self._opening:
            self._study, self._copies, self._wanted = study, (), None
            for lane in ("thickness", "thickness-grid", "thickness-ground"):
                self._jobs.cancel(lane)  # what is measured of the study before would stand in the way of this one
            self.compare.forget()
            if session.openings != self._opening:
                self._opening = session.openings
                self._kept.clear()
            self._grids = session.kept_grids  # none, until they were read
        uid = session.series.uid if session.series is not None else ""
        kept = self._kept.get(uid)
        if kept is not None and self._has_grown(kept):
            self.compare.forget()
            self._kept[uid] = ThicknessState(uid, problem=(_GREW.what, _GREW.remedy))
        session.thickness = self._kept.get(uid)
        if self._jobs.busy("thickness"):
            return
        if session.kept_grids != self._grids:
            self._grids = session.kept_grids
            if session.thickness is not None and session.thickness.centre != self.keeping.centre(uid):
                self._again(centre=self.keeping.centre(uid))
        if session.layer_copies != self._copies:
            self._copies = session.layer_copies
            self._again()


def thickness_desk(session: Session, jobs: Jobs, archive: Archive, engine: EngineSource, journal: Journal,
                   marks: Annotate) -> ThicknessDesk:
    """With the hand on the lines and the grids, whose steps stand among those of the marks."""
    return ThicknessDesk(session, jobs, archive, engine, journal, LineEdits(session, jobs, journal, marks),
                         GridKeeping(session, jobs, journal, marks))


def _measured(wanted: ThicknessState, series: Series, localizer: FrameInfo | None, drawn: VolumeLines,
              copies: tuple[LayerCopy, ...], fovea: Callable[[Thickness], Centre | None]) -> ThicknessState:
    lines = corrected(drawn, series, copies)
    pair = wanted.pair if wanted.pair is not None and set(wanted.pair) <= set(lines.rows) else lines.pair
    made = measure(series, localizer, lines, pair, wanted.centre)
    if wanted.centre is None:
        found = fovea(made)
        made = moved(made, *found) if found is not None else made
    sheet = sheet_of(made, localizer)
    without = made.plane.px_per_mm is None and wanted.ground == "localizer"
    return replace(wanted, series=series, drawn=drawn, lines=lines, pair=pair, made=made, sheet=sheet, en_face=None,
                   problem=None, ground="mean" if without else wanted.ground)
