"""What went wrong, told where it happened: one strip per notice with what, remedy, details to copy, dismiss."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from fineview.gui import icons
from fineview.gui.wording import plain, tr
from fineview.services.session import Notice, Session
from fineview.services.snapshot import ViewState


def details(notice: Notice) -> str:
    """What a person can send to those who maintain the application; no patient data by construction of notices."""
    return f"[{notice.code or notice.level}] {notice.what} {notice.remedy}".strip()


class Strip(QFrame):
    """One notice.  The level stands in words too, not in the colour of its edge alone."""

    def __init__(self, notice: Notice, session: Session) -> None:
        super().__init__()
        self.notice, self._session = notice, session
        self.setObjectName("notice")
        self.setProperty("level", notice.level)
        level = {"error": tr("Problem"), "warning": tr("Note")}.get(notice.level, "")
        head = f"<b>{level}:</b> " if level else ""
        words = QLabel(f"{head}{plain(notice.what)} {plain(notice.remedy)}".strip())
        words.setTextFormat(Qt.TextFormat.RichText)
        words.setWordWrap(True)
        words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 8, 4)
        row.addWidget(words, 1)
        if notice.level != "info":
            copy = QPushButton(tr("Copy details"))
            copy.setObjectName("link")
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(details(notice)))
            row.addWidget(copy)
        close = QToolButton()
        icons.dress(close, "close")
        close.setAccessibleName(tr("Dismiss this notice"))
        close.setToolTip(tr("Dismiss"))
        close.clicked.connect(self._dismiss)
        row.addWidget(close)
        self.setAccessibleName(details(notice))

    def _dismiss(self) -> None:
        self._session.dismiss(self.notice.id)
        self._session.pulse()


class Notices(QWidget):
    WATCHES = frozenset({"notices"})

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._strips: dict[int, Strip] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.hide()

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        wanted = {notice.id: notice for notice in state.notices}
        for gone in self._strips.keys() - wanted.keys():
            strip = self._strips.pop(gone)
            strip.hide()
            self._column.removeWidget(strip)
            strip.deleteLater()
        for number, notice in wanted.items():
            if number not in self._strips:
                self._strips[number] = Strip(notice, self._session)
                self._column.addWidget(self._strips[number])
        self.setVisible(bool(wanted))
