"""Before anything leaves: what of the open study goes to which node, what stays, and why."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidgetItem, QWidget

from fineview.gui.dialogs.pacs_table import item, table, value_of
from fineview.gui.dialogs.page import Page
from fineview.gui.wording import tr
from fineview.services.pacs_work import PacsView
from fineview.services.shipment import Load, Shipment
from fineview.services.workbench import Workbench

_COLUMNS = ("Kind", "What", "Objects", "Remark")
_BOX_PX = 24  # the box to tick, which Qt does not count where it is styled


def goes_words(made: Shipment, keys: frozenset[str], node: str) -> str:
    """Counts by kind of what is chosen."""
    counts = made.counts(keys)
    if not counts:
        return tr("Nothing is chosen.")
    listed = ", ".join(f"{number} × {kind}" for kind, number in counts)
    return tr("{0} objects go to {1}: {2}.").format(len(made.objects(keys)), node, listed)


def stays_words(made: Shipment, keys: frozenset[str]) -> str:
    left = sum(len(one.objects) for one in made.loads if one.key not in keys)
    chosen = [tr("Objects that are not chosen stay here: {0}.").format(left)] if left else []
    return "\n".join((*chosen, *made.stays))


class SendStudy(Page):
    """``node``: its name, ``address``: for people."""

    def __init__(self, bench: Workbench, node: str, address: str, parent: QWidget | None) -> None:
        super().__init__(tr("Send the open study"), parent)
        self._desk, self._node, self._address = bench.pacs, node, address
        self._shown: Shipment | None = None
        self.loads = table(_COLUMNS, 1, tr("What can be sent"))
        self.loads.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.loads.itemChanged.connect(lambda *_: self._tell())
        self.column.addWidget(self.loads, 100)
        self.goes = self.words("")
        self.stays = self.words("", "quiet")
        go, _ = self.buttons("Send", "Cancel")
        assert go is not None
        self.go = go
        self.accepted.connect(self._send)
        self.resize(760, 480)
        self._unsubscribe = bench.session.subscribe(lambda: self.show_view(self._desk.view))
        self.finished.connect(lambda _: self._unsubscribe())
        self._desk.sending.prepare()
        self.show_view(self._desk.view)

    def show_view(self, view: PacsView) -> None:
        if view.shipment is not self._shown:
            self._shown = view.shipment
            self.loads.blockSignals(True)
            self.loads.clear()
            for one in self._shown.loads if self._shown is not None else ():
                self.loads.addTopLevelItem(_row(one))
            self.loads.blockSignals(False)
            self.loads.resizeColumnToContents(0)
            self.loads.setColumnWidth(0, self.loads.columnWidth(0) + _BOX_PX)
        self._tell()

    def chosen(self) -> frozenset[str]:
        rows: list[QTreeWidgetItem | None] = [self.loads.topLevelItem(n) for n in range(self.loads.topLevelItemCount())]
        return frozenset(value.key for one in rows if one is not None and isinstance(value := value_of(one), Load)
                         and value.objects and one.checkState(0) == Qt.CheckState.Checked)

    def _tell(self) -> None:
        made, keys = self._shown, self.chosen()
        self.go.setEnabled(bool(keys))
        if made is None:
            self.goes.setText(tr("Looking at what is open …"))
            self.stays.setText("")
        elif not made.loads:
            self.goes.setText(self._desk.view.said)
        else:
            self.goes.setText(goes_words(made, keys, f"{self._node} ({self._address})"))
            self.stays.setText(stays_words(made, keys))

    def _send(self) -> None:
        if self._shown is not None:
            self._desk.sending.send(self._node, self._shown.objects(self.chosen()), self._shown.kinds())


def _row(one: Load) -> QTreeWidgetItem:
    made = item(one, (one.kind, one.title, str(len(one.objects) or ""),
                      tr("Stays here: {0}").format(one.why) if one.why else ""))
    if one.objects:
        made.setFlags(made.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        made.setCheckState(0, Qt.CheckState.Checked)
    else:
        made.setDisabled(True)
    return made
