"""Tells a slow transfer from a dead one: bytes that move are life, silence beyond the node's patience is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from fineview.core.peer import Node
from fineview.formats import pacs_faults
from fineview.formats.pacs_say import Say

_POLL_S = 0.2
_BEAT_S = 2.0


class Watch:
    """Ends the process with ``peer-silent`` after too long a silence; else tells the parent now and then of bytes.

    ``received``: called with the size of what came in; what it raises ends the process too.
    """

    def __init__(self, node: Node, say: Say) -> None:
        self._node, self._say = node, say
        self.received: Callable[[int], None] = lambda size: None
        self._last = self._told = time.monotonic()
        self._moved = 0
        threading.Thread(target=self._run, daemon=True).start()

    def moved(self, size: int) -> None:
        """Bytes that were sent."""
        self._moved += size
        self._last = time.monotonic()

    def came(self, size: int) -> None:
        """Bytes that were received."""
        try:
            self.received(size)
        except BaseException as error:
            self._say.fail(error)
        self.moved(size)

    def handlers(self) -> list[tuple[Any, ...]]:
        """For an association of pynetdicom."""
        from pynetdicom import evt

        return [(evt.EVT_DATA_RECV, lambda event: self.came(len(event.data))),
                (evt.EVT_DATA_SENT, lambda event: self.moved(len(event.data)))]

    def _run(self) -> None:
        known = 0
        while True:
            time.sleep(_POLL_S)
            now = time.monotonic()
            if now - self._last > self._node.patience_s:
                self._say.fail(pacs_faults.silent(self._node))
            if self._moved > known and now - self._told > _BEAT_S:
                known, self._told = self._moved, now
                self._say({"bytes": known})
