"""Looking from the front between two depths, where there is no thickness map to lay a slab under."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from fineview.core.geometry import Point, Spacing
from fineview.gui.panels.choices import combo
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.wording import tr
from fineview.services.front_desk import Front
from fineview.services.slab import Edge, Slab, Unit, unit_of
from fineview.services.workbench import Workbench

_SUFFIX = {"um": " \u00b5m", "px": " px"}


class FrontPanel(QWidget):
    """Hidden where the shown series is no volume of B-scans, or its thickness is shown."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench, self._front = bench, bench.thickness.front
        self._shown: Front | None = None
        self._unit: Unit | None = None
        self.look = QPushButton(tr("Look from the front"))
        self.look.clicked.connect(self._look)
        self.mode = combo(tr("Mean or maximum of the slab"), (("mean", "mean"), ("max", "maximum")))
        self.depths = (QSpinBox(), QSpinBox())
        for box, name in zip(self.depths, (tr("From this depth"), tr("To this depth")), strict=True):
            box.setAccessibleName(name)
        self.picture = Canvas()
        self.picture.tool = "pan"
        self.picture.setMinimumHeight(260)
        self.picture.setAccessibleName(tr("The slab from the front"))
        self.picture.clicked.connect(self._jump)
        self.picture.hide()
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setObjectName("quiet")
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self._arrange()

    def _arrange(self) -> None:
        column, above, below = QVBoxLayout(self), QHBoxLayout(), QHBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        for box in self.depths:
            box.setMinimumWidth(84)
        above.addWidget(QLabel(tr("Depth")))
        above.addWidget(self.depths[0], 1)
        above.addWidget(QLabel(tr("to")))
        above.addWidget(self.depths[1], 1)
        below.addWidget(self.look, 1)
        below.addWidget(self.mode)
        column.addLayout(above)
        column.addLayout(below)
        column.addWidget(self.picture)
        column.addWidget(self.words)

    def show_front(self, measured: bool) -> None:
        """``measured``: the thickness of the shown series is shown, with slabs of its own."""
        series, now = self._front.volume, self._front.seen
        self.setVisible(series is not None and not measured)
        if series is not None:
            self._use(series.frames[0].spacing, series.frames[0].rows or series.rows)
        if now is self._shown:
            return
        self._shown = now
        view = now.view if now is not None else None
        self.picture.setVisible(view is not None)
        self.words.setText(now.problem if now is not None else "")
        if view is not None:
            self.picture.set_picture(view.shown(), *view.values.shape)
            scale = tr("scale {0}").format(view.lateral.value) if view.cell_mm else tr("a pixel is an A-scan: no scale")
            self.words.setText(f"{view.slab.words}, {view.mode}, {scale}")

    def _use(self, spacing: Spacing, rows: int) -> None:
        """Depths in the unit that the file allows; where it changes, the whole scan."""
        unit = unit_of(spacing)
        whole = round(rows * (spacing.row_mm or 0) * 1000) if unit == "um" else rows
        if unit == self._unit and whole == self.depths[1].maximum():
            return
        self._unit = unit
        for box, value in zip(self.depths, (0, whole), strict=True):
            box.setRange(0, whole)
            box.setSuffix(_SUFFIX[unit])
            box.setValue(value)

    def _look(self) -> None:
        if self._unit is not None:
            upper, lower = (Edge(away=float(box.value()), unit=self._unit) for box in self.depths)
            self._front.look(Slab(upper, lower), self.mode.currentData())

    def _jump(self, point: Point) -> None:
        frame = self._front.frame_at(*point)
        if frame is not None:
            self._bench.open.show_frame(frame)
