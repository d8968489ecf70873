"""All keys and mouse gestures on one page, read from the table of actions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from fineview.gui.dialogs.page import Page
from fineview.gui.wording import tr

Rows = tuple[tuple[str, str], ...]


def sections() -> dict[str, Rows]:
    """Menu -> (key, title) rows of all actions with a shortcut, then the mouse."""
    from fineview.gui.actions import ACTIONS, GESTURES  # here: the table's rows open this page

    made: dict[str, list[tuple[str, str]]] = {}
    for row in ACTIONS:
        if row.shortcut:
            key = QKeySequence(row.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            made.setdefault(tr(row.menu), []).append((key, tr(row.title)))
    made[tr("Mouse and held keys")] = [(key, tr(words)) for key, words in GESTURES]
    return {menu: tuple(rows) for menu, rows in made.items()}


class Shortcuts(Page):
    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(tr("Keys and mouse"), parent)
        inner = QWidget()
        columns = QHBoxLayout(inner)
        columns.setSpacing(32)
        parts = list(sections().items())
        heights = [len(rows) + 2 for _, rows in parts]
        column, filled, limit = _column(columns), 0, -(-sum(heights) // 3)
        for (title, rows), height in zip(parts, heights, strict=True):
            if filled and filled + height > limit + 2:
                column.addStretch(1)
                column, filled = _column(columns), 0
            column.addLayout(_section(title, rows))
            filled += height
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        inner.setObjectName("ground")
        self.column.addWidget(area, 1)
        self.buttons(None, "Close")
        self.resize(1000, 640)


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
        name.setMinimumWidth(112)
        grid.addWidget(name, line, 0)
        grid.addWidget(QLabel(words), line, 1)
    grid.setColumnStretch(1, 1)
    return grid
