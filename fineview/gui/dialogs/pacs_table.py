"""Tables of the PACS page: rows are values, and a selection is not lost to a bar that moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fineview.gui.plain_tip import plain_tip
from fineview.gui.wording import person_name, tr

Cells = tuple[str, ...]


def name_words(dicom_name: str) -> str:
    """A patient's name (PS3.5 6.2.1) in all the scripts it is given in: "Wang, XiaoDong (王, 小東)"."""
    groups = [one for group in dicom_name.split("=") if (one := person_name(group))]
    return f"{groups[0]} ({' / '.join(groups[1:])})" if len(groups) > 1 else "".join(groups)


def table(columns: Sequence[str], stretch: int, name: str, many: bool = False) -> QTreeWidget:
    """``stretch``: the column that takes what room there is."""
    made = QTreeWidget()
    made.setAccessibleName(name)
    made.setHeaderLabels([tr(one) for one in columns])
    made.setRootIsDecorated(False)
    made.setUniformRowHeights(True)
    mode = QAbstractItemView.SelectionMode
    made.setSelectionMode(mode.ExtendedSelection if many else mode.SingleSelection)
    made.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    made.header().setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    made.header().setStretchLastSection(stretch == len(columns) - 1)
    return made


def item(value: object, cells: Cells) -> QTreeWidgetItem:
    made = QTreeWidgetItem(list(cells))
    made.setData(0, Qt.ItemDataRole.UserRole, value)
    for column, words in enumerate(cells):
        made.setToolTip(column, plain_tip(words))
    return made


def value_of(one: QTreeWidgetItem) -> object:
    return one.data(0, Qt.ItemDataRole.UserRole)


def fill(into: QTreeWidget, rows: Sequence[tuple[object, Cells]], key: Callable[[object], object] = lambda one: one
         ) -> None:
    """Only where they differ.  ``key``: what stays the same while a row changes, so that it stays selected."""
    known = [value_of(one) for number in range(into.topLevelItemCount())
             if (one := into.topLevelItem(number)) is not None]
    if known == [value for value, _ in rows]:
        return
    chosen = {key(value_of(one)) for one in into.selectedItems()}
    at = into.verticalScrollBar().value()
    into.clear()
    for value, cells in rows:
        made = item(value, cells)
        into.addTopLevelItem(made)
        if key(value) in chosen:
            made.setSelected(True)
    into.verticalScrollBar().setValue(at)


def tab_page(head: QHBoxLayout, body: QTreeWidget, *buttons: QPushButton) -> QWidget:
    """``head`` above, the table, and the buttons below, the first one rightmost."""
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 12, 0, 0)
    column.setSpacing(10)
    column.addLayout(head)
    column.addWidget(body, 1)
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addStretch(1)
    for one in reversed(buttons):
        row.addWidget(one)
    column.addLayout(row)
    return made


def button(words: str, act: Callable[[], object], primary: bool = False) -> QPushButton:
    made = QPushButton(tr(words))
    made.setAutoDefault(False)
    if primary:
        made.setObjectName("primary")
    made.clicked.connect(lambda: act())
    return made
