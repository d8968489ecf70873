"""The first run: what this is for, acknowledged once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QCheckBox, QWidget

from fineview.core.report import INTENDED_USE
from fineview.gui.dialogs.page import Page
from fineview.gui.wording import tr

NOTE = (
    "FineView shows where an encoder looks in retinal and other DICOM images, answers questions about regions, and "
    "writes down what you accept.",
    "Suggestions are made by a small research model. They are marked \"not reviewed\" until you decide, and the model "
    "may be wrong on any image. Where it cannot tell, it says so.",
    "Everything stays on this computer until you send it to a PACS. Marks are saved as you make them.")


class IntendedUse(Page):
    def __init__(self, acknowledged: Callable[[], None], parent: QWidget | None) -> None:
        super().__init__(tr("Before you start"), parent)
        self.words(tr(INTENDED_USE), "title")
        for paragraph in NOTE:
            self.words(tr(paragraph))
        self.understood = QCheckBox(tr("I understand that this is for research only"))
        self.column.addWidget(self.understood)
        go, _ = self.buttons("Continue", "Quit")
        assert go is not None
        self.go = go
        go.setEnabled(False)
        self.understood.toggled.connect(go.setEnabled)
        self.accepted.connect(acknowledged)
        self.setMinimumWidth(520)
