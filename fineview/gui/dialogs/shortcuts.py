"""All keys and mouse gestures on one page, read from the table of actions."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from fineview.gui.dialogs.page import Page
from fineview.gui.wording import tr

Rows = tuple[tuple[str, str], ...]


class Shortcuts(Page):
    """``sections``: menu -> (key, words) rows, as ``action_bar.key_rows`` reads them from the table."""

    def __init__(self, sections: Mapping[str, Rows], parent: QWidget | None) -> None:
        super().__init__(tr("Keys and mouse"), parent)
        inner = QWidget()
        columns = QHBoxLayout(inner)
        columns.setSpacing(32)
        thirds = [_column(columns) for _ in range(3)]
        filled = [0, 0, 0]
        for title, rows in sections.items():
            shortest = filled.index(min(filled))
            thirds[shortest].addLayout(_section(title, rows))
            filled[shortest] += len(rows) + 2
        for column in thirds:
            column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        inner.setObjectName("ground")
        self.column.addWidget(area, 100)
        self.buttons(None, "Close")
        self.resize(1180, 740)


def _column(columns: QHBoxLayout) -> QVBoxLayout:
    made = QVBoxLayout()
    made.setSpacing(16)
    columns.addLayout(made, 1)
    return made


def _section(title: str, rows: Rows) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(4)
    head = QLabel(title.upper())
    head.setObjectName("section")
    grid.addWidget(head, 0, 0, 1, 2)
    for line, (key, words) in enumerate(rows, start=1):
        name = QLabel(key)
        name.setObjectName("quiet")
        name.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        name.setMinimumWidth(128)
        grid.addWidget(name, line, 0)
        grid.addWidget(QLabel(words), line, 1)
    grid.setColumnStretch(1, 1)
    return grid
