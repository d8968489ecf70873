"""The PACS: choose a node, search, bring a study here, send the open one, and see what became of each object."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fineview.core.peer import Match, Parcel, Query
from fineview.gui.dialogs.pacs_node import EnterNode
from fineview.gui.dialogs.page import Page
from fineview.gui.panels.choices import combo, refill
from fineview.gui.plain_tip import plain_tip
from fineview.gui.wording import tr
from fineview.services.pacs_desk import FIND, GET, SEND
from fineview.services.workbench import Workbench

_FOUND = ("Date", "Modality", "Patient", "ID", "Born", "Description", "Objects")
_SENT = ("State", "Node", "Object", "Attempts", "Remark")
_STATES = {"waiting": "Waiting", "sending": "On its way", "sent": "Sent, confirmed", "failed": "Failed"}


def match_cells(one: Match) -> tuple[str, ...]:
    """One study as the columns of the table."""
    return (_day(one.date), one.modality.replace("\\", ", "), one.patient_name.replace("^", " ").strip(),
            one.patient_id, _day(one.birth_date), one.description, str(one.objects or ""))


def parcel_cells(one: Parcel) -> tuple[str, ...]:
    return (tr(_STATES[one.state]), one.node, one.sop_uid, str(one.attempts), one.why)


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


class PacsPage(Page):
    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(tr("PACS"), parent)
        self._bench, self._desk = bench, bench.pacs
        self.node = combo(tr("PACS node"))
        self.node.setMinimumWidth(340)
        self._buttons()
        self._head()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._search_page(), tr("Search and retrieve"))
        self.tabs.addTab(self._outbox_page(), tr("Outbox"))
        self.column.addWidget(self.tabs, 100)
        self.said = self.words("")
        self._foot()
        self.resize(980, 620)
        self._unsubscribe = bench.session.subscribe(self._show)
        self.finished.connect(lambda _: self._unsubscribe())
        self._desk.begin()
        self._show()

    def _buttons(self) -> None:
        def button(words: str, act: object, primary: bool = False) -> QPushButton:
            made = QPushButton(tr(words))
            made.setAutoDefault(False)
            if primary:
                made.setObjectName("primary")
            made.clicked.connect(act)
            return made

        self.enter = button("Enter …", lambda: EnterNode(self._desk.add, self).open())
        self.remove = button("Remove", lambda: self._desk.remove(self.node.currentData()))
        self.echo = button("Does it answer?", lambda: self._desk.echo(self.node.currentData()))
        self.search = button("Search", self._search, True)
        self.retrieve = button("Retrieve and open", self._retrieve, True)
        self.send = button("Send the open study", self._send, True)
        self.retry = button("Send again what failed or waits", self._desk.retry)
        self.forget = button("Clear what was sent", self._desk.forget)
        self.cancel = button("Cancel", self._cancel)

    def _head(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for part in (QLabel(tr("Node")), self.node, self.echo, self.enter, self.remove):
            row.addWidget(part)
        row.addStretch(1)
        self.column.addLayout(row)

    def _search_page(self) -> QWidget:
        self.fields = {name: QLineEdit() for name in ("patient_id", "patient_name", "dates", "modality")}
        hints = {"patient_id": "Patient ID", "patient_name": "Name, with * for any",
                 "dates": "Dates: 20260101-20261231", "modality": "Modality"}
        titles = {"patient_id": "Patient ID", "patient_name": "Patient's name", "dates": "Date or range",
                  "modality": "Modality"}
        row = QHBoxLayout()
        row.setSpacing(8)
        for name, field in self.fields.items():
            field.setPlaceholderText(tr(hints[name]))
            field.setAccessibleName(tr(titles[name]))
            field.setToolTip(tr(titles[name]))
            field.returnPressed.connect(self._search)
            row.addWidget(field, 1 if name == "modality" else 2)
        row.addWidget(self.search)
        self.found = _table(_FOUND, 5, tr("Studies found"))
        self.found.itemDoubleClicked.connect(lambda *_: self._retrieve())
        self.found.itemSelectionChanged.connect(self._enable)
        return _page(row, self.found, self.retrieve)

    def _outbox_page(self) -> QWidget:
        self.outbox = _table(_SENT, 4, tr("Objects sent, waiting or failed"))
        row = QHBoxLayout()
        row.setSpacing(8)
        note = QLabel(tr("An object counts as sent once the peer has confirmed it. What waits goes when you ask."))
        note.setObjectName("quiet")
        row.addWidget(note, 1)
        return _page(row, self.outbox, self.send, self.retry, self.forget)

    def _foot(self) -> None:
        row = QHBoxLayout()
        self.bar, self.step = QProgressBar(), QLabel()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress"))
        stays = self.bar.sizePolicy()
        stays.setRetainSizeWhenHidden(True)  # else the button beside it takes the whole row
        self.bar.setSizePolicy(stays)
        self.step.setObjectName("quiet")
        self.step.setMinimumWidth(240)
        away = QPushButton(tr("Close"))
        away.setAutoDefault(False)
        away.clicked.connect(self.reject)
        row.addWidget(self.step)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        row.addWidget(away)
        self.column.addLayout(row)

    def query(self) -> Query:
        return Query(**{name: field.text().strip() for name, field in self.fields.items()})

    def _search(self) -> None:
        if self.search.isEnabled():
            self._desk.find(self.node.currentData(), self.query())

    def _chosen(self) -> Match | None:
        items = self.found.selectedItems()
        return items[0].data(0, Qt.ItemDataRole.UserRole) if items else None

    def _retrieve(self) -> None:
        chosen = self._chosen()
        if chosen is not None and self.retrieve.isEnabled():
            self._desk.retrieve(self.node.currentData(), chosen)

    def _send(self) -> None:
        study = self._bench.session.study
        if study is not None:
            self._desk.send(self.node.currentData(), study)

    def _cancel(self) -> None:
        for lane in (FIND, GET, SEND):
            self._desk.cancel(lane)

    def _show(self) -> None:
        view = self._desk.view
        refill(self.node, [(one.name, f"{one.name}  ({one.address})") for one in view.nodes])
        found = view.found.rows if view.found is not None else ()
        _fill(self.found, [(one, match_cells(one)) for one in found])
        _fill(self.outbox, [(one, parcel_cells(one)) for one in view.parcels])
        problem = view.problem
        self.said.setObjectName("error" if problem is not None else "")
        self.said.setText(f"{problem.what} {problem.remedy}" if problem is not None else view.said)
        self.said.style().polish(self.said)
        if not view.nodes and problem is None and not view.said:
            self.said.setText(tr("Enter a node first: ask the administrator of the PACS for host, port and titles."))
        self._enable()
        self._show_progress()

    def _enable(self) -> None:
        here, session = bool(self._desk.view.nodes), self._bench.session
        whole = session.study is not None and "open" not in session.progress
        waits = any(one.state != "sent" for one in self._desk.view.parcels)
        for part, on in ((self.remove, here), (self.echo, here), (self.search, here),
                         (self.retrieve, here and self._chosen() is not None and not self._desk.busy(GET)),
                         (self.send, here and whole and not self._desk.busy(SEND)),
                         (self.retry, waits and not self._desk.busy(SEND)),
                         (self.forget, any(one.state == "sent" for one in self._desk.view.parcels))):
            part.setEnabled(on)

    def _show_progress(self) -> None:
        running = [self._bench.session.progress[lane] for lane in (GET, SEND, FIND)
                   if lane in self._bench.session.progress]
        for part in (self.bar, self.step, self.cancel):
            part.setVisible(bool(running))
        if running:
            first = running[0]
            self.step.setText(first.words)
            self.bar.setRange(0, round(first.total) if first.total else 0)
            self.bar.setValue(round(first.done))


def _page(head: QHBoxLayout, table: QTreeWidget, *buttons: QPushButton) -> QWidget:
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 12, 0, 0)
    column.setSpacing(10)
    column.addLayout(head)
    column.addWidget(table, 1)
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addStretch(1)
    for one in reversed(buttons):
        row.addWidget(one)
    column.addLayout(row)
    return made


def _table(columns: tuple[str, ...], stretch: int, name: str) -> QTreeWidget:
    made = QTreeWidget()
    made.setAccessibleName(name)
    made.setHeaderLabels([tr(one) for one in columns])
    made.setRootIsDecorated(False)
    made.setUniformRowHeights(True)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    made.header().setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    made.header().setStretchLastSection(stretch == len(columns) - 1)
    return made


def _fill(table: QTreeWidget, rows: list[tuple[object, tuple[str, ...]]]) -> None:
    """Only where they differ: a selection is not lost to a bar that moves."""
    known = [table.topLevelItem(n).data(0, Qt.ItemDataRole.UserRole) for n in range(table.topLevelItemCount())]
    if known == [value for value, _ in rows]:
        return
    table.clear()
    for value, cells in rows:
        item = QTreeWidgetItem(list(cells))
        item.setData(0, Qt.ItemDataRole.UserRole, value)
        for column, words in enumerate(cells):
            item.setToolTip(column, plain_tip(words))
        table.addTopLevelItem(item)
