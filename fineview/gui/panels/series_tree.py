"""The tree of studies: a series can be dragged into a pane, or sent there by its menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QTreeWidget, QTreeWidgetItem

from fineview.gui.wording import tr
from fineview.services.panes import MOST

SERIES_MIME = "application/x-fineview-series"
UID = Qt.ItemDataRole.UserRole


def series_in(data: QMimeData) -> str:
    """UID of the series that is dragged; "" where something else is."""
    return bytes(data.data(SERIES_MIME).data()).decode() if data.hasFormat(SERIES_MIME) else ""


class SeriesTree(QTreeWidget):
    """``pane_wanted``: show the series of a UID in the pane of a number."""

    pane_wanted = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.setDragEnabled(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)

    def mimeTypes(self) -> list[str]:  # noqa: N802
        return [SERIES_MIME]

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:  # noqa: N802
        made = QMimeData()
        uid = next((one.data(0, UID) for one in items if one.data(0, UID)), "")
        if uid:
            made.setData(SERIES_MIME, str(uid).encode())
        return made

    def menu_for(self, uid: str) -> QMenu:
        made = QMenu(self)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number in range(MOST):
            made.addAction(tr("Show in pane {0}").format(number + 1),
                           lambda wanted=number: self.pane_wanted.emit(wanted, uid))
        return made

    def _menu(self, position: QPoint) -> None:
        item = self.itemAt(position)
        uid = item.data(0, UID) if item is not None else None
        if uid:
            self.menu_for(uid).popup(self.viewport().mapToGlobal(position))
