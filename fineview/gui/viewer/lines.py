"""Layer lines over a B-scan: thin, each in a colour and with its name at the left, so that no colour speaks alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QTransform

from fineview.core.layers import LayerLine

# Colours that people who confuse red and green can tell apart (Okabe and Ito 2008), without black.
_COLOURS = tuple(QColor(one) for one in ("#56b4e9", "#e69f00", "#f0e442", "#cc79a7", "#009e73", "#d55e00"))
_DEPTH = ("ILM", "RNFL", "GCL", "IPL", "INL", "OPL", "ONL", "ELM", "PR1", "PR2", "RPE", "BM", "CHO")
_LEFT_PX = 6.0
_PLACES = 60


class Lines:
    """Outlines in source pixels are made once for each set of lines."""

    def __init__(self) -> None:
        self._lines: tuple[LayerLine, ...] = ()
        self._paths: list[QPainterPath] = []
        self._left_out: frozenset[str] = frozenset()

    def set(self, lines: Sequence[LayerLine]) -> None:
        if tuple(lines) != self._lines:
            self._lines = tuple(lines)
            self._paths = [path_of(line) for line in self._lines]

    def leave_out(self, names: Iterable[str]) -> bool:
        """Do not draw these: somebody else does.  True where that changes the picture."""
        before, self._left_out = self._left_out, frozenset(names)
        return before != self._left_out

    def paint(self, painter: QPainter, matrix: QTransform, room: QRectF) -> None:
        """Under ``matrix`` (source to widget).  Names follow each other to the right where lines lie close."""
        painter.save()
        taken = list[QRectF]()
        for line, path in zip(self._lines, self._paths, strict=True):
            if line.name in self._left_out:
                continue
            # A hairline: any wider pen is thirty times dearer, and a frame change has 16 ms.
            pen = QPen(colour_of(line.name), 0)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(pen)
            painter.drawPath(matrix.map(path))
            paint_name(painter, line.name, matrix.map(path), room, taken)
        painter.restore()


def colour_of(name: str) -> QColor:
    """The same for a boundary in every file; neighbours in depth differ."""
    depth = _DEPTH.index(name) if name in _DEPTH else len(_DEPTH)
    return _COLOURS[depth % len(_COLOURS)]


def path_of(line: LayerLine) -> QPainterPath:
    """One point a column, at the middle of the column; a gap where nothing is known."""
    path, drawing = QPainterPath(), False
    for column, row in enumerate(line.row_px.tolist()):
        if np.isnan(row):
            drawing = False
        elif drawing:
            path.lineTo(column + 0.5, row)
        else:
            path.moveTo(column + 0.5, row)
            drawing = True
    return path


def paint_name(painter: QPainter, name: str, path: QPainterPath, room: QRectF, taken: list[QRectF]) -> None:
    """``name`` at its line (``path`` in widget pixels) in the painter's ink; its place joins ``taken``."""
    metrics = QFontMetricsF(painter.font())
    place = _free_place(path, room, QSizeF(metrics.horizontalAdvance(name) + 6, metrics.height()), taken)
    if place is None:
        return
    taken.append(place)
    ink = painter.pen()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(11, 13, 16, 150))
    painter.drawRoundedRect(place, 2, 2)
    painter.setPen(ink)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, name)


def _free_place(path: QPainterPath, room: QRectF, size: QSizeF, taken: Sequence[QRectF]) -> QRectF | None:
    """Above the line, as far to the left of the screen as no other name stands; None where there is no such place."""
    step = max(1, path.elementCount() // _PLACES)
    points = [QPointF(path.elementAt(n).x, path.elementAt(n).y) for n in range(0, path.elementCount(), step)]
    inside = room.adjusted(_LEFT_PX, 0, -size.width(), 0)
    for point in sorted((point for point in points if inside.contains(point)), key=lambda point: point.x()):
        place = QRectF(QPointF(point.x(), point.y() - size.height() - 2), size)
        if not any(place.intersects(other) for other in taken):
            return place
    return None
