"""One action on the page of keys: a row that listens for its new key."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy

from fineview.gui.keys import native, pressed
from fineview.gui.wording import tr

_KEY_PX = 128


class KeyRow(QPushButton):
    """Key and title.  ``began``: it listens; ``heard``: a key came; ``ended``: it was left without one."""

    began = Signal()
    heard = Signal(str)
    ended = Signal()

    def __init__(self, action: str, title: str) -> None:
        super().__init__()
        self.action, self.title, self.listening = action, title, False
        self._shown = ""
        self.key, words = QLabel(), QLabel(title)
        self.key.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.key.setMinimumWidth(_KEY_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(12)
        row.addWidget(self.key)
        row.addWidget(words, 1)
        for label in (self.key, words):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setObjectName("row")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self.listen)

    def sizeHint(self) -> QSize:  # noqa: N802
        layout = self.layout()
        return layout.sizeHint() if layout is not None else super().sizeHint()

    minimumSizeHint = sizeHint  # noqa: N815

    def show_key(self, key: str, changed: bool) -> None:
        self._shown = native(key)
        self.key.setText(self._shown or tr("no key"))
        self.key.setObjectName("changed" if changed else "quiet")
        self.key.style().polish(self.key)
        told = tr("changed by you") if changed else ""
        self.setAccessibleName(", ".join(filter(None, (self.title, self._shown or tr("no key"), told))))
        self.setAccessibleDescription(tr("Press to give it another key"))

    def listen(self) -> None:
        self.listening = True
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.key.setText(tr("press a key …"))
        self.began.emit()

    def rest(self) -> None:
        """Listen no more."""
        if self.listening:
            self.listening = False
            self.key.setText(self._shown or tr("no key"))

    def event(self, event: QEvent) -> bool:
        if self.listening and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not self.listening:
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Escape:
            self.rest()
            self.ended.emit()
        elif key := pressed(event):
            self.heard.emit(key)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        if self.listening:
            self.rest()
            self.ended.emit()
        super().focusOutEvent(event)
