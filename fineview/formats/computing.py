"""How much computing one file may cost the reading child, kept by the kernel.

Computing and not waiting: a disk that wakes up or a busy machine must not make a good file a bad one.
"""

from __future__ import annotations

import contextlib
import os
import signal

from fineview.formats import limits

SIGNAL = signal.SIGPROF
"""What ends a process that has used up its time."""
_limited = False


def limit_this_process() -> None:
    """Said once by the reading child; everywhere else ``allow`` is no more than a word."""
    global _limited
    _limited = True


def allow(*paths: str) -> None:
    """From now on this process may compute as long as these files are worth, and no longer."""
    if not _limited:
        return
    size = 0
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            size += os.stat(path).st_size
    signal.setitimer(signal.ITIMER_PROF, limits.CPU_SECONDS + size / limits.CPU_BYTES_A_SECOND)


def allow_all() -> None:
    """No limit until the next ``allow``."""
    if _limited:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
