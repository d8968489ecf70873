"""Who answers: FineView's own answers, a language model at hand, or one from a folder that the person chooses."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from fineview.gui.panels.choices import choose, combo, refill
from fineview.gui.wording import tr
from fineview.services.snapshot import AnswererChoice
from fineview.services.workbench import Workbench

_FOLDER = "\0folder"  # no path holds this character
FAMILIES = {"llava": "LLaVA", "instructblip": "InstructBLIP", "blip-2": "BLIP-2"}


class AnsweredBy(QWidget):
    """``folder_wanted``: the person wants to choose a folder."""

    folder_wanted = Signal()

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench, self._shown = bench, AnswererChoice()
        self.box = combo(tr("Answered by"))
        self.box.activated.connect(lambda _: self._chosen())
        caption = QLabel(tr("Answered by"))
        caption.setObjectName("quiet")
        caption.setBuddy(self.box)
        self.note = QLabel()
        self.note.setObjectName("warning")
        self.note.setWordWrap(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.addWidget(caption, 0, 0)
        grid.addWidget(self.box, 0, 1)
        grid.addWidget(self.note, 1, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        self.setFocusProxy(self.box)
        self.show_choice(self._shown)

    def show_choice(self, choice: AnswererChoice) -> None:
        self._shown = choice
        names = [(path, name, FAMILIES.get(family, "")) for path, name, family in choice.names]
        refill(self.box, (("", "FineView's own answers"), *((path, name) for path, name, _ in names),
                          (_FOLDER, "Choose a folder …")))
        for path, name, family in names:
            words = ", ".join(part for part in (name, family, path) if part)
            self.box.setItemData(self.box.findData(path), words, Qt.ItemDataRole.ToolTipRole)
        choose(self.box, choice.chosen)
        loading = tr("Being loaded; a question asked now waits for it.") if choice.loading else ""
        own = tr("Measured and read from the encoder in force, with evidence.")
        self.box.setToolTip(loading or str(self.box.currentData(Qt.ItemDataRole.ToolTipRole) or own))
        self.note.setText(tr(choice.note) if choice.note else "")
        self.note.setVisible(bool(choice.note))

    def _chosen(self) -> None:
        wanted = self.box.currentData()
        if wanted == _FOLDER:
            choose(self.box, self._shown.chosen)  # until there is another choice, the old one is shown
            self.folder_wanted.emit()
        else:
            self._bench.answerers.choose(wanted)
