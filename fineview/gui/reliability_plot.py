"""A reliability diagram: where probabilities mean what they say, every dot lies on the diagonal."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from fineview.core.promises import Reliability
from fineview.gui.theme import current
from fineview.gui.wording import tr

_LEFT, _TOP, _RIGHT, _BELOW = 46.0, 30.0, 14.0, 58.0
_SIDE = 190.0


class ReliabilityPlot(QWidget):
    """Across: what was stated; up: how often it was right.  The area of a dot grows with the number behind it."""

    def __init__(self, shown: Reliability, title: str) -> None:
        super().__init__()
        self._shown, self._title = shown, title
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        rows = "; ".join(f"{one.mean:.2f}: {one.share:.2f}, n {one.count}" for one in shown.bins)
        self.setAccessibleName(f"{title}, ECE {shown.ece:.3f}, n {shown.n}. {rows}")
        self.setToolTip("\n".join(tr("stated {0:.2f}, right {1:.2f}, n {2}").format(one.mean, one.share, one.count)
                                  for one in shown.bins))

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(round(_LEFT + _SIDE + _RIGHT), round(_TOP + _SIDE + _BELOW))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        field = QRectF(_LEFT, _TOP, _SIDE, _SIDE)
        self._frame(painter, field)
        self._dots(painter, field)
        painter.end()

    def _frame(self, painter: QPainter, field: QRectF) -> None:
        tokens, flag = current(), Qt.AlignmentFlag
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.drawRect(field)
        for part in (0.25, 0.5, 0.75):
            painter.drawLine(_at(field, part, 0), _at(field, part, 1))
            painter.drawLine(_at(field, 0, part), _at(field, 1, part))
        painter.setPen(QPen(QColor(tokens.quiet), 1, Qt.PenStyle.DashLine))
        painter.drawLine(field.bottomLeft(), field.topRight())
        painter.setPen(QColor(tokens.quiet))
        for value in (0.0, 0.5, 1.0):
            x, y = _at(field, value, 0).x(), _at(field, 0, value).y()
            painter.drawText(QRectF(x - 20, field.bottom() + 2, 40, 16), flag.AlignCenter, f"{value:g}")
            painter.drawText(QRectF(0, y - 8, _LEFT - 6, 16), flag.AlignRight | flag.AlignVCenter, f"{value:g}")
        whole = QRectF(0, field.bottom() + 18, self.width(), 18)
        painter.drawText(whole, flag.AlignCenter, tr("stated, against share that was right"))
        painter.setPen(QColor(tokens.text))
        painter.drawText(QRectF(0, 4, self.width(), 20), flag.AlignCenter, self._title)
        painter.drawText(whole.translated(0, 18), flag.AlignCenter, f"ECE {self._shown.ece:.3f}, n {self._shown.n}")

    def _dots(self, painter: QPainter, field: QRectF) -> None:
        tokens = current()
        most = max((one.count for one in self._shown.bins), default=1)
        places = [(_at(field, one.mean, one.share), one.count) for one in self._shown.bins]
        painter.setPen(QPen(QColor(tokens.accent), 1.5))
        for (first, _), (second, _) in zip(places, places[1:], strict=False):
            painter.drawLine(first, second)
        painter.setPen(QPen(QColor(tokens.panel), 1))
        painter.setBrush(QColor(tokens.accent))
        for place, count in places:
            radius = 2.5 + 5.5 * (count / most) ** 0.5
            painter.drawEllipse(place, radius, radius)


def _at(field: QRectF, x: float, y: float) -> QPointF:
    return QPointF(field.left() + x * field.width(), field.bottom() - y * field.height())
