"""A picture beside the active one: to look at, to scroll and to compare with; marks are drawn in the active pane alone.

The last picture stays, with its own frame number, until the next one of the same series is decoded.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen

from fineview.core.geometry import Point
from fineview.gui.theme import DARK
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.localizer import nearest_line, path_of
from fineview.gui.wording import tr
from fineview.services.localizer import Shape, shapes_on
from fineview.services.pane_view import PaneState

_FAINT, _OTHER, _HERE = QColor(102, 217, 194, 70), QColor("#9aa4b2"), QColor(DARK.accent)


class Neighbour(Canvas):
    """``wanted``: it should become the active pane.  ``jumped``: a B-scan of pane ``state.jumps`` was pointed at."""

    wanted = Signal()
    jumped = Signal(int)

    def __init__(self, number: int) -> None:
        super().__init__()
        self.state = PaneState(number)
        self._scans: tuple[Shape, ...] = ()  # where the B-scans of the state's volume lie
        self.tool = "pan"
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys belong to the active pane
        self.setAccessibleName(tr("Pane {0}").format(number + 1))
        self.clicked.connect(self._clicked)
        self.placed.connect(self._tell)

    def show_pane(self, state: PaneState) -> None:
        same_series = self.state.series is not None and state.series == self.state.series
        waits = same_series and not state.loaded and state.problem is None and not self.base.empty
        if waits:
            return
        if state.volume is not self.state.volume or state.series is not self.state.series:
            both = state.volume is not None and state.series is not None
            self._scans = shapes_on(state.volume, state.series) if both else ()
        self.state = state
        rows, cols = (state.frame.rows, state.frame.cols) if state.frame is not None else (0, 0)
        if state.image is not None:
            rows, cols = state.image.shape[:2]
        self.set_placing(state.view.transform, state.spacing.aspect if state.view.true_aspect else 1.0)
        self.set_picture(state.image, rows, cols)
        self.set_marks([found for _, found in state.findings], {found.id: number for number, found in state.findings},
                       None, True)
        self.spacing, self.markers = state.spacing, state.markers
        self.message = _message(state)
        self._tell()

    def _tell(self) -> None:
        state = self.state
        count = len(state.series.frames) if state.series is not None else 0
        lossy = tr("Lossy compressed") if state.series is not None and state.series.lossy else ""
        self.top_lines = (f"{state.index + 1}/{count}" if count > 1 else "", lossy)
        inverted = tr("inverted") if state.view.inverted else ""
        self.bottom_lines = (inverted, state.window_text, f"{self.placement.zoom * 100:.0f} %")
        self.update()

    def _clicked(self, point: Point) -> None:
        """On a localizer a click goes to the nearest B-scan, as everywhere; on other pictures it chooses the pane."""
        index = nearest_line(point, self._scans) if self._scans else None
        rows, cols = self.picture_size()
        if index is not None and 0 <= point[0] <= cols and 0 <= point[1] <= rows:
            self.jumped.emit(index)
        else:
            self.wanted.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mousePressEvent(event)
        self.hand.grip = None  # marks are moved in the active pane

    def paint_marks(self, painter: QPainter) -> None:
        if self._hidden:
            return
        matrix, state = self.placement.matrix(), self.state
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(_FAINT, 1.0))
        for line in self._scans:
            if line is not None:
                painter.drawPath(matrix.map(path_of(line)))
        strokes = [(cut, QPen(_OTHER, 1.6, Qt.PenStyle.DashLine)) for cut in state.cuts]
        if state.here is not None:
            strokes += [(state.here, QPen(QColor(0, 0, 0, 170), 4.0)), (state.here, QPen(_HERE, 1.8))]
        for cut, pen in strokes:
            painter.setPen(pen)
            painter.drawPath(matrix.map(path_of(cut)))
        super().paint_marks(painter)


def _message(state: PaneState) -> str:
    if state.series is None:
        return tr("Drag a series here")
    if state.problem is not None:
        return f"{state.problem.what}\n{state.problem.remedy}"
    return "" if state.loaded else tr("Loading …")
