"""All keys and mouse gestures on one page.  A row is pressed, then its new key; a conflict is named and decided."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from fineview.gui.dialogs.key_row import KeyRow
from fineview.gui.dialogs.page import Page
from fineview.gui.keys import Keys, native, why_kept
from fineview.gui.wording import tr

_COLUMN_PX = 380


class Shortcuts(Page):
    """Every change holds at once, and over a restart."""

    def __init__(self, keys: Keys, parent: QWidget | None) -> None:
        super().__init__(tr("Keys and mouse"), parent)
        self._keys = keys
        self._row: KeyRow | None = None
        self._wanted = ""
        self.rows = {row.id: self._make_row(row.id, tr(row.title)) for row in keys.table}
        self._make_strip()
        wide = parent.width() - 80 if parent is not None else 3 * _COLUMN_PX
        self.column.addWidget(self._make_columns(max(1, min(3, wide // _COLUMN_PX))), 100)
        self._make_buttons()
        keys.subscribe(self._show_keys)
        self.finished.connect(lambda _: keys.unsubscribe(self._show_keys))
        self._show_keys()
        self._rest()
        self.resize(min(1220, max(wide, _COLUMN_PX + 40)), 760 if parent is None else min(760, parent.height() - 40))

    def _make_row(self, action: str, title: str) -> KeyRow:
        made = KeyRow(action, title)
        made.began.connect(lambda: self._listen(made))
        made.heard.connect(lambda key: self._take(made, key))
        made.ended.connect(lambda: self._left(made))
        return made

    def _make_strip(self) -> None:
        """What to do now, and the choices there are."""
        self.strip = QFrame()
        self.strip.setObjectName("notice")
        self.strip.setMinimumHeight(44)  # choices come and go, rows stay where they are
        line = QHBoxLayout(self.strip)
        line.setContentsMargins(12, 6, 8, 6)
        self.told = QLabel()
        self.told.setWordWrap(True)
        line.addWidget(self.told, 1)
        self.replace = self._choice(line, tr("Replace"), self._replace)
        self.keep = self._choice(line, tr("Keep"), self._rest)
        self.none = self._choice(line, tr("No key"), lambda: self._give(""))
        self.reset = self._choice(line, "", self._reset)
        self.column.addWidget(self.strip)

    def _choice(self, line: QHBoxLayout, words: str, act: object) -> QPushButton:
        made = QPushButton(words)
        made.clicked.connect(act)
        line.addWidget(made)
        return made

    def _make_columns(self, count: int) -> QScrollArea:
        inner = QWidget()
        inner.setObjectName("ground")
        columns = QHBoxLayout(inner)
        columns.setSpacing(24)
        parts = [_column(columns) for _ in range(count)]
        filled = [0] * count
        sections: dict[str, list[QWidget]] = {}
        for row in self._keys.table:
            sections.setdefault(tr(row.menu), []).append(self.rows[row.id])
        for title, rows in sections.items():
            shortest = filled.index(min(filled))
            parts[shortest].addLayout(_section(title, rows))
            filled[shortest] += len(rows) + 2
        parts[filled.index(min(filled))].addLayout(_gestures(self._keys.gestures))
        for column in parts:
            column.addStretch(1)
        area = QScrollArea()
        area.setAccessibleName(tr("All keys"))
        area.setWidgetResizable(True)
        area.setWidget(inner)
        return area

    def _make_buttons(self) -> None:
        line = QHBoxLayout()
        self.reset_all = QPushButton(tr("Reset all keys"))
        self.reset_all.clicked.connect(self._keys.reset_all)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.reject)
        line.addWidget(self.reset_all)
        line.addStretch(1)
        line.addWidget(close)
        self.column.addLayout(line)

    def _show_keys(self) -> None:
        for action, row in self.rows.items():
            row.show_key(self._keys.of(action), self._keys.changed(action))
        self.reset_all.setEnabled(self._keys.any_changed)

    def _say(self, words: str, *choices: QPushButton) -> None:
        self.told.setText(words)
        for one in (self.replace, self.keep, self.none, self.reset):
            one.setVisible(one in choices)

    def _rest(self) -> None:
        row, self._row, self._wanted = self._row, None, ""
        self._say(tr("Click a row, or choose it with Tab and Enter, then press its new key. Changes are kept."))
        if row is not None:
            row.setFocus()

    def _listen(self, row: KeyRow) -> None:
        self._row, own = row, self._keys.own(row.action)
        self.reset.setText(tr("Back to {0}").format(native(own) or tr("no key")))
        choices = ([self.none] if self._keys.of(row.action) else []) + (
            [self.reset] if self._keys.changed(row.action) else [])
        self._say(tr("Press the new key of \u201c{0}\u201d. Escape leaves it as it is.").format(row.title), *choices)

    def _left(self, row: KeyRow) -> None:
        """Escape stays at the row; a choice in the strip still means it; anything else leaves it."""
        if self.focusWidget() not in (self.none, self.reset):
            self._row = row if row.hasFocus() else None
            self._rest()

    def _take(self, row: KeyRow, key: str) -> None:
        reason = why_kept(key)
        if reason:
            self.told.setText(tr("{0} cannot be given away: {1}. Press another key.").format(native(key), tr(reason)))
            return
        self._ask(row, key)

    def _ask(self, row: KeyRow, key: str) -> None:
        """Give the key, where it is free; else name whose it is."""
        row.rest()
        held = self._keys.holder(key)
        self._row, self._wanted = row, key
        if held is None or held == row.action:
            self._give(key)
            return
        self._say(tr("{0} is the key of \u201c{1}\u201d. Replace it, or keep it there?").format(
            native(key), self.rows[held].title), self.replace, self.keep)
        self.keep.setFocus()

    def _replace(self) -> None:
        self._give(self._wanted)

    def _reset(self) -> None:
        if self._row is not None:
            self._ask(self._row, self._keys.own(self._row.action))

    def _give(self, key: str) -> None:
        row = self._row
        self._rest()
        if row is not None:
            row.rest()
            self._keys.give(row.action, key)
            self.told.setText(tr("\u201c{0}\u201d: {1}. Kept.").format(row.title, native(key) or tr("no key")))


def _column(columns: QHBoxLayout) -> QVBoxLayout:
    made = QVBoxLayout()
    made.setSpacing(16)
    columns.addLayout(made, 1)
    return made


def _head(title: str) -> QLabel:
    made = QLabel(title.upper())
    made.setObjectName("section")
    return made


def _section(title: str, rows: list[QWidget]) -> QVBoxLayout:
    made = QVBoxLayout()
    made.setSpacing(0)
    made.addWidget(_head(title))
    for row in rows:
        made.addWidget(row)
    return made


def _gestures(gestures: tuple[tuple[str, str], ...]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(4)
    grid.addWidget(_head(tr("Mouse and held keys")), 0, 0, 1, 2)
    for line, (hand, words) in enumerate(gestures, start=1):
        name, meaning = QLabel(tr(hand)), QLabel(tr(words))
        name.setObjectName("quiet")
        meaning.setWordWrap(True)
        grid.addWidget(name, line, 0)
        grid.addWidget(meaning, line, 1)
    grid.setColumnStretch(1, 1)
    return grid
