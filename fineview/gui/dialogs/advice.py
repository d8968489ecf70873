"""Which encoder and scale for a task: measured figures, how many cases stand behind them, and when they were made."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QWidget
from shiboken6 import isValid

from fineview.core.advice import Advice, Choice, Row
from fineview.core.errors import FineViewError
from fineview.core.evidence import Task
from fineview.gui.dialogs.page import Page
from fineview.gui.panels.choices import choose, combo
from fineview.gui.wording import tr
from fineview.services.workbench import Workbench

_COLUMNS = ("Encoder", "Scale", "Measure", "Value", "95 % interval", "n", "Best baseline", "Measured on", "Date")
_NONE = "No stored result speaks of this task. \"fineview evaluate WHAT --keep\" makes one."


def cells(row: Row) -> tuple[str, ...]:
    """One figure as the columns of the table."""
    unit = "" if row.unit in ("", "fraction", "ratio") else f" {row.unit}"
    span = f"{row.interval[0]:.3g} to {row.interval[1]:.3g}" if row.interval else ""
    beside = f"{row.baseline[0]} {row.baseline[1]:.3g}" if row.baseline else ""
    named = row.named if row.at_hand or row.sha256 is None else f"{row.named} ({tr('not at hand')})"
    return (named, row.scale or "", row.measure.replace("_", " "), f"{row.value:.3g}{unit}", span, str(row.n), beside,
            row.data, row.made[:10])


class EncoderAdvice(Page):
    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(tr("Which encoder?"), parent)
        self._bench = bench
        self.task = combo(tr("Task"), tuple((task.value, task.value) for task in Task))
        choose(self.task, bench.session.overlay.task.value)
        self.task.activated.connect(lambda _: self._ask())
        head = QHBoxLayout()
        head.addWidget(QLabel(tr("Task")))
        head.addWidget(self.task)
        head.addStretch(1)
        self.column.addLayout(head)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.RichText)
        self.column.addWidget(self.said)
        self.table = self._table()
        self.column.addWidget(self.table, 100)
        self.notes = self.words("", "quiet")
        self.buttons(None, "Close")
        self.resize(1080, 620)
        self._ask()

    def _table(self) -> QTreeWidget:
        made = QTreeWidget()
        made.setAccessibleName(tr("Measured figures"))
        made.setHeaderLabels([tr(name) for name in _COLUMNS])
        made.setRootIsDecorated(False)
        made.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        made.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        made.header().setStretchLastSection(True)
        return made

    def _ask(self) -> None:
        self.said.setText(escape(tr("Reading the stored results …")))
        self._bench.shelf.advise(Task(self.task.currentData()), self._show, self._failed)

    def _show(self, advice: Advice) -> None:
        if not isValid(self):
            return  # closed before the results were read
        named = ((tr("Encoder"), advice.encoder), (tr("Scale"), advice.scale),
                 *((tr("Compared"), one) for one in advice.comparisons))
        self.said.setText("".join(_paragraph(name, choice) for name, choice in named))
        self.table.clear()
        for row in advice.rows:
            item = QTreeWidgetItem(list(cells(row)))
            item.setToolTip(2, row.figure)
            item.setToolTip(7, f"{row.data}; {row.machine}; {row.software}")
            self.table.addTopLevelItem(item)
        self.table.setVisible(bool(advice.rows))
        self.notes.setText("\n".join(advice.caveats if advice.measured else (*advice.caveats, tr(_NONE))))

    def _failed(self, error: FineViewError) -> None:
        if isValid(self):
            self.said.setText(escape(f"{error.what} {error.remedy}"))


def _paragraph(name: str, choice: Choice) -> str:
    best = f"<b>{escape(choice.recommended)}</b>. " if choice.recommended else ""
    return f"<p style='margin: 2px 0 6px 0'>{escape(name)}: {best}{escape(choice.words)}</p>"
