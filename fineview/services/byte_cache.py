"""Values within a byte budget: the least recently used goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """The newest ``least`` values and the ``pinned`` keys stay whatever they weigh.  Safe from several threads.

    ``size``: bytes of one value.
    """

    def __init__(self, size: Callable[[V], int], budget_bytes: int, least: int = 1) -> None:
        self._size, self._least = size, least
        self.budget_bytes = budget_bytes
        self.held_bytes = 0
        self.pinned: frozenset[K] = frozenset()
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value, from now on the newest; None where it is not there."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def __setitem__(self, key: K, value: V) -> None:
        with self._lock:
            if key in self._kept:
                self.held_bytes -= self._size(self._kept.pop(key))
            self._kept[key] = value
            self.held_bytes += self._size(value)
        self.trim()

    def trim(self) -> None:
        """Let go of what no longer fits."""
        with self._lock:
            spare = len(self._kept) - self._least
            for key in [key for key in self._kept if key not in self.pinned] if self._over else ():
                if not self._over or spare <= 0:
                    return
                self.held_bytes -= self._size(self._kept.pop(key))
                spare -= 1

    def shed(self) -> bool:
        """Let go of half of what is held, the oldest first; whether anything could go."""
        before, budget = self.held_bytes, self.budget_bytes
        self.budget_bytes = before // 2
        self.trim()
        self.budget_bytes = budget
        return self.held_bytes < before

    def forget(self, gone: Callable[[K], bool]) -> None:
        """Let go of the values whose key says so."""
        with self._lock:
            for key in [key for key in self._kept if gone(key)]:
                self.held_bytes -= self._size(self._kept.pop(key))

    @property
    def _over(self) -> bool:
        return self.held_bytes > self.budget_bytes

    def items(self) -> tuple[tuple[K, V], ...]:
        """From the one that would go first to the newest."""
        return tuple(self._kept.items())

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self.held_bytes = 0

    def __contains__(self, key: object) -> bool:
        return key in self._kept

    def __len__(self) -> int:
        return len(self._kept)
