"""The line above a pane: which one, whose side, what and when; the active one is told by colour and by a mark."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from fineview.gui.plain_tip import plain_tip
from fineview.gui.theme import current
from fineview.gui.wording import date_words, person_name, side_words, tr
from fineview.services.linking import RELATION_WORDS
from fineview.services.pane_view import PaneState

HEIGHT = 24


def title_words(state: PaneState, with_person: bool) -> tuple[str, ...]:
    """Side, series, date and, where several people are side by side, whose it is; the person comes first then."""
    if state.series is None or state.study is None:
        return (tr("empty"),)
    person = (person_name(state.study.patient.name) or tr("name unknown")) if with_person else ""
    name = state.series.description or state.series.modality or tr("picture")
    date = date_words(state.study.date) or tr("date unknown")
    return tuple(part for part in (person, side_words(state.series.laterality), date, name) if part)


class PaneTitle(QWidget):
    """``clicked``: make this pane the active one; ``doubled``: give it all the room."""

    clicked = Signal()
    doubled = Signal()

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number, self.parts, self.active, self.linked = number, (), False, False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, HEIGHT)

    def show_pane(self, state: PaneState, active: bool, linked: bool, with_person: bool) -> None:
        self.parts: tuple[str, ...] = title_words(state, with_person)
        self.active, self.linked = active, linked and state.follows is not None
        told = [tr("Pane {0}").format(self.number + 1), *self.parts, tr("active") if active else ""]
        if self.linked and state.follows is not None:
            told.append(tr("scrolls with the active pane, {0}").format(tr(RELATION_WORDS[state.follows])))
        words = ", ".join(part for part in told if part)
        self.setAccessibleName(words)
        self.setToolTip(plain_tip(words))
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.clicked.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.doubled.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        tokens, flag = current(), Qt.AlignmentFlag
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.chosen if self.active else tokens.panel))
        metrics, room = self.fontMetrics(), self.width() - 16
        lead = f"{'▸ ' if self.active else ''}{self.number + 1}"
        painter.setPen(QColor(tokens.text if self.active else tokens.quiet))
        painter.drawText(QRectF(8, 0, room, self.height()), flag.AlignVCenter | flag.AlignLeft, lead)
        left = 16 + metrics.horizontalAdvance(lead)
        right = metrics.horizontalAdvance("⇅") + 8 if self.linked else 0
        if self.linked:
            painter.drawText(QRectF(8, 0, room, self.height()), flag.AlignVCenter | flag.AlignRight, "⇅")
        painter.setPen(QColor(tokens.text))
        shown = metrics.elidedText("   ".join(self.parts), Qt.TextElideMode.ElideRight, room + 8 - left - right)
        painter.drawText(QRectF(left, 0, room, self.height()), flag.AlignVCenter | flag.AlignLeft, shown)
        painter.end()
