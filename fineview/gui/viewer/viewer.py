"""The middle of the window: picture, localizer beside it, legend and frames below."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from fineview.core.geometry import Box, Point
from fineview.core.orientation import Orientation
from fineview.core.region import Region, RegionKind
from fineview.core.study import Series
from fineview.gui.viewer.frame_bar import FrameBar
from fineview.gui.viewer.legend import Legend
from fineview.gui.viewer.pane_grid import PaneGrid
from fineview.gui.viewer.pictures import Pictures
from fineview.gui.viewer.planes import PlanesRoom
from fineview.gui.wording import tr
from fineview.services.localizer import pictures_of, shapes_on
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench


class Viewer(QWidget):
    """``region_drawn``: a person finished a region and may want to ask about it; a measured line is no question."""

    WATCHES = frozenset({
        "image", "image_problem", "frame_key", "frame", "series", "spacing", "markers", "view", "window_text",
        "overlay", "overlay_wishes", "overlay_pending", "domain_banner", "tool", "findings", "frame_findings",
        "selected", "localizer", "index", "overlay_missing", "beside", "other", "other_wishes", "other_missing", "eye",
        "companions", "pointed", "lines", "lines_text", "planes", "panes"})
    region_drawn = Signal()
    maximised = Signal()

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self.pictures = Pictures()
        self.planes = PlanesRoom(self.pictures, bench)
        self.canvas, self.localizer = self.pictures.canvas, self.pictures.localizer
        self.grid = PaneGrid(self.planes, self.canvas, bench)
        self.frames, self.legend, self.second = FrameBar(), Legend(), Legend()
        self._state: ViewState | None = None
        self._area: Box | None = None
        self._domain = QLabel()
        self._domain.setObjectName("domain")
        self._domain.setTextFormat(Qt.TextFormat.PlainText)
        self._domain.setAccessibleName(tr("Whether the encoder was made for this picture"))
        self._domain.setWordWrap(True)
        self._faults = QLabel()
        self._faults.setObjectName("domain")
        self._faults.setTextFormat(Qt.TextFormat.PlainText)
        self._faults.setAccessibleName(tr("What is wrong with this series"))
        self._faults.setWordWrap(True)
        self._pixel = QLabel()
        self._pixel.setObjectName("quiet")
        self._pixel.setTextFormat(Qt.TextFormat.PlainText)
        self._pixel.setAccessibleName(tr("Value under the cursor"))
        self._arrange()
        self._connect()

    def _arrange(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(0)
        below.addWidget(self.legend, 1)
        below.addWidget(self._pixel)
        below.setContentsMargins(0, 0, 8, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._domain)
        column.addWidget(self._faults)
        column.addWidget(self.grid.people)
        column.addWidget(self.grid, 1)
        column.addLayout(below)
        column.addWidget(self.second)
        column.addWidget(self.frames)
        self._domain.hide()
        self._faults.hide()
        self.second.hide()

    def _connect(self) -> None:
        bench, canvas = self._bench, self.canvas
        canvas.stepped.connect(bench.open.step)
        canvas.window_dragged.connect(bench.look.drag)
        canvas.hovered.connect(self._read_pixel)
        canvas.chosen.connect(bench.annotate.select)
        canvas.reshaped.connect(bench.annotate.reshape)
        canvas.drawn.connect(self._add)
        canvas.set_down.connect(lambda region: bench.annotate.add(region.kind, region.points))
        canvas.maximised.connect(self.maximised)
        self.grid.alone.connect(self.maximised)
        canvas.placed.connect(self._tell_zoom)
        twin, eye = self.pictures.twin, self.pictures.eye.canvas
        twin.window_dragged.connect(bench.look.drag)
        twin.chosen.connect(bench.annotate.select)
        twin.reshaped.connect(bench.annotate.reshape)  # by arrow keys; a mouse does not move marks there
        twin.hovered.connect(self._read_pixel)
        for one in (twin, eye):
            one.stepped.connect(bench.open.step)
        self.frames.wanted.connect(bench.open.show_frame)
        self.localizer.jumped.connect(bench.open.show_frame)
        self.localizer.choice.chosen.connect(bench.open.beside)
        self.localizer.stepped.connect(bench.open.step)
        for one in (canvas, self.localizer, twin, eye, self.planes):
            one.held.connect(self.hold)
        self.planes.read.connect(self._pixel.setText)

    def hold(self, hidden: bool) -> None:
        """The hold key: nothing lies over the picture while it is down."""
        for one in (self.canvas, self.pictures.twin, self.planes, self.grid):
            one.hide_marks(hidden)
        if hidden != self._bench.session.overlays_hidden:
            self._bench.explain.hold(hidden)

    def _add(self, region: Region) -> None:
        added = self._bench.annotate.add(region.kind, region.points) is not None
        if added and region.kind not in (RegionKind.LENGTH, RegionKind.ANGLE):  # the next key may be another tool's
            self.region_drawn.emit()

    def _read_pixel(self, point: Point | None) -> None:
        self._pixel.setText(self._bench.look.pixel(*point) if point is not None else "")

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        self._state = state
        self.grid.remember(state)
        if changed & {"image", "image_problem", "frame_key", "frame"}:
            self._show_image(state, "frame_key" in changed)
        if changed & {"view", "spacing"}:
            aspect = state.spacing.aspect if state.view.true_aspect else 1.0
            self.canvas.set_placing(state.view.transform, aspect)
            self.pictures.share_room()
        if changed & {"overlay"}:
            self.canvas.set_overlay(state.overlay)
        if changed & {"lines"}:
            self.canvas.set_layer_lines(state.lines)
            self.pictures.twin.set_layer_lines(state.lines)
        if changed & {"findings", "frame_findings", "selected", "overlay_wishes"}:
            numbers = {f.id: i + 1 for i, f in enumerate(state.findings)}
            for one in (self.canvas, self.pictures.twin):
                one.set_marks(state.frame_findings, numbers, state.selected, state.overlay_wishes.suggestions)
        if changed & {"companions"}:
            self._show_guests(state)
        if changed & {"pointed"}:
            self._show_pointed(state)
        if changed & {"selected"}:
            self._bring_into_view(state)
        if changed & {"tool"}:
            self.canvas.set_tool(state.tool)
            self.pictures.twin.set_tool(state.tool)
        self._show_beside(state, changed)
        self._show_words(state)
        if changed & {"series"}:
            self._show_faults(state.series)
        for part in (self.legend, self.frames, self.planes):
            if changed & part.WATCHES:
                part.show_state(state, changed & part.WATCHES)
        if changed & {"localizer", "index", "series"}:
            self._show_lines(state)
        if changed & self.grid.WATCHES:
            self.grid.show_state(state, changed)

    def _show_beside(self, state: ViewState, changed: frozenset[str]) -> None:
        twin, eye = self.pictures.twin, self.pictures.eye
        if changed & {"beside", "localizer", "panes"}:
            # Side by side the photograph has a pane of its own.
            self.pictures.set_beside(state.beside, state.localizer is not None and not state.panes.shares)
            self.second.setVisible(state.beside == "overlay")
        if changed & {"beside", "other", "other_wishes", "other_missing"}:
            twin.set_overlay(state.other)
            self.second.show_other(state)
        if changed & {"beside", "eye", "frame_key"}:
            eye.show_view(state.eye, tr("The frame is being encoded …"))
        if changed & {"image", "image_problem", "frame_key", "frame"}:
            twin.show_picture()

    def _show_image(self, state: ViewState, another: bool) -> None:
        if another:
            self.canvas.hand.new_picture()
            self.pictures.twin.hand.new_picture()
        rows, cols = (state.frame.rows, state.frame.cols) if state.frame else (0, 0)
        if state.image is not None:
            rows, cols = state.image.shape[:2]
        self.canvas.set_picture(state.image, rows, cols)
        problem = state.image_problem
        waiting = tr("Loading …") if state.frame is not None and state.image is None else ""
        self.canvas.message = f"{problem.what}\n{problem.remedy}" if problem else waiting

    def _show_guests(self, state: ViewState) -> None:
        shown, before = state.companions, self._area
        self.canvas.guests.set(shown.laid, shown.presentation)
        self._area = shown.presentation.area if shown.presentation is not None else None
        if self._area is not None and self._area != before:
            self.canvas.show_area(self._area)
        elif self._area is None and before is not None:
            self.canvas.fit()
        for one in (self.canvas, self.pictures.twin):
            one.update()

    def _show_pointed(self, state: ViewState) -> None:
        at = state.pointed
        for one in (self.canvas, self.pictures.twin):
            one.set_pointed((at.box, at.words) if at is not None else None)
        if at is not None:
            self.canvas.show_region(at.box)

    def _bring_into_view(self, state: ViewState) -> None:
        chosen = next((f for f in state.frame_findings if f.id == state.selected), None)
        if chosen is not None:
            self.canvas.show_region(chosen.region.bounds)

    def _show_words(self, state: ViewState) -> None:
        for one in (self.canvas, self.pictures.twin):
            one.spacing, one.markers = state.spacing, state.markers
        series = state.series
        count = len(series.frames) if series else 0
        name = (series.description or series.modality) if series else ""
        if state.panes.several:
            name = ""  # the line above the pane has it
        self.canvas.top_lines = (
            name, f"{state.index + 1}/{count}" if count > 1 else "",
            tr("Lossy compressed") if series is not None and series.lossy else "",
            tr("Shown as in {0}").format(state.companions.presented_by) if state.companions.presented_by else "",
            tr("Key image: {0}").format(state.companions.key_words) if state.companions.key_words else "",
            tr("From other sources: {0}").format(state.companions.sources) if state.companions.laid else "")
        self._domain.setText(state.domain_banner)
        self._domain.setVisible(bool(state.domain_banner))
        self._tell_zoom()

    def _tell_zoom(self) -> None:
        state = self._state
        if state is None:
            return
        shape = "" if state.view.true_aspect or state.spacing.aspect == 1.0 else tr("square pixels, not true aspect")
        inverted = tr("inverted") if state.view.inverted else ""
        self.canvas.bottom_lines = (shape, inverted, state.window_text, f"{self.canvas.placement.zoom * 100:.0f} %")
        self.canvas.update()

    def _show_faults(self, series: Series | None) -> None:
        said = series.warnings if series is not None else ()
        self._faults.setText(" ".join(said[:3]) + (tr(" {0} more beside its name.").format(len(said) - 3)
                                                   if len(said) > 3 else ""))
        self._faults.setVisible(bool(said))

    def _show_lines(self, state: ViewState) -> None:
        if state.series is not None and state.localizer is not None and state.study is not None:
            self.localizer.set_lines(shapes_on(state.series, state.localizer), state.index)
            self.localizer.choice.show_pictures(pictures_of(state.study, state.series), state.localizer)

    def set_localizer_picture(self, series: Series | None, image: np.ndarray | None) -> None:
        """The en-face picture; ``series`` gives its size in source pixels, ``image`` may be a smaller copy."""
        if series is None:
            self.localizer.set_picture(None, 0, 0)
            return
        frame = series.frames[series.default_frame]
        self.localizer.spacing, known = frame.spacing, frame.orientation != Orientation()
        self.localizer.markers = self.localizer.placement.transform.markers(frame.orientation) if known else None
        self.localizer.bottom_lines = (series.description or series.modality,)
        self.localizer.set_placing(self.localizer.placement.transform, frame.spacing.aspect)
        self.localizer.set_picture(image, frame.rows or series.rows, frame.cols or series.cols)
