"""A mailbox in place of a GUI thread: closures queue up and run when the test pumps."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator

import pytest

from fineview.services.jobs import Jobs


class Mailbox:
    def __init__(self) -> None:
        self._letters: queue.Queue[Callable[[], None]] = queue.Queue()

    def post(self, closure: Callable[[], None]) -> None:
        self._letters.put(closure)

    def pump(self, until: Callable[[], bool], seconds: float = 60.0) -> None:
        """Run closures until ``until`` holds; fails after ``seconds``."""
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, "waited in vain"
            try:
                self._letters.get(timeout=0.05)()
            except queue.Empty:
                continue

    def drain(self) -> None:
        while not self._letters.empty():
            self._letters.get()()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def jobs(mailbox: Mailbox) -> Iterator[Jobs]:
    made = Jobs(mailbox.post)
    yield made
    made.close()
