"""What the network child says to its parent, one JSON message at a time."""

from __future__ import annotations

import os
import threading
from typing import Any, BinaryIO, NoReturn, Protocol

from fineview.formats import wire
from fineview.formats.pacs_faults import as_peer_error


class Say(Protocol):
    """Tells the parent.  ``fail`` ends the process: also from a library's thread, which would swallow an exception."""

    def __call__(self, answer: dict[str, Any]) -> None: ...
    def fail(self, error: BaseException) -> NoReturn: ...


class Speaker:
    """Says one thing at a time, from whatever thread; after a failure nothing more."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._lock = out, threading.Lock()

    def __call__(self, answer: dict[str, Any]) -> None:
        with self._lock:
            self._send(answer)

    def fail(self, error: BaseException) -> NoReturn:
        with self._lock:
            self._send({"error": as_peer_error(error)})
            self._send({"end": True})
            os._exit(0)

    def _send(self, answer: dict[str, Any]) -> None:
        data, at = memoryview(wire.encode(answer)), 0
        while at < len(data):
            at += self._out.write(data[at:at + (1 << 20)]) or 0
