"""Why image and text differ: two kinds of data side by side, property by property, as bars rather than words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from fineview.core.modalities import MODALITIES, PROPERTIES, ModalityGap, explain_gap, modality
from fineview.gui.dialogs.page import Page
from fineview.gui.panels.choices import choose, combo
from fineview.gui.theme import current
from fineview.gui.wording import tr

_LINE = 42.0
_NAME, _VALUE = 104.0, 150.0


class Bars(QWidget):
    """One line a property: its value on either side, and between them how far apart they are, 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.gap: ModalityGap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(640, round(_LINE * (len(PROPERTIES) + 1)))

    def show_gap(self, gap: ModalityGap) -> None:
        self.gap = gap
        self.setAccessibleName("; ".join(f"{tr(name)} {value:.2f}" for name, value in gap.differences.items()))
        self.setToolTip("\n".join(f"{prop.name}: {tr(prop.means)}" for prop in PROPERTIES))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        if self.gap is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._line(painter, 0, "", self.gap.first.name, self.gap.second.name, None, bold=True)
            for row, prop in enumerate(PROPERTIES, start=1):
                self._line(painter, row, prop.name, self.gap.first.properties[prop.name],
                           self.gap.second.properties[prop.name], self.gap.differences[prop.name])
        painter.end()

    def _line(self, painter: QPainter, row: int, name: str, first: str, second: str, apart: float | None,
              bold: bool = False) -> None:
        tokens, top, flag = current(), row * _LINE, Qt.AlignmentFlag
        width = self.width() - _NAME - 2 * _VALUE
        font = painter.font()
        font.setBold(bold)
        painter.setFont(font)
        painter.setPen(QColor(tokens.quiet))
        painter.drawText(QRectF(0, top, _NAME, _LINE), flag.AlignLeft | flag.AlignVCenter, tr(name))
        painter.setPen(QColor(tokens.text))
        painter.drawText(QRectF(_NAME, top, _VALUE - 12, _LINE), flag.AlignRight | flag.AlignVCenter, tr(first))
        painter.drawText(QRectF(self.width() - _VALUE + 12, top, _VALUE - 12, _LINE),
                         flag.AlignLeft | flag.AlignVCenter, tr(second))
        if apart is None:
            painter.setPen(QColor(tokens.quiet))
            painter.drawText(QRectF(_NAME + _VALUE, top, width, _LINE), flag.AlignCenter, tr("how far apart"))
            return
        groove = QRectF(_NAME + _VALUE, top + _LINE / 2 - 5, width, 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.line))
        painter.drawRoundedRect(groove, 5, 5)
        if apart > 0:
            painter.setBrush(QColor(tokens.accent))
            painter.drawRoundedRect(QRectF(groove.x(), groove.y(), groove.width() * apart, groove.height()), 5, 5)
        painter.setPen(QColor(tokens.text))
        painter.drawText(QRectF(groove.x(), top, width, _LINE / 2 - 6), flag.AlignRight | flag.AlignBottom,
                         f"{apart:.2f}")


class WhyTheyDiffer(Page):
    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(tr("Why image and text differ"), parent)
        entries = tuple((one.name, one.name) for one in MODALITIES)
        self.first, self.second = combo(tr("First kind of data"), entries), combo(tr("Second kind of data"), entries)
        choose(self.first, "image")
        choose(self.second, "text")
        head = QHBoxLayout()
        head.addWidget(self.first)
        head.addWidget(QLabel(tr("beside")))
        head.addWidget(self.second)
        head.addStretch(1)
        self.column.addLayout(head)
        self.bars = Bars()
        self.column.addWidget(self.bars)
        self.sums = self.words("", "title")
        self.meaning = self.words("")
        self.words(tr("From a table of properties, written down by hand; nothing here is measured."), "quiet")
        self.buttons(None, "Close")
        for box in (self.first, self.second):
            box.activated.connect(lambda _: self._compare())
        self.setMinimumWidth(720)
        self._compare()

    def _compare(self) -> None:
        gap = explain_gap(modality(self.first.currentData()), modality(self.second.currentData()))
        self.bars.show_gap(gap)
        self.sums.setText(tr("Gap {0:.2f}, difficulty of aligning them {1:.2f} (0 to 1)").format(
            gap.gap, gap.difficulty))
        self.meaning.setText(tr(gap.meaning))
