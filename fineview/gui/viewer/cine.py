"""Which frame is due, by the clock: late frames are dropped, so that a stack takes the time it should."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_REMEMBERED_S = 2.0


class Cine:
    """Plays ``count`` frames round and round.  ``clock``: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began, self._first, self._count, self._rate = 0.0, 0, 1, 1.0
        self._shown: deque[float] = deque()

    def start(self, first: int, count: int, rate: float) -> None:
        """``first``: the frame shown now.  ``rate``: frames per second."""
        self._began, self._first, self._count, self._rate = self._clock(), first, count, rate
        self._shown.clear()

    def due(self) -> int:
        """Index of the frame that should be on screen now."""
        return (self._first + self._steps()) % self._count

    def wait_s(self) -> float:
        """Seconds until the next frame is due."""
        return max(0.0, self._began + (self._steps() + 1) / self._rate - self._clock())

    def note_shown(self) -> None:
        """Another frame came on screen."""
        now = self._clock()
        self._shown.append(now)
        while now - self._shown[0] > _REMEMBERED_S:
            self._shown.popleft()

    @property
    def real_rate(self) -> float | None:
        """Frames per second that did come on screen in the last two seconds; None before there were two."""
        if len(self._shown) < 2 or self._shown[-1] <= self._shown[0]:
            return None
        return (len(self._shown) - 1) / (self._shown[-1] - self._shown[0])

    def _steps(self) -> int:
        # A timer that fires on the very moment must not find it a hair too early.
        return int((self._clock() - self._began) * self._rate + 1e-6)
