"""Thickness of the shown volume: map with ETDRS grid, nine numbers, whose lines and which scale they rest on."""

from __future__ import annotations

from PySide6.QtCore import Qt
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
from fineview.core.thickness import CENTRE, EtdrsGrid
from fineview.gui.panels.choices import choose, combo, refill
from fineview.gui.panels.compare_with import CompareWith
from fineview.gui.panels.front import FrontPanel
from fineview.gui.panels.thickness_change import ChangeTable, dates, told_words
from fineview.gui.panels.thickness_change import headline as change_headline
from fineview.gui.panels.thickness_lines import LineTools
from fineview.gui.panels.thickness_picture import MapPicture
from fineview.gui.panels.thickness_slab import SlabRow
from fineview.gui.panels.thickness_table import FieldTable
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.wording import tr
from fineview.services.compare_desk import LANE
from fineview.services.snapshot import ViewState
from fineview.services.thickness_state import ThicknessState
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
        self.setAccessibleName(tr("Thickness"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._bench, self._canvas = bench, canvas
        self._shown: ThicknessState | None = None
        self.table, self.changes, self.against = FieldTable(), ChangeTable(), CompareWith(bench.thickness)
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
        self.measure = QPushButton(tr("Measure"))
        self.measure.clicked.connect(lambda: desk.measure(self.whose.currentData()))
        self.recentre = QPushButton(tr("Recentre"))
        self.recentre.setToolTip(tr("Back to the marked fovea (V), else to the middle of the scan"))
        self.recentre.clicked.connect(lambda: desk.move_centre(None))
        self.slab, self.front = SlabRow(), FrontPanel(self._bench)
        self.slab.chosen.connect(desk.slab)
        self.picture = MapPicture(self._bench.session, self.recentre)
        self.map = self.picture.map
        self.report = QCheckBox(tr("in the report"))
        self.report.clicked.connect(desk.put_in_report)

    def _make_words(self) -> None:
        self.empty, self.headline, self.words, self.apart, self.laid = (QLabel() for _ in range(5))
        for label in (self.empty, self.headline, self.words, self.apart, self.laid):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.empty, self.words, self.laid):
            label.setObjectName("quiet")
        self.apart.setObjectName("warning")
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
        column.addWidget(self.against)
        column.addWidget(self.empty)
        column.addWidget(self.front)
        column.addWidget(self.apart)
        self.parts = QWidget()
        rows = QVBoxLayout(self.parts)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        rows.addWidget(self.headline)
        rows.addWidget(self.laid)
        rows.addWidget(self.picture, 1)
        rows.addWidget(self.table)
        rows.addWidget(self.changes)
        rows.addWidget(self.report)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        for words, widget in (("From", self.inner), ("To", self.outer), ("Below", self.ground), ("", self.slab),
                              ("Colours", self.picture.colours)):
            form.addRow(tr(words), widget)
        rows.addWidget(self.words)
        rows.addLayout(form)
        rows.addWidget(self.lines)
        column.addWidget(self.parts, 1)
        column.addStretch(0)
        self.setWidget(inner)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        now = self._bench.session.thickness
        frames = len(state.series.frames) if state.series is not None else 0
        busy = bool({"thickness", LANE} & set(self._bench.session.progress))
        self.measure.setEnabled(frames > 1 and not busy)
        self.against.show_choices(self._bench.thickness.compare.choices() if frames > 1 else (),
                                  now is not None and now.compared is not None, busy)
        self._show_words(now, frames, busy)
        new = now is not self._shown
        if new or "series" in changed:
            self._shown = now
            self.parts.setVisible(now is not None and now.made is not None)
            self.apart.hide()
            if now is not None and now.made is not None:
                self._show_made(now)
        # Ticked is what is on disk: a tick that could not be kept goes away again.
        self.report.setChecked(now is not None and self._bench.thickness.keeping.in_report(now.series_uid))
        self.lines.show_lines(now.pair if now is not None else None)
        self.front.show_front(now is not None and now.made is not None)
        self.picture.show_ground(state, new)
        self.map.show_thickness(now, state.index)

    def _show_words(self, now: ThicknessState | None, frames: int, busy: bool) -> None:
        if busy and LANE in self._bench.session.progress:
            said = tr("The other volume is being measured too; the bottom line tells how far.")
        elif busy:
            said = tr("The lines of all B-scans are being drawn and measured; the bottom line tells how far.")
        elif now is not None and now.problem is not None:
            said = " ".join(now.problem)
        elif now is not None and now.made is not None:
            said = ""
        elif now is None and self._in_report(frames):
            said = tr("The grid of this volume is in the report as it was measured before. Measure it to see it.")
        elif frames > 1:
            said = tr("Measure the thickness between two layer lines over the whole volume, with the ETDRS grid.")
        else:
            said = tr("Open an OCT volume to measure its thickness.")
        self.empty.setText(said)
        self.empty.setVisible(bool(said))

    def _in_report(self, frames: int) -> bool:
        series = self._bench.session.series
        return frames > 1 and series is not None and self._bench.thickness.keeping.in_report(series.uid)

    def _show_made(self, now: ThicknessState) -> None:
        made, lines = now.made, now.lines
        assert made is not None and lines is not None and now.pair is not None
        names = [(name, name) for name in lines.names]
        for box, name in ((self.inner, now.pair[0]), (self.outer, now.pair[1])):
            refill(box, names)
            choose(box, name)
        choose(self.ground, now.ground)
        self.slab.show_slab(now)
        self.slab.setVisible(now.ground != "localizer")
        self.ground.setEnabled(made.plane.px_per_mm is not None or now.ground != "localizer")
        self.headline.setText(headline(made.grid))
        self.table.show_grid(made.grid)
        told = made.provenance
        self.words.setText("\n".join((f"{told.words}.", f"Centre: {made.grid.centre_from}.",
                                      *(f"Note: {note}." for note in told.notes))))
        self._show_compared(now)
        self.picture.show_made(now)

    def _show_compared(self, now: ThicknessState) -> None:
        """The table of the change in the place of the thickness alone; why there is none in plain sight."""
        found = now.change
        told = found.told if found is not None else None
        self.table.setVisible(now.compared is None)
        for one in (self.changes, self.laid):
            one.setVisible(now.compared is not None)
        self.apart.setText(" ".join(now.apart) if now.apart is not None else told.why_not if told is not None else "")
        self.apart.setVisible(bool(self.apart.text()))
        self.report.setText(tr("in the report, with what it is compared with") if now.compared is not None
                            else tr("in the report"))
        if told is not None:
            self.changes.show_change(told)
            self.laid.setText(dates(told))
            self.laid.setObjectName("warning" if told.alignment.by == "centre" else "quiet")
            self.laid.style().polish(self.laid)
            self.headline.setText(change_headline(told) if not told.why_not else self.headline.text())
            self.words.setText(told_words(told))

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
