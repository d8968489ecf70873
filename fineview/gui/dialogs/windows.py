"""The windows that the keys stand for, one list a modality, to be edited."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QWidget

from fineview.core.errors import RequestProblem
from fineview.gui.dialogs.page import Page
from fineview.gui.panels.choices import choose, combo
from fineview.gui.wording import tr
from fineview.imaging.window import NAMED
from fineview.services.named_windows import from_lines, to_lines
from fineview.services.workbench import Workbench

_MODALITIES = ("CT", "MR", "CR", "DX", "MG", "US", "PT", "NM", "XA", "OPT", "OP")


class Windows(Page):
    """Lists that were changed are kept together when the page is accepted."""

    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(tr("Windows"), parent)
        self._named, self._changed = bench.look.named, dict[str, str]()
        self.words(tr("One window a line: name, width and level, in the unit of the picture. The first nine have the "
                      "keys Alt+1 to Alt+9; windows made from the picture itself follow them."), "quiet")
        series = bench.session.series
        shown = series.modality if series is not None else "CT"
        names = _MODALITIES if shown in _MODALITIES or not shown else (*_MODALITIES, shown)
        self.which = combo(tr("Kind of picture"), tuple((name, name) for name in names))
        self.text = QPlainTextEdit()
        self.text.setAccessibleName(tr("Windows, one per line"))
        self.text.setPlaceholderText("Lung  W 1500  L -600")
        self.problem = self.words("", "warning")
        self.column.insertWidget(1, self.which)
        self.column.insertWidget(2, self.text, 100)
        self._modality = ""
        choose(self.which, shown)
        self._show()
        self.which.activated.connect(lambda _: self._turn())
        built_in = QPushButton(tr("Back to the built-in list"))
        built_in.setObjectName("link")
        self.column.addWidget(built_in, 0, Qt.AlignmentFlag.AlignLeft)
        built_in.clicked.connect(lambda: self.text.setPlainText(to_lines(NAMED.get(self._modality, ()))))
        self.buttons("Keep the lists", "Cancel")
        self.resize(440, 460)

    def _show(self) -> None:
        self._modality = self.which.currentData()
        self.text.setPlainText(self._changed.get(self._modality, self._named.lines(self._modality)))

    def _turn(self) -> None:
        self._changed[self._modality] = self.text.toPlainText()
        self._show()

    def accept(self) -> None:
        """Keeps all or nothing: a line that cannot be read is named, and the page stays."""
        self._changed[self._modality] = self.text.toPlainText()
        try:
            for text in self._changed.values():
                from_lines(text)
        except RequestProblem as error:
            self.problem.setText(f"{error.what} {error.remedy}")
            return
        for modality, text in self._changed.items():
            self._named.change(modality, text)
        super().accept()
