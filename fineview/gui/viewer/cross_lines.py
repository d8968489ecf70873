"""Lines of planes over a picture, open where they cross: what is looked at lies there."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from fineview.core.geometry import Point
from fineview.gui.theme import DARK
from fineview.gui.viewer.canvas import Canvas

GAP_PX = 12.0


def paint_cross_lines(painter: QPainter, lines: Sequence[tuple[QPointF, QPointF]], cross: QPointF) -> None:
    """Each line in two parts that end ``GAP_PX`` before ``cross``."""
    parts = [part for line in lines for end in line if (part := _part(end, cross)) is not None]
    for pen in (QPen(QColor(0, 0, 0, 120), 3.0), QPen(QColor(DARK.accent), 1.2)):
        painter.setPen(pen)
        painter.drawLines(parts)


def _part(end: QPointF, cross: QPointF) -> QLineF | None:
    away = end - cross
    length = math.hypot(away.x(), away.y())
    return QLineF(end, cross + away * (GAP_PX / length)) if length > GAP_PX else None


class CrossLines(QWidget):
    """Lies over a canvas and lets everything through to it."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._lines: tuple[tuple[Point, Point], ...] = ()
        self._cross: Point | None = None
        self._hidden = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        canvas.placed.connect(self._lie_over)

    def show_lines(self, lines: tuple[tuple[Point, Point], ...], cross: Point | None) -> None:
        """In source pixels of the canvas; ``cross`` None: none."""
        self._lines, self._cross = lines, cross
        self.setVisible(cross is not None)
        self._lie_over()

    def hide_marks(self, hidden: bool) -> None:
        self._hidden = hidden
        self.update()

    def _lie_over(self) -> None:
        if self._cross is not None:
            self.setGeometry(self._canvas.rect())
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._cross is None or self._hidden or self._canvas.base.empty:
            return
        to_screen = self._canvas.placement.to_screen
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_cross_lines(painter, [(to_screen(a), to_screen(b)) for a, b in self._lines], to_screen(self._cross))
        painter.end()
