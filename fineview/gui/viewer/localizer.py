"""The en-face picture beside a B-scan: every scan line faint, the shown one bright; a click jumps to the nearest.

With Shift held the B-scan follows the mouse.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from fineview.core.geometry import Circle, Point
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.localizer_choice import LocalizerChoice

ScanLine = tuple[Point, Point] | Circle | None


def distance_to_segment(point: Point, segment: tuple[Point, Point]) -> float:
    """Shortest distance of a point from a segment, in the unit of both."""
    (ax, ay), (bx, by) = segment
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    share = 0.0 if length == 0 else min(max(((point[0] - ax) * dx + (point[1] - ay) * dy) / length, 0.0), 1.0)
    return math.hypot(point[0] - ax - share * dx, point[1] - ay - share * dy)


def distance_to(point: Point, line: tuple[Point, Point] | Circle) -> float:
    """Shortest distance of a point from where a B-scan was taken."""
    if isinstance(line, Circle):
        return abs(math.dist(point, line.centre) - line.radius)
    return distance_to_segment(point, line)


def nearest_line(point: Point, lines: tuple[ScanLine, ...]) -> int | None:
    """Index of the scan line nearest to ``point``; None where no frame has one."""
    distances = [(distance_to(point, line), i) for i, line in enumerate(lines) if line is not None]
    return min(distances)[1] if distances else None


def path_of(line: tuple[Point, Point] | Circle) -> QPainterPath:
    """Where a B-scan was taken, in source pixels."""
    path = QPainterPath()
    if isinstance(line, Circle):
        path.addEllipse(QPointF(*line.centre), line.radius, line.radius)
    else:
        path.moveTo(*line[0])
        path.lineTo(*line[1])
    return path


class Localizer(Canvas):
    """``jumped`` carries the index of the B-scan that was clicked on, or that lies under the mouse with Shift held."""

    jumped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[ScanLine, ...] = ()
        self._shown = 0
        self._followed: int | None = None
        self.tool = "pan"
        self.choice = LocalizerChoice(self)
        self.clicked.connect(self._jump)

    def set_lines(self, lines: tuple[ScanLine, ...], shown: int) -> None:
        self._lines, self._shown = lines, shown
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.choice.lay_out()

    def _jump(self, point: Point) -> None:
        index = nearest_line(point, self._lines)
        if index is not None:
            self.jumped.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        following = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) and not event.buttons()
        near = nearest_line(self.placement.to_source(event.position()), self._lines) if following else None
        # A hand rests on one line for many events: only another line is another wish.
        if near is not None and near != self._followed:
            self.jumped.emit(near)
        self._followed = near
        super().mouseMoveEvent(event)

    def paint_marks(self, painter: QPainter) -> None:
        matrix = self.placement.matrix()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        faint = [matrix.map(path_of(line)) for line in self._lines if line is not None]
        # A dark rim, so that they are seen on a bright picture too.
        for pen in (QPen(QColor(0, 0, 0, 50), 2.4), QPen(QColor(102, 217, 194, 90), 1.0)):
            painter.setPen(pen)
            for path in faint:
                painter.drawPath(path)
        here = self._lines[self._shown] if self._shown < len(self._lines) else None
        if here is None:
            return
        for pen in (QPen(QColor(0, 0, 0, 170), 4.5), QPen(QColor("#4ea1ff"), 2.2)):
            painter.setPen(pen)
            painter.drawPath(matrix.map(path_of(here)))
        # A dot at the start: there is the left of the B-scan.
        painter.setBrush(QColor("#4ea1ff"))
        start = here.start if isinstance(here, Circle) else here[0]
        painter.drawEllipse(matrix.map(QPointF(*start)), 3.0, 3.0)
