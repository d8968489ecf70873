"""A long part of a page that opens when somebody wants it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget


class Folded(QWidget):
    """``make`` builds what is inside, the first time it is opened."""

    def __init__(self, title: str, make: Callable[[], QWidget]) -> None:
        super().__init__()
        self._title, self._make = title, make
        self.inside: QWidget | None = None
        self.button = QPushButton()
        self.button.setObjectName("link")
        self.button.setCheckable(True)
        self.button.toggled.connect(self._toggle)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.button)
        self._name(False)

    def _toggle(self, opened: bool) -> None:
        if opened and self.inside is None:
            self.inside = self._make()
            self._column.addWidget(self.inside)
        if self.inside is not None:
            self.inside.setVisible(opened)
        self._name(opened)

    def _name(self, opened: bool) -> None:
        self.button.setText(f"{'▾' if opened else '▸'}  {self._title}")
