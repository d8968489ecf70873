"""Thickness of the shown volume: map with ETDRS grid, nine numbers, whose lines and which scale they rest on."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fineview.core.geometry import Point
from fineview.core.study import FrameKey
from fineview.core.thickness import CENTRE, EtdrsGrid
from fineview.gui.panels.choices import choose, combo, refill
from fineview.gui.panels.thickness_lines import LineTools
from fineview.gui.panels.thickness_map import ThicknessMap
from fineview.gui.panels.thickness_table import FieldTable
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.legend import ColourBar
from fineview.gui.wording import tr
from fineview.services.picture import render_base
from fineview.services.snapshot import ViewState
from fineview.services.thickness_sheet import map_overlay
from fineview.services.thickness_state import ThicknessState
from fineview.services.wishes import ViewWishes
from fineview.services.workbench import Workbench

_GROUNDS = (("localizer", "localizer"), ("mean", "slab from the front, mean"), ("max", "slab from the front, maximum"))
_WHOSE = (("auto", "file's lines, else model's"), ("file", "the file's lines"), ("model", "the model's lines"))


class Thickness(QScrollArea):
    """``canvas`` shows the B-scan: places are pointed out on both, and lines corrected there."""

    # Hears every pulse: what was measured, and the localizer's pixels, are no part of the snapshot.
    WATCHES = None

    def __init__(self, bench: Workbench, canvas: Canvas) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._bench, self._canvas = bench, canvas
        self._shown: ThicknessState | None = None
        self._ground: object = None
        self.map, self.table, self.bar = ThicknessMap(), FieldTable(), ColourBar()
        self.map.setAccessibleName(tr("Thickness map with the ETDRS grid"))
        self.map.setMinimumHeight(300)
        self.lines = LineTools(bench.thickness.edits, canvas)
        self._make_choices()
        self._make_words()
        self._arrange()
        self.map.jumped.connect(self._jump)
        self.map.centre_moved.connect(bench.thickness.move_centre)
        self.map.stepped.connect(bench.open.step)
        canvas.hovered.connect(self.look_at)

    def _make_choices(self) -> None:
        desk = self._bench.thickness
        self.whose = combo(tr("Whose layer lines"), _WHOSE)
        self.inner, self.outer = combo(tr("Upper layer line")), combo(tr("Lower layer line"))
        for box in (self.inner, self.outer):
            box.activated.connect(lambda _: desk.choose(self.inner.currentData(), self.outer.currentData()))
        self.ground = combo(tr("Picture below the map"), _GROUNDS)
        self.ground.activated.connect(lambda _: desk.ground(self.ground.currentData()))
        self.colours = combo(tr("Colours of the map"), (("viridis", "viridis"), ("cividis", "cividis")))
        self.colours.activated.connect(lambda _: self._show_map())
        self.measure = QPushButton(tr("Measure"))
        self.measure.clicked.connect(lambda: desk.measure(self.whose.currentData()))
        self.recentre = QPushButton(tr("Recentre"))
        self.recentre.setToolTip(tr("Back to the marked fovea (V), else to the middle of the scan"))
        self.recentre.clicked.connect(lambda: desk.move_centre(None))
        self.report = QCheckBox(tr("in the report"))
        self.report.clicked.connect(desk.put_in_report)

    def _make_words(self) -> None:
        self.empty, self.headline, self.words, self.low, self.high = (QLabel() for _ in range(5))
        for label in (self.empty, self.headline, self.words):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.empty, self.words, self.low, self.high):
            label.setObjectName("quiet")
        self.headline.setAccessibleName(tr("Central subfield and volume"))

    def _arrange(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        first = QHBoxLayout()
        first.addWidget(self.whose, 1)
        first.addWidget(self.measure)
        column.addLayout(first)
        column.addWidget(self.empty)
        self.parts = QWidget()
        rows = QVBoxLayout(self.parts)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        rows.addWidget(self.headline)
        rows.addWidget(self.map, 1)
        legend, last = QHBoxLayout(), QHBoxLayout()
        self.bar.setFixedWidth(96)
        for one in (self.low, self.bar, self.high):
            legend.addWidget(one)
        legend.addStretch(1)
        legend.addWidget(self.recentre)
        rows.addLayout(legend)
        rows.addWidget(self.table)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        for words, widget in (("From", self.inner), ("To", self.outer), ("Below", self.ground),
                              ("Colours", self.colours)):
            form.addRow(tr(words), widget)
        rows.addWidget(self.words)
        rows.addLayout(form)
        rows.addWidget(self.lines)
        last.addWidget(self.report)
        last.addStretch(1)
        rows.addLayout(last)
        column.addWidget(self.parts, 1)
        column.addStretch(0)
        self.setWidget(inner)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        now = self._bench.session.thickness
        frames = len(state.series.frames) if state.series is not None else 0
        busy = "thickness" in self._bench.session.progress
        self.measure.setEnabled(frames > 1 and not busy)
        self._show_words(now, frames, busy)
        new = now is not self._shown
        if new or "series" in changed:
            self._shown = now
            self.parts.setVisible(now is not None and now.made is not None)
            if now is not None and now.made is not None:
                self._show_made(now)
        self.lines.show_lines(now.pair if now is not None else None)
        self._show_ground(state, new)
        self.map.show_thickness(now, state.index)

    def _show_words(self, now: ThicknessState | None, frames: int, busy: bool) -> None:
        if busy:
            said = tr("The lines of all B-scans are being drawn and measured; the bottom line tells how far.")
        elif now is not None and now.problem is not None:
            said = " ".join(now.problem)
        elif now is not None and now.made is not None:
            said = ""
        elif frames > 1:
            said = tr("Measure the thickness between two layer lines over the whole volume, with the ETDRS grid.")
        else:
            said = tr("Open an OCT volume to measure its thickness.")
        self.empty.setText(said)
        self.empty.setVisible(bool(said))

    def _show_made(self, now: ThicknessState) -> None:
        made, lines = now.made, now.lines
        assert made is not None and lines is not None and now.pair is not None
        names = [(name, name) for name in lines.names]
        for box, name in ((self.inner, now.pair[0]), (self.outer, now.pair[1])):
            refill(box, names)
            choose(box, name)
        choose(self.ground, now.ground)
        self.ground.setEnabled(made.plane.px_per_mm is not None or now.ground != "localizer")
        self.headline.setText(headline(made.grid))
        self.table.show_grid(made.grid)
        told = made.provenance
        self.words.setText("\n".join((f"{told.words}.", f"Centre: {made.grid.centre_from}.",
                                      *(f"Note: {note}." for note in told.notes))))
        self.report.setChecked(now.in_report)
        self._show_map()

    def _show_map(self) -> None:
        now = self._shown
        if now is None or now.made is None or now.sheet is None:
            return
        overlay = map_overlay(now.made, now.sheet, self.colours.currentData())
        self.map.set_overlay(overlay)
        self.bar.set_colours(overlay.bar)
        assert overlay.ticks is not None
        self.low.setText(f"{overlay.ticks[0]:.0f}")
        self.high.setText(f"{overlay.ticks[1]:.0f} \u00b5m")

    def _show_ground(self, state: ViewState, new: bool) -> None:
        """The localizer's picture, or the slab from the front over its part of the sheet."""
        now, session = self._shown, self._bench.session
        if now is None or now.sheet is None:
            return
        raster = None
        if state.localizer is not None:
            key = FrameKey(state.localizer.uid, state.localizer.default_frame)
            raster = session.rasters.get(key) or session.thumbnails.get(state.localizer.uid)
        slab = now.en_face if now.ground != "localizer" else None
        wanted = slab or raster
        if not new and wanted is self._ground:
            return
        self._ground = wanted
        blank = np.zeros((2, 2), np.uint8)
        image = render_base(raster, ViewWishes()) if raster is not None and slab is None else blank
        self.map.set_picture(image, now.sheet.rows, now.sheet.cols)
        if slab is not None:
            box = slab.rect
            self.map.base.set(slab.pixels, QRectF(box.x, box.y, box.w, box.h))

    def _jump(self, frame: int, column: int) -> None:
        series = self._bench.session.series
        if series is None or frame >= len(series.frames):
            return
        if frame != self._bench.session.index:
            self._bench.open.show_frame(frame)
        rows = series.frames[frame].rows or series.rows
        self._canvas.point_at((column + 0.5, rows / 2))

    def look_at(self, point: Point | None) -> None:
        """The cursor is at ``point`` of the shown B-scan: show where that is on the fundus."""
        now, index = self._shown, self._bench.session.index
        if now is None or now.made is None or now.sheet is None or index >= len(now.made.plane.ends_mm):
            return
        inside = point is not None and 0 <= point[0] <= now.made.plane.cols
        at = now.made.plane.place(index, point[0] - 0.5) if inside and point is not None else None
        self.map.point_at(now.sheet.to_px(at) if at is not None else None)


def headline(grid: EtdrsGrid) -> str:
    """ "Central subfield 293 um, volume 8.72 mm3"."""
    volume = grid.volume_mm3
    said = tr("not covered") if volume is None else f"{volume:.2f} mm\u00b3"
    return f"{tr('Central subfield')} {grid.field(CENTRE).words}, {tr('volume')} {said}"
