"""The PACS: choose a node, search and retrieve, see what became of what was sent, and what lies here."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QTabWidget, QWidget

from fineview.core.peer import Node
from fineview.gui.dialogs.pacs_node import EnterNode
from fineview.gui.dialogs.pacs_outbox import OutboxTab
from fineview.gui.dialogs.pacs_received import ReceivedTab
from fineview.gui.dialogs.pacs_search import SearchTab
from fineview.gui.dialogs.pacs_send import SendStudy
from fineview.gui.dialogs.pacs_table import button
from fineview.gui.dialogs.page import Page
from fineview.gui.panels.choices import combo, refill
from fineview.gui.wording import tr
from fineview.services.pacs_work import FIND, GET, SEND
from fineview.services.workbench import Workbench


class PacsPage(Page):
    def __init__(self, bench: Workbench, parent: QWidget | None) -> None:
        super().__init__(tr("PACS"), parent)
        self._bench, self._desk = bench, bench.pacs
        self.node = combo(tr("PACS node"))
        self.node.setMinimumWidth(340)
        self._head()
        self.search = SearchTab(self._desk, self.node.currentData)
        self.outbox = OutboxTab(self._desk, self._can_send, self._choose)
        self.received = ReceivedTab(self._desk, self)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setAccessibleName(tr("Search, outbox and received studies"))
        for tab, title in ((self.search, "Search and retrieve"), (self.outbox, "Outbox"),
                           (self.received, "Received studies")):
            self.tabs.addTab(tab.page, tr(title))
        self.tabs.currentChanged.connect(lambda at: self._desk.received.list() if at == 2 else None)
        self.column.addWidget(self.tabs, 100)
        self.said = self.words("")
        self._foot()
        self.resize(1040, 640)
        self._unsubscribe = bench.session.subscribe(self._show)
        self.finished.connect(lambda _: self._unsubscribe())
        self._desk.begin()
        self._show()

    def _head(self) -> None:
        self.enter = button("Enter …", lambda: EnterNode(self._desk.add, self).open())
        self.change = button("Change …", self._change)
        self.remove = button("Remove", lambda: self._desk.remove(self.node.currentData()))
        self.echo = button("Does it answer?", lambda: self._desk.echo(self.node.currentData()))
        row = QHBoxLayout()
        row.setSpacing(8)
        for part in (QLabel(tr("Node")), self.node, self.echo, self.enter, self.change, self.remove):
            row.addWidget(part)
        row.addStretch(1)
        self.column.addLayout(row)

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
        self.cancel = button("Cancel", self._cancel)
        away = QPushButton(tr("Close"))
        away.setAutoDefault(False)
        away.clicked.connect(self.reject)
        row.addWidget(self.step)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        row.addWidget(away)
        self.column.addLayout(row)

    def _can_send(self) -> bool:
        session = self._bench.session
        return bool(self._desk.view.nodes) and session.study is not None and "open" not in session.progress

    def _known(self) -> Node | None:
        """The chosen one."""
        return next((one for one in self._desk.view.nodes if one.name == self.node.currentData()), None)

    def _change(self) -> None:
        EnterNode(self._desk.add, self, self._known()).open()

    def _choose(self) -> None:
        node = self._known()
        if node is not None:
            SendStudy(self._bench, node.name, node.address, self).open()

    def _cancel(self) -> None:
        for lane in (FIND, GET, SEND):
            self._desk.cancel(lane)

    def _show(self) -> None:
        view = self._desk.view
        refill(self.node, [(one.name, f"{one.name}  ({one.address})") for one in view.nodes])
        problem = view.problem
        self.said.setObjectName("error" if problem is not None else "")
        self.said.setText(f"{problem.what} {problem.remedy}" if problem is not None else view.said)
        self.said.style().polish(self.said)
        if not view.nodes and problem is None and not view.said:
            self.said.setText(tr("Enter a node first: ask the administrator of the PACS for host, port and titles."))
        for part in (self.change, self.remove, self.echo):
            part.setEnabled(bool(view.nodes))
        for tab in (self.search, self.outbox, self.received):
            tab.show_view(view)
        self._show_progress()

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
