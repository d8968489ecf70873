"""Encodings remembered by content: a second question on the same pixels does not encode again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from fineview.core.evidence import Analysis
from fineview.core.image import Raster
from fineview.imaging.window import to_rgb
from fineview.services.edge_fields import EdgeFields
from fineview.services.ports import Engine, TokenPort

Key = tuple[str, str]


class Encodings:
    """Least-recently-used cache keyed by (pixels, weights), within a byte budget.  Safe from several threads.

    ``edges``: what is remembered of the same pixels without any weights.
    """

    def __init__(self, budget_bytes: int = 512 * 1024**2) -> None:
        self.budget_bytes = budget_bytes
        self._kept: OrderedDict[Key, Any] = OrderedDict()
        self._under_way: set[Key] = set()
        self._turn = threading.Condition()
        self._analysed: tuple[Hashable, Analysis] | None = None
        self.encoded = 0
        self.edges = EdgeFields()

    def encode(self, engine: Engine, raster: Raster, token: TokenPort) -> Any:
        """The engine's encoding of ``raster`` seen through the file's own window.

        Overlay and question may want the same frame at once: the second waits for the first, or takes over where that
        one was cancelled.  Raises ``Cancelled`` and what the engine raises.
        """
        key = (raster.content_key, engine.identity.sha256)
        with self._turn:
            while key in self._under_way:
                token.raise_if_cancelled()
                self._turn.wait(0.05)
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            self._under_way.add(key)
        try:
            # The display's window never reaches the encoder: brightness on screen must not change a verdict.
            encoding = engine.encode(to_rgb(raster), token)
            self._keep(key, encoding)
            return encoding
        finally:
            with self._turn:
                self._under_way.discard(key)
                self._turn.notify_all()

    def analysed(self, key: Hashable, make: Callable[[], Analysis]) -> Analysis:
        """The analysis of the frame last asked about, made where ``key`` is another's.

        One alone: its maps are as large as the frame, and a conversation stays with one frame for a while.
        """
        kept = self._analysed
        if kept is not None and kept[0] == key:
            return kept[1]
        made = make()
        self._analysed = key, made
        return made

    def held(self, engine: Engine, raster: Raster) -> Any | None:
        """The encoding, where it is at hand already; nothing is encoded for it and nobody is waited for."""
        with self._turn:
            return self._kept.get((raster.content_key, engine.identity.sha256))

    def remembered(self, content_key: str) -> Analysis | None:
        """The analysis of the frame last asked about, where it is of these pixels."""
        kept = self._analysed
        return kept[1] if kept is not None and kept[1].content_key == content_key else None

    def keep(self, engine: Engine, raster: Raster, encoding: Any) -> None:
        """Remember what the engine made of ``raster`` elsewhere: a frame of a volume encoded together with others."""
        self._keep((raster.content_key, engine.identity.sha256), encoding)

    def _keep(self, key: Key, encoding: Any) -> None:
        with self._turn:
            self.encoded += 1
            self._kept[key] = encoding
        self.trim()

    @property
    def held_bytes(self) -> int:
        return sum(one.nbytes for one in tuple(self._kept.values()))

    def trim(self) -> None:
        """Let go of what no longer fits; the newest stays."""
        with self._turn:
            while len(self._kept) > 1 and self.held_bytes > self.budget_bytes:
                self._kept.popitem(last=False)
