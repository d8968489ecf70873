"""What other sources lay over a frame: masks filled and outlined, shapes, words, shutters.  Nothing a hand can take.

Dash-dotted where a person's marks are solid and a model's dashed, so that whose it is is not told by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QTransform

from fineview.core.companion import Colour, Mask, Presentation, Shape
from fineview.gui.viewer.layers import Layer
from fineview.gui.viewer.marks import free_place, paint_outline
from fineview.services.companion_view import Laid

_FILL, _EDGE, _GRADED = 70, 230, 190
_MOST_WORDS = 12


def mask_rgba(mask: Mask, colour: Colour) -> NDArray[np.uint8]:
    """uint8 (h, w, 4): the inside faint, its border strong; a share of a pixel is as much fainter.

    Of an amount the strength alone is shown.
    """
    values = mask.values
    if mask.graded:
        out = np.empty((*values.shape, 4), np.uint8)
        out[..., :3], out[..., 3] = colour, (values.astype(np.uint16) * _GRADED // 255).astype(np.uint8)
        return out
    inside = np.pad(values > 0, 1)
    core = inside[1:-1, :-2] & inside[1:-1, 2:] & inside[:-2, 1:-1] & inside[2:, 1:-1]
    strength = np.where(core, _FILL, _EDGE).astype(np.uint16)
    out = np.empty((*values.shape, 4), np.uint8)
    out[..., :3] = colour
    out[..., 3] = (strength * values // 255).astype(np.uint8)
    return out


class GuestLayer:
    """Painted between the overlay and the person's marks."""

    def __init__(self) -> None:
        self._laid: tuple[Laid, ...] = ()
        self._masks: list[Layer] = []
        self._state: Presentation | None = None

    def set(self, laid: Sequence[Laid], state: Presentation | None) -> None:
        if tuple(laid) != self._laid:
            self._laid = tuple(laid)
            self._masks = [_layer(mask, one.part(mask.part).colour) for one in self._laid
                           for mask in one.drawing.masks if mask.part not in one.hidden]
        self._state = state

    @property
    def empty(self) -> bool:
        return not self._laid and self._state is None

    def paint(self, painter: QPainter, matrix: QTransform, column_px: float, row_px: float) -> None:
        if self.empty:
            return
        painter.save()
        if self._state is not None and self._state.shutter:
            _paint_shutter(painter, matrix, self._state)
        for layer in self._masks:
            layer.paint(painter, matrix, column_px, row_px, crisp=True)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        taken: list[QRectF] = []
        shapes = [(one, shape) for one in self._laid for shape in one.drawing.shapes if shape.part not in one.hidden]
        full = sum(bool(shape.label) for _, shape in shapes) <= _MOST_WORDS
        for one, shape in shapes:
            _paint_shape(painter, matrix, shape, QColor(*one.part(shape.part).colour), full, taken)
        painter.restore()


def _layer(mask: Mask, colour: Colour) -> Layer:
    made = Layer()
    box = mask.box
    made.set(mask_rgba(mask, colour), QRectF(box.x, box.y, box.w, box.h), smooth=True)
    return made


def source_path(shape: Shape) -> QPainterPath:
    """Outline in source pixels; a turned ellipse by its two half axes."""
    path = QPainterPath()
    if shape.kind == "ellipse":
        (cx, cy), (ax, ay), (bx, by) = shape.points
        path.addEllipse(QPointF(0, 0), 1, 1)
        return QTransform(ax - cx, ay - cy, bx - cx, by - cy, cx, cy).map(path)
    path.moveTo(*shape.points[0])
    for point in shape.points[1:]:
        path.lineTo(*point)
    if shape.kind == "polygon":
        path.closeSubpath()
    return path


def _cross(at: QPointF) -> QPainterPath:
    path = QPainterPath()
    for dx, dy in ((1, 1), (1, -1)):
        path.moveTo(at.x() - 6 * dx, at.y() - 6 * dy)
        path.lineTo(at.x() + 6 * dx, at.y() + 6 * dy)
    return path


def _paint_shape(painter: QPainter, matrix: QTransform, shape: Shape, colour: QColor, words: bool,
                 taken: list[QRectF]) -> None:
    pen = QPen(colour, 1.6)
    if shape.kind == "text":
        at = [matrix.map(QPointF(*point)) for point in shape.points]
        if len(at) > 1:
            line = QPainterPath(at[0])
            line.lineTo(at[1])
            paint_outline(painter, line, pen)
        _paint_words(painter, QRectF(at[0], at[0]), shape.label, colour, taken, exact=True)
        return
    path = _cross(matrix.map(QPointF(*shape.points[0]))) if shape.kind == "point" else matrix.map(source_path(shape))
    pen.setStyle(Qt.PenStyle.SolidLine if shape.kind == "point" else Qt.PenStyle.DashDotLine)
    if shape.filled:
        painter.fillPath(path, QBrush(QColor(colour.red(), colour.green(), colour.blue(), _FILL)))
    paint_outline(painter, path, pen)
    if shape.label and words:
        _paint_words(painter, path.boundingRect(), shape.label, colour, taken)


def _paint_words(painter: QPainter, bounds: QRectF, text: str, colour: QColor, taken: list[QRectF],
                 exact: bool = False) -> None:
    """Beside ``bounds`` where there is room; ``exact``: from its corner on, for the author placed it there."""
    metrics = painter.fontMetrics()
    width, height = metrics.horizontalAdvance(text) + 8.0, metrics.height() + 2.0
    place = QRectF(bounds.left(), bounds.top(), width, height) if exact else free_place(
        bounds, width, height, QRectF(painter.window()), taken)
    if place is None:
        return
    taken.append(place)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(11, 13, 16, 170))
    painter.drawRoundedRect(place, 3, 3)
    painter.setPen(colour)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def _paint_shutter(painter: QPainter, matrix: QTransform, state: Presentation) -> None:
    """Cover what is outside any of the outlines."""
    inverse, _ = matrix.inverted()
    everywhere = QPainterPath()
    everywhere.addPolygon(inverse.mapToPolygon(painter.window().adjusted(-2, -2, 2, 2)))
    open_part = everywhere
    for shape in state.shutter:
        open_part = open_part.intersected(source_path(shape))
    gray = state.shutter_grey
    painter.fillPath(matrix.map(everywhere.subtracted(open_part)), QColor(gray, gray, gray))
