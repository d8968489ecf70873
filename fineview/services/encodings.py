"""Encodings remembered by content: a second question on the same pixels does not encode again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from fineview.core.image import Raster
from fineview.imaging.window import to_rgb
from fineview.services.ports import Engine, TokenPort


class Encodings:
    """Least-recently-used cache keyed by (pixels, weights), within a byte budget.  Safe from several threads."""

    def __init__(self, budget_bytes: int = 512 * 1024**2) -> None:
        self._budget = budget_bytes
        self._kept: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._lock = threading.Lock()
        self.encoded = 0

    def encode(self, engine: Engine, raster: Raster, token: TokenPort) -> Any:
        """The engine's encoding of ``raster`` seen through the file's own window, computed at most once."""
        key = (raster.content_key, engine.identity.sha256)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # The display's window never reaches the encoder: brightness on screen must not change a verdict.
        encoding = engine.encode(to_rgb(raster), token)
        with self._lock:
            self.encoded += 1
            self._kept[key] = encoding
            while len(self._kept) > 1 and sum(one.nbytes for one in self._kept.values()) > self._budget:
                self._kept.popitem(last=False)
        return encoding
