"""The mailbox: one long-lived object that carries closures from any thread to the GUI thread.

No object per job and no ``deleteLater``: what lives as long as the application cannot be destroyed in mid-delivery.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot

Closure = Callable[[], None]


class Mailbox(QObject):
    """Create it on the GUI thread.  ``post`` fits ``services.jobs.Post``; closures run in the order they came."""

    _arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._letters: list[Closure] = []
        # Queued also from the GUI thread itself: a post never runs inside the call that posted it.
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def post(self, closure: Closure) -> None:
        """Run ``closure`` on the GUI thread soon.  Callable from every thread; returns at once."""
        with self._lock:
            self._letters.append(closure)
            first = len(self._letters) == 1
        if first:
            self._arrived.emit()

    @Slot()
    def _deliver(self) -> None:
        with self._lock:
            letters, self._letters = self._letters, []
        for position, letter in enumerate(letters):
            try:
                letter()
            except BaseException:
                # One bad letter must not swallow those behind it.
                with self._lock:
                    self._letters[:0] = letters[position + 1:]
                    waiting = bool(self._letters)
                if waiting:
                    self._arrived.emit()
                raise
