"""The fundus with the thickness map, the ETDRS grid and its numbers, and where the shown B-scan lies.

The middle of the grid is dragged; a click goes to the B-scan and column; with Shift held the B-scan follows the mouse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPen, QTransform

from fineview.core.geometry import Point
from fineview.core.thickness import RADII_MM, EtdrsGrid
from fineview.gui.viewer import furniture
from fineview.gui.viewer.canvas import Canvas
from fineview.imaging.etdrs import cuts
from fineview.services.thickness_state import Sheet, ThicknessState

_INK, _RIM = QColor("#f4f6f8"), QColor(0, 0, 0, 150)
_GRIP_PX = 11.0


class ThicknessMap(Canvas):
    """``jumped``: frame and column that were clicked or pointed at; ``centre_moved``: to this place, in mm."""

    jumped = Signal(int, int)
    centre_moved = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.tool = "pan"
        self._state: ThicknessState | None = None
        self._frame = 0
        self._dragged: Point | None = None
        self._told: Mapping[str, str] | None = None
        self.clicked.connect(self._click)
        self.setToolTip("")

    def show_thickness(self, state: ThicknessState | None, frame: int) -> None:
        before, self._state, self._frame = self._state, state, frame
        if state is not None and (before is None or before.series_uid != state.series_uid):
            self.fit()
        self.update()

    def tell(self, numbers: Mapping[str, str] | None) -> None:
        """Words for the fields by their names; None: their thickness."""
        self._told = numbers
        self.update()

    def fit(self) -> None:
        """The whole grid, not the whole photograph."""
        super().fit()
        parts = self._parts
        if parts is None or parts[0].made is None:
            return
        reach = (RADII_MM[2] + 0.3, RADII_MM[2] + 0.3)
        middle = parts[2].centre_mm
        (x0, y0), (x1, y1) = (parts[1].to_px((middle[0] + s * reach[0], middle[1] + s * reach[1])) for s in (-1, 1))
        seen = self.placement.matrix().mapRect(QRectF(x0, y0, x1 - x0, y1 - y0))
        factor = min(self.width() / max(seen.width(), 1.0), self.height() / max(seen.height(), 1.0))
        about = replace(self.placement, zoom=self.placement.zoom * factor, centre=((x0 + x1) / 2, (y0 + y1) / 2))
        self._place(about)

    @property
    def _parts(self) -> tuple[ThicknessState, Sheet, EtdrsGrid] | None:
        now = self._state
        return (now, now.sheet, now.made.grid) if now is not None and now.made and now.sheet else None

    # Hand ----------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() is Qt.MouseButton.LeftButton and self._on_grip(event.position()):
            self._dragged = self._to_mm(event.position())
            self.update()
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._dragged is not None:
            self._dragged = self._to_mm(event.position())
            self.update()
            return
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not event.buttons():
            self._click(self.placement.to_source(event.position()))
        self.setCursor(Qt.CursorShape.SizeAllCursor if self._on_grip(event.position()) else Qt.CursorShape.CrossCursor)
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        dragged, self._dragged = self._dragged, None
        if dragged is None:
            super().mouseReleaseEvent(event)
            return
        self.centre_moved.emit(self._to_mm(event.position()))
        self.update()

    def _on_grip(self, position: QPointF) -> bool:
        parts = self._parts
        if parts is None:
            return False
        away = self.placement.to_screen(parts[1].to_px(parts[2].centre_mm)) - position
        return math.hypot(away.x(), away.y()) <= _GRIP_PX

    def _to_mm(self, position: QPointF) -> Point | None:
        parts = self._parts
        return parts[1].to_mm(self.placement.to_source(position)) if parts is not None else None

    def _click(self, at_px: Point) -> None:
        parts = self._parts
        if parts is not None and parts[0].made is not None:
            self.jumped.emit(*parts[0].made.plane.nearest(parts[1].to_mm(at_px)))

    # Paint ---------------------------------------------------------------------------------------------------------

    def paint_marks(self, painter: QPainter) -> None:
        parts = self._parts
        if parts is None or self.base.empty:
            return
        state, sheet, grid = parts
        matrix = self.placement.matrix()
        self._paint_line(painter, matrix, state, sheet)
        centre = self._dragged or grid.centre_mm
        self._paint_rings(painter, matrix, sheet, centre)
        if self._dragged is None:
            self._paint_numbers(painter, matrix, sheet, grid)
        at = matrix.map(QPointF(*sheet.to_px(centre)))
        for pen in (QPen(_RIM, 4.0), QPen(_INK, 1.6)):
            painter.setPen(pen)
            painter.drawLine(at + QPointF(-7, 0), at + QPointF(7, 0))
            painter.drawLine(at + QPointF(0, -7), at + QPointF(0, 7))

    def _paint_line(self, painter: QPainter, matrix: QTransform, state: ThicknessState, sheet: Sheet) -> None:
        if state.made is None or self._frame >= len(state.made.plane.ends_mm):
            return
        begin, end = (matrix.map(QPointF(*sheet.to_px((float(x), float(y)))))
                      for x, y in state.made.plane.ends_mm[self._frame])
        for pen in (QPen(_RIM, 3.6), QPen(QColor("#4ea1ff"), 1.8)):
            painter.setPen(pen)
            painter.drawLine(begin, end)

    def _paint_rings(self, painter: QPainter, matrix: QTransform, sheet: Sheet, centre: Point) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(_RIM, 3.0), QPen(_INK, 1.3)):
            painter.setPen(pen)
            for radius in RADII_MM:
                (x0, y0), (x1, y1) = (sheet.to_px((centre[0] + sign * radius, centre[1] + sign * radius))
                                      for sign in (-1, 1))
                painter.drawEllipse(matrix.mapRect(QRectF(x0, y0, x1 - x0, y1 - y0)))
            for begin, end in cuts():
                painter.drawLine(*(matrix.map(QPointF(*sheet.to_px((centre[0] + x, centre[1] + y))))
                                   for x, y in (begin, end)))

    def _paint_numbers(self, painter: QPainter, matrix: QTransform, sheet: Sheet, grid: EtdrsGrid) -> None:
        """Each field's mean in its middle, "–" where it is not covered."""
        font = QFont(painter.font())
        font.setBold(True)
        painter.setFont(font)
        turns = ((1, 0), (0, -1), (-1, 0), (0, 1))
        middles = [(0.0, -0.27), *((x * 1.0, y * 1.0) for x, y in turns), *((x * 2.25, y * 2.25) for x, y in turns)]
        for field, (dx, dy) in zip(grid.fields, middles, strict=True):
            at = matrix.map(QPointF(*sheet.to_px((grid.centre_mm[0] + dx, grid.centre_mm[1] + dy))))
            mean = "\u2013" if field.mean_um is None else f"{field.mean_um:.0f}"
            words = mean if self._told is None else self._told.get(field.name, "\u2013")
            furniture.paint_text(painter, at, words, Qt.AlignmentFlag.AlignCenter)
