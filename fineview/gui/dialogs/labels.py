"""The list of words a mark may carry, one per line."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QWidget

from fineview.gui.dialogs.page import Page
from fineview.gui.wording import tr
from fineview.services.workbench import Workbench


class EditLabels(Page):
    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(tr("Labels"), parent)
        self._bench = bench
        self.words(tr("One label per line. An empty list brings the built-in one back."), "quiet")
        self.text = QPlainTextEdit("\n".join(bench.annotate.labels()))
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(tr("Labels, one per line"))
        self.column.addWidget(self.text, 100)
        self.buttons("Save the list", "Cancel")
        self.accepted.connect(self._save)
        self.resize(360, 400)

    def _save(self) -> None:
        self._bench.annotate.set_labels(tuple(self.text.toPlainText().splitlines()))
