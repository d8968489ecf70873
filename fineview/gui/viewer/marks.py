"""Findings on the picture: a shape, a line style and words, so that nothing is told by colour alone."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPainterPath, QPainterPathStroker, QPen, QTransform

from fineview.core.chance import chance_words
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box, Point, Spacing
from fineview.core.region import Region, RegionKind
from fineview.gui.theme import MODEL_ON_PICTURE, PERSON_ON_PICTURE
from fineview.gui.viewer.shapes import handles
from fineview.gui.wording import tr
from fineview.services.measuring import mark_words

HANDLE_PX = 4.0
REACH_PX = 7.0


def path_of(region: Region, matrix: QTransform) -> QPainterPath:
    """Outline of a region in widget coordinates."""
    source = QPainterPath()
    box = region.bounds
    if region.kind is RegionKind.BOX:
        source.addRect(box.x, box.y, box.w, box.h)
    elif region.kind is RegionKind.ELLIPSE:
        source.addEllipse(QRectF(box.x, box.y, box.w, box.h))
    elif region.kind is RegionKind.POINT:
        return _cross(matrix.map(QPointF(*region.points[0])))
    else:
        source.moveTo(*region.points[0])
        for point in region.points[1:]:
            source.lineTo(*point)
        if region.has_inside:
            source.closeSubpath()
    return matrix.map(source)


def _cross(at: QPointF) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(at, 5.0, 5.0)
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        path.moveTo(at.x() + 3 * dx, at.y() + 3 * dy)
        path.lineTo(at.x() + 9 * dx, at.y() + 9 * dy)
    return path


def words(finding: Finding, number: int, spacing: Spacing, selected: bool = False) -> str:
    """What stands beside a mark: "3 drusen, suggested 0.86", "4 length 1.24 mm"; an area where it is selected."""
    label = finding.label.replace("_", " ") or tr(finding.region.kind.value)
    if selected or finding.region.kind in (RegionKind.LENGTH, RegionKind.ANGLE):
        label = f"{label} {mark_words(finding.region, spacing)}".rstrip()
    if finding.state is State.SUGGESTED:
        score = f" {chance_words(finding.score)}" if finding.score is not None else ""
        return f"{number} {label}, {tr('suggested')}{score}"
    return f"{number} {label}" if finding.origin is Origin.PERSON else f"{number} {label}, {tr(finding.state.value)}"


def shown(findings: Sequence[Finding], selected: str | None, suggestions: bool) -> tuple[Finding, ...]:
    """Marks to draw: no rejected ones, no suggestions where they are switched off; the selected one always."""
    return tuple(f for f in findings if f.id == selected or (
        f.state is not State.REJECTED and (suggestions or f.state is not State.SUGGESTED)))


def paint_mark(painter: QPainter, matrix: QTransform, finding: Finding, text: str, selected: bool,
               taken: list[QRectF]) -> None:
    """Outline with a dark rim (legible on white and on black), ``text``, and handles where selected.

    ``taken``: where words stand already; the place of these is added.
    """
    colour = QColor(PERSON_ON_PICTURE if finding.origin is Origin.PERSON else MODEL_ON_PICTURE)
    pen = QPen(colour, 2.5 if selected else 1.5)
    if finding.state is State.SUGGESTED:
        pen.setStyle(Qt.PenStyle.DashLine)
    paint_outline(painter, path_of(finding.region, matrix), pen)
    if selected:
        paint_handles(painter, matrix, finding.region, colour)
    bounds = path_of(finding.region, matrix).boundingRect()
    _paint_words(painter, bounds, text, colour, selected, taken)


def paint_pointed(painter: QPainter, matrix: QTransform, box: Box, text: str, taken: list[QRectF]) -> None:
    """A part of the picture that somebody looked at: dotted, with words, and nothing that a hand can take hold of."""
    path = path_of(Region.from_box(box), matrix)
    colour = QColor(MODEL_ON_PICTURE)
    pen = QPen(colour, 1.5)
    pen.setStyle(Qt.PenStyle.DotLine)
    paint_outline(painter, path, pen)
    _paint_words(painter, path.boundingRect(), text, colour, False, taken)


def paint_outline(painter: QPainter, path: QPainterPath, pen: QPen) -> None:
    rim = QPen(QColor(0, 0, 0, 150), pen.widthF() + 2.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for one in (rim, pen):
        one.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(one)
        painter.drawPath(path)


def paint_handles(painter: QPainter, matrix: QTransform, region: Region, colour: QColor) -> None:
    painter.setPen(QPen(QColor(0, 0, 0, 200), 1.0))
    painter.setBrush(QBrush(colour))
    for point in handles(region):
        at = matrix.map(QPointF(*point))
        painter.drawRect(QRectF(at.x() - HANDLE_PX, at.y() - HANDLE_PX, 2 * HANDLE_PX, 2 * HANDLE_PX))


def free_place(bounds: QRectF, width: float, height: float, room: QRectF, taken: Sequence[QRectF]) -> QRectF | None:
    """Beside ``bounds``, inside ``room``, on no other words: above, below, then further away; None: no room left."""
    x = min(max(bounds.left(), room.left() + 2), max(room.right() - width - 2, room.left() + 2))
    places = []
    for step in range(4):
        away = 4 + step * (height + 2)
        places += [QRectF(x, bounds.top() - height - away, width, height),
                   QRectF(x, bounds.bottom() + away, width, height)]
    inside = [place for place in places if room.contains(place)]
    free = [place for place in inside if not any(place.intersects(other) for other in taken)]
    return next(iter(free), None)


def paint_words(painter: QPainter, bounds: QRectF, text: str, colour: QColor) -> None:
    """Words of what a hand is drawing, over everything else."""
    if text:
        _paint_words(painter, bounds, text, colour, True, [])


def _paint_words(painter: QPainter, bounds: QRectF, text: str, colour: QColor, selected: bool,
                 taken: list[QRectF]) -> None:
    metrics = QFontMetricsF(painter.font())
    size = free_place(bounds, metrics.horizontalAdvance(text) + 8, metrics.height() + 2,
                      QRectF(painter.window()), taken)
    if size is None:
        return
    taken.append(size)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(11, 13, 16, 230 if selected else 170))
    painter.drawRoundedRect(size, 3, 3)
    painter.setPen(colour)
    painter.drawText(size, Qt.AlignmentFlag.AlignCenter, text)


def hit(findings: Sequence[Finding], matrix: QTransform, position: QPointF) -> Finding | None:
    """The mark whose outline is within reach of ``position``; where several are, the smallest."""
    stroker = QPainterPathStroker()
    stroker.setWidth(2 * REACH_PX)
    reached = []
    for finding in findings:
        path = path_of(finding.region, matrix)
        grown = path.boundingRect().adjusted(-REACH_PX, -REACH_PX, REACH_PX, REACH_PX)
        # A stroked outline is dear; most marks are far from the cursor.
        if grown.contains(position) and stroker.createStroke(path).contains(position):
            reached.append(finding)
    return min(reached, key=lambda f: f.region.area_px, default=None)


def handle_at(region: Region, matrix: QTransform, position: QPointF) -> int | None:
    """Index of the handle within reach, the nearest first."""
    def distance(point: Point) -> float:
        at = matrix.map(QPointF(*point)) - position
        return max(abs(at.x()), abs(at.y()))

    near = [(distance(p), i) for i, p in enumerate(handles(region)) if distance(p) <= REACH_PX]
    return min(near)[1] if near else None
