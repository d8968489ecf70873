"""The two measured boundaries on the B-scan, and the hand that corrects them.

A layer of its own over the canvas: it paints the lines and catches the mouse near a knot, and leaves all else alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from fineview.core.layers import LayerSource
from fineview.gui.theme import MODEL_ON_PICTURE, PERSON_ON_PICTURE
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.lines import paint_name
from fineview.imaging.line_bend import bend, knots

Rows = NDArray[np.float32]
Lines = tuple[tuple[str, Rows, LayerSource], ...]
KNOT_EVERY = 32
_GRIP_PX = 8.0
_INK = {"person": PERSON_ON_PICTURE, "model": MODEL_ON_PICTURE, "file": "#e6e9ee"}


class LayerEditor(QWidget):
    """``bent``: name, column, row, of a line that was let go there.  ``lines``: asked for whenever they are painted."""

    bent = Signal(str, int, float)

    def __init__(self, canvas: Canvas, lines: Callable[[], Lines]) -> None:
        super().__init__(canvas)
        self._canvas, self._lines = canvas, lines
        self.reach = KNOT_EVERY
        self._on = False
        self._held: tuple[str, int, float] | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        canvas.placed.connect(self.update)
        canvas.installEventFilter(self)
        self.hide()

    @property
    def on(self) -> bool:
        return self._on

    def switch(self, on: bool) -> None:
        self._on, self._held = on, None
        self.setGeometry(self._canvas.rect())
        self.setVisible(on)
        self.raise_()

    # Hand ----------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() is QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        if not self._on or not isinstance(event, QMouseEvent):
            return False
        if event.type() is QEvent.Type.MouseButtonPress and event.button() is Qt.MouseButton.LeftButton:
            self._held = self._near(event.position())
            return self._held is not None
        if event.type() is QEvent.Type.MouseMove:
            return self._move(event)
        if event.type() is QEvent.Type.MouseButtonRelease and self._held is not None:
            name, column, _ = self._held
            self._held = None
            self.bent.emit(name, column, self._canvas.placement.to_source(event.position())[1])
            self.update()
            return True
        return False

    def _move(self, event: QMouseEvent) -> bool:
        if self._held is not None:
            self._held = (*self._held[:2], self._canvas.placement.to_source(event.position())[1])
            self.update()
            return True
        if not event.buttons():
            near = self._near(event.position()) is not None
            self._canvas.setCursor(Qt.CursorShape.SizeVerCursor if near else Qt.CursorShape.ArrowCursor)
        return False

    def _near(self, position: QPointF) -> tuple[str, int, float] | None:
        """The knot within reach of the cursor, else the line under it at that column."""
        best: tuple[float, tuple[str, int, float]] | None = None
        for name, rows, _ in self._lines():
            under = int(np.floor(self._canvas.placement.to_source(position)[0]))
            for column in {*knots(len(rows), KNOT_EVERY).tolist(), under}:
                if not 0 <= column < len(rows) or not np.isfinite(rows[column]):
                    continue
                away = self._canvas.placement.to_screen((column + 0.5, float(rows[column]))) - position
                distance = float(np.hypot(away.x(), away.y()))
                if distance <= _GRIP_PX and (best is None or distance < best[0]):
                    best = distance, (name, column, float(rows[column]))
        return best[1] if best is not None else None

    # Paint ---------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        matrix, taken = self._canvas.placement.matrix(), list[QRectF]()
        for name, rows, source in self._lines():
            held = self._held is not None and self._held[0] == name
            shown = bend(rows, self._held[1], self._held[2], self.reach) if held and self._held is not None else rows
            points = [matrix.map(QPointF(column + 0.5, float(row))) if np.isfinite(row) else None
                      for column, row in enumerate(shown)]
            ink = QPen(QColor(_INK["person" if held else source]), 1.6)
            ink.setStyle(Qt.PenStyle.DashLine if source == "model" and not held else Qt.PenStyle.SolidLine)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(ink)
            path = _path(points)
            painter.drawPath(path)
            paint_name(painter, name, path, QRectF(self.rect()), taken)
            painter.setPen(QPen(QColor(0, 0, 0, 170), 1.0))
            painter.setBrush(ink.color())
            for column in knots(len(shown), KNOT_EVERY):
                at = points[int(column)]
                if at is not None:
                    painter.drawEllipse(at, 3.2, 3.2)
        painter.end()


def _path(points: list[QPointF | None]) -> QPainterPath:
    """One line, broken where nothing is known."""
    made, drawing = QPainterPath(), False
    for point in points:
        if point is not None and drawing:
            made.lineTo(point)
        elif point is not None:
            made.moveTo(point)
        drawing = point is not None
    return made
