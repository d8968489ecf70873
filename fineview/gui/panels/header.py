"""The file's header as rows of tag, keyword and text, with a filter.  Read only while somebody looks at it."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QLineEdit,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fineview.core.study import FrameInfo
from fineview.gui.theme import as_panel
from fineview.gui.wording import tr
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench

_ROOM_FOR_TAGS_PX = 460

Rows = tuple[tuple[str, str, str], ...]


class Header(QWidget):
    WATCHES = frozenset({"frame"})

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        as_panel(self)
        self._bench = bench
        self._wanted: FrameInfo | None = None
        self._read: str | None = None
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(tr("Filter by tag, keyword or text"))
        self.filter.setClearButtonEnabled(True)
        self.filter.findChild(QToolButton).setAccessibleName(tr("Clear the filter"))
        self.filter.setAccessibleName(tr("Filter of the header"))
        self.filter.textChanged.connect(self._filter)
        self.rows = QTreeWidget()
        self.rows.setHeaderLabels([tr("Keyword"), tr("Value"), tr("Tag")])
        self.rows.setRootIsDecorated(False)
        self.rows.setUniformRowHeights(True)
        self.rows.setAccessibleName(tr("Header of the file"))
        self.rows.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.rows.header().setStretchLastSection(False)
        self.rows.setColumnWidth(0, 130)
        self.rows.header().setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self._empty = QLabel(tr("Open a study to read its header."))
        self._empty.setObjectName("quiet")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        for one in (self.filter, self._empty, self.rows):
            column.addWidget(one)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        # In a narrow panel values matter more than tags, which the tool tips tell as well.
        self.rows.setColumnHidden(2, self.width() < _ROOM_FOR_TAGS_PX)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        self._wanted = state.frame
        if self.isVisible():
            self._load()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._load()

    def _load(self) -> None:
        path = self._wanted.path if self._wanted else None
        if path == self._read:
            return
        self._read = path
        if path is None:
            self.show_rows(())
        else:
            self._bench.open.load_header(lambda rows: self.show_rows(rows) if self._read == path else None)

    def show_rows(self, rows: Rows) -> None:
        self.rows.clear()
        items = [QTreeWidgetItem([keyword, text, tag]) for tag, keyword, text in rows]
        for item in items:
            item.setToolTip(1, item.text(1))
            item.setToolTip(0, f"{item.text(2)} {item.text(0)}")
        self.rows.addTopLevelItems(items)
        self._empty.setVisible(not rows)
        self._filter(self.filter.text())

    def _filter(self, text: str) -> None:
        wanted = text.casefold().strip()
        for row in range(self.rows.topLevelItemCount()):
            item = self.rows.topLevelItem(row)
            words = " ".join(item.text(column) for column in range(3)).casefold()
            item.setHidden(wanted not in words)
