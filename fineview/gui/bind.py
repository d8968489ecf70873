"""From the session to the widgets: one update per turn of the event loop, and only what differs."""

from __future__ import annotations

from dataclasses import fields
from typing import Protocol

import numpy as np
from PySide6.QtCore import QObject, QTimer

from fineview.services.session import Session
from fineview.services.snapshot import OverlayState, ViewState, snapshot

FIELDS: frozenset[str] = frozenset(field.name for field in fields(ViewState))


class View(Protocol):
    """A part of the window.  ``WATCHES``: the fields of ``ViewState`` it shows, and hears of when they change.

    None: hears every pulse, for what is no part of the snapshot.
    """

    @property
    def WATCHES(self) -> frozenset[str] | None: ...  # noqa: N802

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None: ...


def same(one: object, other: object) -> bool:
    """Equal for showing: arrays by identity, overlays by their parts, everything else by value."""
    if one is other:
        return True
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return False
    if isinstance(one, OverlayState) and isinstance(other, OverlayState):
        return (one.rgba is other.rgba and one.rect == other.rect and one.smooth == other.smooth
                and one.legend == other.legend and one.ticks == other.ticks)
    return type(one) is type(other) and one == other


def differences(old: ViewState | None, new: ViewState) -> frozenset[str]:
    """Names of the fields that differ; all of them where there was nothing before."""
    if old is None:
        return FIELDS
    return frozenset(name for name in FIELDS if not same(getattr(old, name), getattr(new, name)))


class Binder(QObject):
    """Listens to the session's pulse.  A hundred pulses in one turn cost one snapshot."""

    def __init__(self, session: Session, views: tuple[View, ...], parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._views = session, views
        self.state: ViewState | None = None
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self.update_now)
        self._leave = session.subscribe(self._pulse)

    def _pulse(self) -> None:
        if not self._turn.isActive():
            self._turn.start()

    def update_now(self) -> None:
        """Take a snapshot and hand each view what it watches of the difference."""
        self._turn.stop()
        old, self.state = self.state, snapshot(self._session)
        changed = differences(old, self.state)
        for view in self._views:
            concerned = changed if view.WATCHES is None else changed & view.WATCHES
            if concerned or view.WATCHES is None:
                view.show_state(self.state, concerned)

    def close(self) -> None:
        """Hear nothing any more; safe to call twice."""
        self._turn.stop()
        leave, self._leave = self._leave, lambda: None
        leave()
