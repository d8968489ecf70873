"""A window that comes back where it was: its place on the screens that are there, and the widths of its panels."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QSplitter

from fineview.gui.tab_order import neighbour

SETTING = "window"
# Below this width the left panel folds.
_FOLD_PX = 1440
_WIDTHS = {True: (104, 348), False: (264, 388)}
_LARGEST = (1600, 1000)
# So much of the window's head must be seen to take hold of it.
_HEAD = (120, 24)


class Store(Protocol):
    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...


class PlacedWindow(QMainWindow):
    """Left panel, middle, right panel; what a person has set is kept when the window closes."""

    _split: QSplitter | None = None

    def keep_widths(self, split: QSplitter, fold: Callable[[bool], None], store: Store | None) -> None:
        """``fold`` is told whether the window is narrow; narrow and wide windows have widths of their own."""
        self._split, self._fold, self._store = split, fold, store
        self._kept = _read(store.setting(SETTING) if store is not None else None)
        split.splitterMoved.connect(self._moved)

    def restore_place(self) -> None:
        """Where it was, as far as there is a screen; else as large as the screen allows, at most 1600 x 1000."""
        screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
        place = fitting(self._kept.get("place"), screens)
        if place is not None:
            self.setGeometry(place)
        elif screens:
            self.resize(min(_LARGEST[0], screens[0].width()), min(_LARGEST[1], screens[0].height()))
        if self._kept.get("maximised"):
            self.showMaximized()

    def keep_place(self) -> None:
        now = self.normalGeometry() if self.isMaximized() else self.geometry()
        self._kept |= {"place": [now.x(), now.y(), now.width(), now.height()], "maximised": self.isMaximized()}
        if self._store is not None:
            self._store.set_setting(SETTING, json.dumps(self._kept))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if self._split is None:
            return
        folded = self.width() < _FOLD_PX
        self._fold(folded)
        if event.oldSize().width() != event.size().width():
            left, right = self._kept.get(_name(folded)) or _WIDTHS[folded]
            self._split.setSizes([left, max(self.width() - left - right, 300), right])

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        # Parts come and go: Qt's own order is that of their making.
        whole = self.centralWidget()
        there = neighbour(whole, self.focusWidget(), forward) if whole is not None else None
        if there is None:
            return super().focusNextPrevChild(forward)
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        there.setFocus(reason)
        return True

    def _moved(self) -> None:
        if self._split is not None:
            left, _, right = self._split.sizes()
            if left and right:  # a hidden panel has no width
                self._kept[_name(self.width() < _FOLD_PX)] = [left, right]


def fitting(place: Sequence[int] | None, screens: Sequence[QRect]) -> QRect | None:
    """The place on the screen that shows most of it, made to fit there; None where no screen shows its head."""
    if place is None:
        return None
    wanted = QRect(*place)
    head = QRect(wanted.x(), wanted.y(), wanted.width(), _HEAD[1])
    shown = [(part.width() * part.height(), index) for index, screen in enumerate(screens)
             if (part := screen.intersected(head)).width() >= _HEAD[0] and part.height() >= _HEAD[1]]
    if not shown:
        return None
    screen = screens[max(shown)[1]]
    width, height = min(wanted.width(), screen.width()), min(wanted.height(), screen.height())
    x = min(max(wanted.x(), screen.x()), screen.x() + screen.width() - width)
    y = min(max(wanted.y(), screen.y()), screen.y() + screen.height() - height)
    return QRect(x, y, width, height)


def _name(folded: bool) -> str:
    return "folded" if folded else "wide"


def _read(text: str | None) -> dict[str, Any]:
    """What was kept, without what makes no sense."""
    try:
        kept = json.loads(text or "{}")
    except ValueError:
        return {}
    sizes = {"place": 4, "wide": 2, "folded": 2}
    return {name: value for name, value in kept.items() if name == "maximised" or (
        isinstance(value, list) and len(value) == sizes.get(name) and all(
            isinstance(one, int) and abs(one) < 100_000 for one in value))} if isinstance(kept, dict) else {}
