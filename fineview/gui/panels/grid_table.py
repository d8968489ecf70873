"""A table to read of the ETDRS fields: a row a field, names to the left and numbers to the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

_ROW_PX = 24


class GridTable(QTableWidget):
    """As high as its rows.  ``spare``: the column that goes where there is less room than ``narrow_px``."""

    def __init__(self, rows: int, columns: int, name: str, spare: int, narrow_px: int) -> None:
        super().__init__(rows, columns)
        self._spare, self._narrow_px = spare, narrow_px
        self.setAccessibleName(name)
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setShowGrid(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for column in range(columns):
            mode = QHeaderView.ResizeMode.Stretch if column == 0 else QHeaderView.ResizeMode.ResizeToContents
            self.horizontalHeader().setSectionResizeMode(column, mode)
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.setFixedHeight(rows * _ROW_PX + 30)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self.setColumnHidden(self._spare, self.width() < self._narrow_px)
        super().resizeEvent(event)

    def put(self, row: int, column: int, words: str, tip: str = "") -> None:
        item = QTableWidgetItem(words)
        side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        if tip:
            item.setToolTip(tip)
        self.setItem(row, column, item)
