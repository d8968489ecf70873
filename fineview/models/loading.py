"""What must hold while native libraries load: a clean Ctrl-C, and no sweeping of the garbage."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_ends_all(close: Callable[[], None]) -> Iterator[None]:
    """While native libraries load, Ctrl-C closes what is open and ends the process.

    Raised inside their C++, a KeyboardInterrupt would abort it.  Nothing is being written then.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def stop(*_: object) -> None:
        close()
        print("stopped", file=sys.stderr, flush=True)
        os._exit(130)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def no_sweeping() -> Iterator[None]:
    """While torch and transformers load, and never again over what they made: no garbage collection.

    A full sweep over their half million objects holds every thread for 100 to 300 ms, the window's too (measured by
    ``fineview bench demo``).  What has been loaded stays until the end, so it is taken out of later sweeps.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
