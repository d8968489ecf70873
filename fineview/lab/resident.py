"""Resident memory of a process and of all it started, as the kernel tells it (Linux)."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

_PROC = Path("/proc")
_EVERY_SECONDS = 0.02


class Sampler:
    """The peak of a process and its descendants, looked at fifty times a second until ``stop``.

    Pages that several of them share count for each, so the figure is never too small.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.peak_bytes, self.peak_readers_bytes = 0, 0
        self._pid = process.pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="resident")
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            own, others = resident_bytes(self._pid), sum(resident_bytes(pid) for pid in descendants(self._pid))
            self.peak_bytes = max(self.peak_bytes, own + others)
            self.peak_readers_bytes = max(self.peak_readers_bytes, others)


def resident_bytes(pid: int) -> int:
    """0 where the process has ended."""
    try:
        return int((_PROC / str(pid) / "statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def descendants(pid: int) -> tuple[int, ...]:
    """Children, their children, and so on."""
    found: list[int] = []
    for file in (_PROC / str(pid) / "task").glob("*/children"):
        try:
            found += [int(word) for word in file.read_text("ascii").split()]
        except OSError:
            continue  # a thread that has just ended
    return (*found, *(below for child in found for below in descendants(child)))
