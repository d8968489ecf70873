"""Which key does what: the table's own keys under those that a person chose, kept as JSON by action id.

A key belongs to one action.  A person's choice comes before the table's: where an action of a later version brings
the same key, that action has none until one is given to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

SETTING = "keys"
_MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta,
              Qt.Key.Key_CapsLock, Qt.Key.Key_NumLock, Qt.Key.Key_unknown)
# Without these nobody could reach, press or leave anything by keyboard.
_KEPT = {"Tab": "it moves between the controls", "Space": "it hides what lies over the picture, and presses buttons",
         **dict.fromkeys(("Return", "Enter"), "it presses buttons, sends questions and sets marks down"),
         **dict.fromkeys(("Left", "Right", "Up", "Down"), "it moves the selected mark")}


class Row(Protocol):
    """A row of the table of actions, as far as keys go."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def menu(self) -> str: ...
    @property
    def shortcut(self) -> str: ...


class Store(Protocol):
    """Where the choice is kept; the window's preferences fit it by shape."""

    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...


class Keys:
    """``table``: the actions.  Keys are portable texts of Qt ("Ctrl+E"); "" is no key.

    ``gestures``: (what a hand does, what it is for) of mouse and held keys, which stay as they are.
    """

    def __init__(self, table: Sequence[Row], store: Store | None, gestures: Sequence[tuple[str, str]] = ()) -> None:
        self.table, self.gestures = tuple(table), tuple(gestures)
        self._own = {row.id: standard(row.shortcut) for row in table}
        self._store = store
        self._chosen = _read(store.setting(SETTING) if store is not None else None, self._own)
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after every change."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[], None]) -> None:
        self._listeners.remove(listener)

    def of(self, action: str) -> str:
        """The key of an action, "" where it has none."""
        if action in self._chosen:
            return self._chosen[action]
        own = self._own[action]
        return "" if own in self._chosen.values() else own

    def own(self, action: str) -> str:
        """The key that the table gives."""
        return self._own[action]

    def changed(self, action: str) -> bool:
        return self.of(action) != self._own[action]

    @property
    def any_changed(self) -> bool:
        return any(self.changed(action) for action in self._own)

    def holder(self, key: str) -> str | None:
        """The action that a key belongs to now."""
        return next((action for action in self._own if key and self.of(action) == key), None)

    def give(self, action: str, key: str) -> None:
        """From now on ``key`` does ``action``; what had it before has its own key again, or none."""
        held = self.holder(key)
        if held is not None:
            self._chosen.pop(held, None)
        self._chosen[action] = key
        self._tidy()

    def reset(self, action: str) -> None:
        """The table's key again; whoever has it now loses it."""
        self.give(action, self._own[action])

    def reset_all(self) -> None:
        self._chosen.clear()
        self._tidy()

    def _tidy(self) -> None:
        """Keep what differs from the table, write it down, tell everybody."""
        self._chosen = {action: key for action, key in self._chosen.items() if key != self._own[action]}
        if self._store is not None:
            self._store.set_setting(SETTING, json.dumps(self._chosen, sort_keys=True))
        for listener in tuple(self._listeners):
            listener()


def _read(text: str | None, own: Mapping[str, str]) -> dict[str, str]:
    """What was kept, without what this version does not know and without a key that is given twice."""
    try:
        kept = json.loads(text or "{}")
    except ValueError:
        return {}
    chosen: dict[str, str] = {}
    for action, key in kept.items() if isinstance(kept, dict) else ():
        known = action in own and isinstance(key, str)
        if known and (not key or (standard(key) and standard(key) not in chosen.values())):
            chosen[action] = standard(key)
    return chosen


def standard(key: str) -> str:
    """One spelling of a key: "ctrl + e" -> "Ctrl+E"; "" for what is no single key."""
    sequence = QKeySequence(key)
    return sequence.toString(QKeySequence.SequenceFormat.PortableText) if sequence.count() == 1 else ""


def native(key: str) -> str:
    """A key as this system writes it."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def pressed(event: QKeyEvent) -> str:
    """The key that was pressed; "" while only Shift, Ctrl or the like are down."""
    key = Qt.Key(event.key())
    if key in _MODIFIERS:
        return ""
    held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    # "?" is a key of its own, wherever Shift is needed to reach it; of letters Shift makes another key.
    if event.text().isprintable() and event.text() and not event.text().isalpha():
        held &= ~Qt.KeyboardModifier.ShiftModifier
    return QKeySequence(held.value | key.value).toString(QKeySequence.SequenceFormat.PortableText)


def why_kept(key: str) -> str:
    """Why a key cannot be given to an action; "" where it can."""
    return _KEPT.get(standard(key), "")
