"""From which score suggestions are shown, and what that point promised on pictures that training never saw."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from fineview.gui.wording import tr
from fineview.services.promising import Suggestions
from fineview.services.workbench import Workbench


class ScoreSlider(QWidget):
    """Hidden while no suggestion waits for a decision.  The slider moves in hundredths of a calibrated score."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._shown = Suggestions()
        self.amount = QLabel()
        self.amount.setTextFormat(Qt.TextFormat.PlainText)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName(tr("Suggestions from this score"))
        self.slider.valueChanged.connect(self._moved)
        self.count = QLabel()
        self.promises = QLabel()
        self.promises.setTextFormat(Qt.TextFormat.PlainText)
        self.promises.setAccessibleName(tr("What this score promised on held-out pictures"))
        for one in (self.count, self.promises):
            one.setObjectName("quiet")
            one.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(self.amount)
        head.addWidget(self.slider, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.count)
        column.addWidget(self.promises)
        self.hide()

    def show_suggestions(self, state: Suggestions) -> None:
        """Below the weakest suggestion there is nothing to choose, so the slider begins there."""
        self._shown = state
        self.setVisible(state.total > 0)
        begin = int(state.begin * 100)
        self.slider.blockSignals(True)
        self.slider.setRange(begin, 100)
        self.slider.setValue(max(begin, round(state.least * 100)))
        self.slider.blockSignals(False)
        self.amount.setText(tr("Score from {0:.2f}").format(max(state.begin, state.least)))
        self.count.setText(tr("{0} of {1} shown. On held-out pictures:").format(state.shown, state.total))
        self.promises.setText("\n".join(one.words for one in state.promises))
        self.promises.setToolTip("\n\n".join(one.more for one in state.promises))

    def _moved(self, value: int) -> None:
        if round(self._shown.least * 100) != value:
            self._bench.look.least_score(value / 100)
