"""Objects beside the images: a list with switches, the parts of the chosen one in their colours, and its text."""

from __future__ import annotations

from pathlib import Path, PurePath

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fineview.core.companion import Companion
from fineview.gui.plain_tip import plain_tip
from fineview.gui.wording import tr
from fineview.services.companion_view import KIND_WORDS, CompanionRow, CompanionView
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench

_KEY = Qt.ItemDataRole.UserRole
_MOST_PARTS = 500


def swatch(colour: tuple[int, int, int]) -> QIcon:
    made = QPixmap(12, 12)
    made.fill(QColor(*colour))
    return QIcon(made)


def title_words(companion: Companion) -> str:
    return f"{tr(KIND_WORDS[companion.kind]).capitalize()}: {companion.title}"


class Objects(QWidget):
    """Tab of the side panel; every object of another source is read here and switched on and off."""

    WATCHES = frozenset({"companions"})

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._view = CompanionView()
        self._showing = False
        self.list, self.parts, self.text = QListWidget(), QListWidget(), QPlainTextEdit()
        self.text.setPlaceholderText(tr("Click an object to read what it says."))
        self.why, self.save = QLabel(), QPushButton(tr("Save the document …"))
        self._dress()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        for part, stretch in ((self.list, 3), (self.why, 0), (self.parts, 2), (self.text, 3), (self.save, 0)):
            column.addWidget(part, stretch)
        self.list.itemChanged.connect(self._on_switched)
        self.list.currentItemChanged.connect(self._on_chosen)
        self.parts.itemChanged.connect(self._on_part)
        self.save.clicked.connect(self._on_save)

    def _dress(self) -> None:
        self.list.setAccessibleName(tr("Objects of other sources"))
        self.parts.setAccessibleName(tr("Parts of the chosen object"))
        self.text.setAccessibleName(tr("Text of the chosen object"))
        self.text.setReadOnly(True)
        self.list.setWordWrap(True)
        self.why.setObjectName("quiet")
        self.why.setTextFormat(Qt.TextFormat.PlainText)
        self.why.setWordWrap(True)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        old, self._view = self._view, state.companions
        self._showing = True
        try:
            if old.rows != self._view.rows:
                self._fill_list()
            self._fill_chosen()
        finally:
            self._showing = False

    def _fill_list(self) -> None:
        self.list.clear()
        for row in self._view.rows:
            item = QListWidgetItem(f"{title_words(row.companion)}\n{row.words}", self.list)
            item.setData(_KEY, row.companion.path)
            item.setToolTip(plain_tip(PurePath(row.companion.path).name))
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            if row.can_show:
                item.setFlags(flags | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(Qt.CheckState.Checked if row.on else Qt.CheckState.Unchecked)
            else:
                item.setFlags(flags)
            if row.here:
                font = item.font()
                font.setBold(True)
                item.setFont(font)

    def _chosen(self) -> CompanionRow | None:
        return self._view.row(self._view.selected)

    def _fill_chosen(self) -> None:
        row = self._chosen()
        for index in range(self.list.count()):
            item = self.list.item(index)
            if row is not None and item.data(_KEY) == row.companion.path and item is not self.list.currentItem():
                self.list.setCurrentItem(item)
        companion = row.companion if row is not None else None
        told = dict(self._view.whys)
        self.why.setText(told.get(companion.path, "") if companion is not None else "")
        self.why.setVisible(bool(self.why.text()))
        words = companion.text if companion is not None else ""
        if words != self.text.toPlainText():
            self.text.setPlainText(words)
        self.save.setVisible(companion is not None and bool(companion.suffix))
        self._fill_parts(row)

    def _fill_parts(self, row: CompanionRow | None) -> None:
        self.parts.clear()
        shown = row.companion.parts[:_MOST_PARTS] if row is not None and row.can_show else ()
        self.parts.setVisible(bool(shown))
        for part in shown:
            assert row is not None
            words = f"{part.name}, {part.words}" if part.words else part.name
            item = QListWidgetItem(swatch(part.colour), words, self.parts)
            item.setData(_KEY, part.number)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            hidden = (row.companion.path, part.number) in self._view.hidden
            item.setCheckState(Qt.CheckState.Unchecked if hidden else Qt.CheckState.Checked)

    def _on_switched(self, item: QListWidgetItem) -> None:
        if not self._showing:
            self._bench.companions.switch(item.data(_KEY))

    def _on_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self._showing:
            self._bench.companions.select(item.data(_KEY))

    def _on_part(self, item: QListWidgetItem) -> None:
        row = self._chosen()
        if row is not None and not self._showing:
            self._bench.companions.switch_part(row.companion.path, item.data(_KEY))

    def _on_save(self) -> None:
        row = self._chosen()
        if row is None:
            return
        name = "".join(c if c.isalnum() or c in " -_" else "_" for c in row.companion.title)[:80].strip() or "document"
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save the document"), name + row.companion.suffix)
        if chosen:
            self._bench.companions.save_document(row.companion.path, Path(chosen))
