"""Whose maps are shown: the encoders at hand, and one click to which of them measured results speak for."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from fineview.gui.panels.choices import choose, combo, refill
from fineview.gui.wording import tr
from fineview.services.snapshot import EncoderChoice
from fineview.services.workbench import Workbench


class EncoderRow(QWidget):
    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.box = combo(tr("Encoder"))
        self.box.activated.connect(lambda _: bench.explain.encoder(self.box.currentData()))
        self.which = QPushButton(tr("Which?"))
        self.which.setObjectName("link")
        self.which.setAccessibleName(tr("Which encoder for which task"))
        self.which.setToolTip(tr("Which encoder and scale for this task: what was measured, and when"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, 1)
        row.addWidget(self.which)
        self.setFocusProxy(self.box)

    def show_choice(self, choice: EncoderChoice) -> None:
        refill(self.box, choice.names)
        choose(self.box, choice.chosen)
        loading = tr("Being loaded; until it is there, the old one's maps stay.") if choice.loading else ""
        self.box.setToolTip(loading or self.box.currentText())
