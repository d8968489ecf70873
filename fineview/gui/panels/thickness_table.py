"""The nine fields of the ETDRS grid as a table: rings down, sides across, and how much of each is covered."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from fineview.core.thickness import EtdrsGrid
from fineview.gui.wording import tr

_NARROW_PX = 340


class FieldTable(QTableWidget):
    def __init__(self) -> None:
        super().__init__(9, 4)
        self.setAccessibleName(tr("ETDRS fields"))
        self.setHorizontalHeaderLabels([tr("Field"), tr("Mean"), tr("Volume"), tr("Covered")])
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setShowGrid(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for column in range(4):
            mode = QHeaderView.ResizeMode.Stretch if column == 0 else QHeaderView.ResizeMode.ResizeToContents
            self.horizontalHeader().setSectionResizeMode(column, mode)
        self.verticalHeader().setDefaultSectionSize(24)
        self.setFixedHeight(9 * 24 + 30)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        # Where there is little room the field's name matters more than its volume, which the mean gives.
        self.setColumnHidden(2, self.width() < _NARROW_PX)
        super().resizeEvent(event)

    def show_grid(self, grid: EtdrsGrid) -> None:
        for row, one in enumerate(grid.fields):
            volume = "" if one.volume_mm3 is None else f"{one.volume_mm3:.2f} mm\u00b3"
            for column, words in enumerate((tr(one.name), tr(one.words), volume, f"{math.floor(one.covered * 100)} %")):
                item = QTableWidgetItem(words)
                right = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
                item.setTextAlignment(right | Qt.AlignmentFlag.AlignVCenter)
                if one.loinc:
                    item.setToolTip(f"LOINC {one.loinc}")
                self.setItem(row, column, item)
