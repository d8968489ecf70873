"""Plugins: one card each, with its state, why it does not run, and a button that switches it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid

from fineview.core.errors import FineViewError
from fineview.core.plugin import PluginEntry
from fineview.gui.dialogs.page import Page
from fineview.gui.wording import tr
from fineview.services.workbench import Workbench

_STATES = {"on": "On", "off": "Off", "failed": "Taken out", "unusable": "Cannot run"}


class Plugins(Page):
    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(tr("Plugins"), parent)
        self._bench = bench
        self.words(tr("Plugins read more kinds of files. Each runs in a process of its own, with limits of memory and "
                      "time. Enable only those whose author you trust; a change holds from the next file that is "
                      "opened."), "quiet")
        inner = QWidget()
        inner.setObjectName("ground")
        self.body = QVBoxLayout(inner)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(8)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        area.setAccessibleName(tr("Plugins"))
        self.column.addWidget(area, 100)
        self.trouble = self.words("", "error")
        self.trouble.hide()
        self.buttons(None, "Close")
        self.resize(720, 420)
        bench.plugins.list(self._show, self._say)

    def _show(self, found: tuple[PluginEntry, ...]) -> None:
        if not isValid(self):
            return  # closed before the folders were read
        while (item := self.body.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.deleteLater()
        for one in found:
            self.body.addWidget(self._card(one))
        if not found:
            self.body.addWidget(QLabel(tr("There are no plugins.")))
        self.body.addStretch(1)

    def _card(self, one: PluginEntry) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        row = QHBoxLayout(card)
        row.setContentsMargins(16, 12, 16, 12)
        text = QVBoxLayout()
        text.setSpacing(4)
        whose = tr("bundled") if one.bundled else tr("your own")
        facts = " · ".join(filter(None, (tr(_STATES[one.state]), whose, one.version, one.licence)))
        for words, name in ((one.name, "title"), (facts, "quiet"), (one.summary, ""),
                            (f"{one.reason} {one.remedy}".strip(), "warning")):
            if words:
                text.addWidget(_label(words, name))
        row.addLayout(text, 1)
        button = QPushButton(tr("Disable") if one.chosen else tr("Enable"))
        button.setAccessibleName(f"{button.text()} {one.name}")
        button.clicked.connect(lambda: self._switch(one, button))
        button.setEnabled(bool(one.version))  # without a manifest there is nothing to switch
        row.addWidget(button)
        return card

    def _switch(self, one: PluginEntry, button: QPushButton) -> None:
        button.setEnabled(False)
        self.trouble.hide()
        self._bench.plugins.switch(one.name, not one.chosen, self._show, self._failed)

    def _failed(self, error: FineViewError) -> None:
        """Say it, and show what still holds."""
        if isValid(self):
            self._bench.plugins.list(self._show, self._say)
            self._say(error)

    def _say(self, error: FineViewError) -> None:
        if isValid(self):
            self.trouble.setText(f"{error.what} {error.remedy}")
            self.trouble.show()


def _label(words: str, name: str) -> QLabel:
    made = QLabel(words)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setObjectName(name)
    made.setWordWrap(True)
    return made
