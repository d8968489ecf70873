"""Never an empty grey box: the sample study, recent studies, and where to drop files."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from fineview.core.report import INTENDED_USE
from fineview.gui import icons
from fineview.gui.theme import as_panel
from fineview.gui.wording import date_words, person_name, tr

Recent = tuple[tuple[str, str, tuple[str, ...], str], ...]


class Welcome(QWidget):
    """``reopened`` carries the paths of a recent study."""

    sample_wanted = Signal()
    folder_wanted = Signal()
    files_wanted = Signal()
    reopened = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        as_panel(self, "ground")
        title, line = QLabel("FineView"), QLabel(tr("Open a study, see where the encoder looks, ask about a region, "
                                                   "mark it, hand in a report."))
        title.setObjectName("hero")
        line.setObjectName("quiet")
        line.setWordWrap(True)
        self._recent_title = QLabel(tr("RECENT STUDIES"))
        self._recent_title.setObjectName("section")
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        use = QLabel(tr(INTENDED_USE))
        use.setObjectName("warning")
        inner = QWidget()
        inner.setMinimumWidth(640)  # wider where longer words need it
        column = QVBoxLayout(inner)
        column.setSpacing(16)
        column.addStretch(2)
        for one in (title, line, self._drop_area(), self._recent_title):
            column.addWidget(one)
        column.addLayout(self._recent)
        column.addWidget(use)
        column.addStretch(3)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addWidget(inner)
        row.addStretch(1)
        self.show_recent(())

    def _drop_area(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("drop")
        words = QLabel(tr("Drop files, a folder or a ZIP here"))
        words.setObjectName("title")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        kinds = QLabel(tr("DICOM, OCT volumes, TIFF, PNG, JPEG; file names do not matter"))
        kinds.setObjectName("quiet")
        kinds.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.sample = self._button("sample", tr("Open the sample study"), self.sample_wanted)
        self.sample.setObjectName("primary")
        row = QHBoxLayout()
        row.addStretch(1)
        for one in (self.sample, self._button("open", tr("Open a folder …"), self.folder_wanted),
                    self._button("files", tr("Open files …"), self.files_wanted)):
            row.addWidget(one)
        row.addStretch(1)
        column = QVBoxLayout(frame)
        column.setContentsMargins(24, 28, 24, 28)
        column.setSpacing(12)
        column.addWidget(words)
        column.addWidget(kinds)
        column.addSpacing(8)
        column.addLayout(row)
        return frame

    def _button(self, icon: str, text: str, signal: object) -> QPushButton:
        made = QPushButton(text)
        icons.dress(made, icon, "on_accent" if icon == "sample" else "text")
        made.clicked.connect(lambda: signal.emit())  # type: ignore[attr-defined]
        return made

    def show_recent(self, recent: Recent) -> None:
        while self._recent.count():
            widget = self._recent.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for _, title, paths, opened in recent[:6]:
            button = QPushButton(recent_words(title, opened))
            button.setObjectName("link")
            button.setToolTip("\n".join(paths))
            button.clicked.connect(lambda _=False, p=paths: self.reopened.emit(p))
            self._recent.addWidget(button)
        self._recent_title.setVisible(bool(recent))


def recent_words(title: str, opened: str) -> str:
    """ "Doe^John  20010101" and an ISO time -> "Doe, John   2001-01-01   opened 2026-03-04 10:15", for a button."""
    name, _, day = title.rpartition("  ")
    told = (person_name(name or day), date_words(day) if name else "", tr("opened {0}").format(
        opened[:16].replace("T", " ")))
    return "    ".join(part for part in told if part).replace("&", "&&")
