"""What the dialogs share: a column, a title, and buttons that say what they do."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fineview.gui.steady import make_steady
from fineview.gui.wording import tr


class Page(QDialog):
    """A modal page that is deleted when it closes."""

    def __init__(self, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(24, 20, 24, 16)
        self.column.setSpacing(12)

    def words(self, text: str, name: str = "") -> QLabel:
        made = QLabel(text)
        made.setObjectName(name)
        made.setWordWrap(True)
        made.setTextFormat(Qt.TextFormat.PlainText)
        self.column.addWidget(made)
        return made

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        make_steady(self)
        over = self.parentWidget()
        if over is not None:  # a small window has a small screen around it
            self.resize(self.size().boundedTo(over.window().size()))
        super().showEvent(event)

    def buttons(self, go: str | None, leave: str) -> tuple[QPushButton | None, QPushButton]:
        """A row at the bottom: ``leave`` rejects, ``go`` is the primary one and calls ``accept``."""
        self.column.addStretch(1)
        row = QHBoxLayout()
        row.addStretch(1)
        away = QPushButton(tr(leave))
        away.clicked.connect(self.reject)
        row.addWidget(away)
        primary = None
        if go is not None:
            primary = QPushButton(tr(go))
            primary.setObjectName("primary")
            primary.setDefault(True)
            primary.clicked.connect(self.accept)
            row.addWidget(primary)
        self.column.addLayout(row)
        return primary, away
