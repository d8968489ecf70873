"""What stands around a picture: orientation markers, scale bar with its provenance, words in the corners."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from fineview.core.geometry import ScaleSource, Spacing
from fineview.gui.theme import DARK
from fineview.gui.viewer.placement import Placement
from fineview.gui.wording import tr

EDGE = 8.0
_INK = QColor(DARK.on_picture)
_RIM = QColor(0, 0, 0, 160)  # words are read on white pictures too: 4.5:1 between letter and rim
_AROUND = tuple((dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0))


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """``px``: length on screen; ``text``: for instance "200 um, calibrated"."""

    px: float
    text: str


def scale_bar(spacing: Spacing, placement: Placement, longest_px: float = 160.0) -> ScaleBar:
    """The longest round length that fits, in the unit its source allows; horizontal on screen."""
    turned = placement.transform.quarter_turns % 2 == 1
    px_per_source = placement.row_px() if turned else placement.column_px()
    mm = spacing.row_mm if turned else spacing.col_mm
    if mm and spacing.source is not ScaleSource.NONE:
        length_mm = _round_down(longest_px * mm / px_per_source)
        words = f"{length_mm:g} mm" if length_mm >= 1 else f"{length_mm * 1000:g} \u00b5m"
        return ScaleBar(length_mm / mm * px_per_source, f"{words}, {tr(spacing.source.value)}")
    length_px = max(_round_down(longest_px / px_per_source), 1.0)
    return ScaleBar(length_px * px_per_source, f"{length_px:g} px, {tr('not calibrated')}")


def _round_down(value: float) -> float:
    """The largest of 1, 2, 5 x 10^k that is not above ``value``."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(m for m in (1.0, 2.0, 5.0) if m * power <= value * (1 + 1e-9)) * power


def paint_text(painter: QPainter, at: QPointF, text: str, align: Qt.AlignmentFlag) -> None:
    """Words with a dark rim.  ``at``: the anchor that ``align`` (left, right, centre; top, bottom) refers to."""
    metrics = QFontMetricsF(painter.font())
    width, x, y = metrics.horizontalAdvance(text), at.x(), at.y() + metrics.ascent()
    if align & Qt.AlignmentFlag.AlignRight:
        x -= width
    elif align & Qt.AlignmentFlag.AlignHCenter:
        x -= width / 2
    if align & Qt.AlignmentFlag.AlignBottom:
        y -= metrics.height()
    elif align & Qt.AlignmentFlag.AlignVCenter:
        y -= metrics.height() / 2
    # Eight shifted copies from the glyph cache cost a tenth of one stroked outline.
    painter.setPen(_RIM)
    for dx, dy in _AROUND:
        painter.drawText(QPointF(x + dx, y + dy), text)
    painter.setPen(_INK)
    painter.drawText(QPointF(x, y), text)


def paint_markers(painter: QPainter, size: QRectF, markers: tuple[str, str, str, str]) -> None:
    """Letters at the left, top, right and bottom edge of the widget."""
    left, top, right, bottom = markers
    mid_x, mid_y, flag = size.width() / 2, size.height() / 2, Qt.AlignmentFlag
    paint_text(painter, QPointF(EDGE, mid_y), left, flag.AlignLeft | flag.AlignVCenter)
    paint_text(painter, QPointF(mid_x, EDGE), top, flag.AlignHCenter | flag.AlignTop)
    paint_text(painter, QPointF(size.width() - EDGE, mid_y), right, flag.AlignRight | flag.AlignVCenter)
    paint_text(painter, QPointF(mid_x, size.height() - EDGE), bottom, flag.AlignHCenter | flag.AlignBottom)


def marker_places(painter: QPainter, size: QRectF) -> list[QRectF]:
    """Where the letters at the edges stand, so that no other words cover them: up to three letters wide."""
    metrics = QFontMetricsF(painter.font())
    wide, high = metrics.horizontalAdvance("HHH"), metrics.height() + 2
    mid_x, mid_y = (size.width() - wide) / 2, (size.height() - high) / 2
    return [QRectF(0, mid_y, EDGE + wide, high), QRectF(mid_x, 0, wide, EDGE + high),
            QRectF(size.width() - EDGE - wide, mid_y, EDGE + wide, high),
            QRectF(mid_x, size.height() - EDGE - high, wide, EDGE + high)]


def paint_scale_bar(painter: QPainter, size: QRectF, bar: ScaleBar) -> None:
    """Bottom right: a bar with end ticks and its words above."""
    right, base = size.width() - EDGE, size.height() - EDGE - 2
    path = QPainterPath(QPointF(right - bar.px, base - 5))
    for x, y in ((right - bar.px, base), (right, base), (right, base - 5)):
        path.lineTo(x, y)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(QColor(0, 0, 0, 190), 4.0), QPen(_INK, 1.6)):
        painter.setPen(pen)
        painter.drawPath(path)
    flag = Qt.AlignmentFlag
    paint_text(painter, QPointF(right, base - 7), bar.text, flag.AlignRight | flag.AlignBottom)


def paint_corner(painter: QPainter, size: QRectF, lines: tuple[str, ...], top: bool) -> None:
    """Quiet words at the left: file facts at the top, window and zoom at the bottom."""
    height = QFontMetricsF(painter.font()).height()
    shown = [line for line in lines if line]
    start = EDGE if top else size.height() - EDGE - height * len(shown)
    for row, line in enumerate(shown):
        paint_text(painter, QPointF(EDGE, start + row * height), line,
                   Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)


def paint_pointer(painter: QPainter, at: QPointF) -> None:
    """A small open cross, dark rim and light ink: the cursor is here on the other picture."""
    for pen in (QPen(QColor(0, 0, 0, 190), 3.5), QPen(_INK, 1.4)):
        painter.setPen(pen)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            painter.drawLine(QPointF(at.x() + 4 * dx, at.y() + 4 * dy), QPointF(at.x() + 11 * dx, at.y() + 11 * dy))


def paint_message(painter: QPainter, size: QRectF, text: str) -> None:
    """Why there is no picture, in the middle."""
    painter.setPen(_INK)
    painter.drawText(size.adjusted(24, 24, -24, -24), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


def paint_ring(painter: QPainter, rect: QRect) -> None:
    """Where keys go; thin, for the picture is the product."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QColor(DARK.accent))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(0, 0, -1, -1))
