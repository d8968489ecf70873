"""The parent's side of the reading child: start it when first needed, ask, wait no longer than allowed, replace it.

Whatever a file does to the child (endless loops, gigabytes, a crash in a codec), here it is one ``InputProblem``.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fineview.core import errors
from fineview.core.errors import FineViewError, InputProblem, LimitExceeded
from fineview.core.recording import GuestReader
from fineview.formats import computing, limits, wire

Answer = dict[str, Any]
Check = Callable[[], None]
_SLICE_SECONDS = 0.05
_START_SECONDS = 20.0
_GOING_SECONDS = 1.0
_PAYLOAD_BYTES = limits.FRAME_BYTES * 8
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_SECRET = "FINEVIEW_PACS_"


def reader_died() -> InputProblem:
    return InputProblem("The file could not be read: it broke the reader.", "Ask its sender for another copy.",
                        "reader-died")


class Child:
    """One process.  Not for two threads at once; ``Children`` sees to that.

    ``room``: the module whose ``main`` it runs; ``words``: its arguments.
    """

    def __init__(self, room: str = "child_main", words: tuple[str, ...] = ()) -> None:
        self._command = _command(room, words)
        self._process: subprocess.Popen[bytes] | None = None
        self._fresh = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def ask(self, op: str, args: dict[str, Any], seconds: float, check: Check) -> Iterator[tuple[Answer, bytearray]]:
        """Yield (answer, raw bytes) until the operation ends; ``seconds`` is allowed before each answer.

        Raises ``FineViewError`` from the child, ``reader-died`` where it crashed, ``LimitExceeded`` ``time`` where it
        took too long, and whatever ``check`` raises (called every 50 ms).  An unfinished child is thrown away.
        """
        finished = False
        try:
            self.start()
            self._write(wire.encode({"op": op, "args": args, "seconds": seconds}), check)
            while True:
                answer, payload = self._receive(seconds + (_START_SECONDS if self._fresh else 0.0), seconds, check)
                self._fresh = False
                if answer.get("end"):
                    finished = True
                    return
                if "error" in answer:
                    self._receive(seconds, seconds, check)
                    finished = True
                    raise _error_of(answer["error"])
                yield answer, payload
        finally:
            if not finished:
                self.kill()

    def start(self) -> None:
        """Start the process where there is none; its first answer may take as long as its imports do."""
        if self._process is not None and self._process.poll() is None:
            return
        self.kill()
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL, env=_environment(), bufsize=0,
                                         start_new_session=True)
        self._fresh = True

    def _write(self, data: bytes, check: Check) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(data)
        except OSError as error:
            raise reader_died() from error

    def _receive(self, allowed: float, seconds: float, check: Check) -> tuple[Answer, bytearray]:
        deadline = time.monotonic() + allowed
        length = wire.LENGTH.unpack(self._read(wire.LENGTH.size, deadline, seconds, check))[0]
        if length > wire.MESSAGE_BYTES:
            raise reader_died()
        try:
            answer = json.loads(bytes(self._read(length, deadline, seconds, check)))
            size = int(answer.get("payload", 0))
        except (ValueError, AttributeError, TypeError) as error:
            raise reader_died() from error
        if not 0 <= size <= _PAYLOAD_BYTES:
            raise reader_died()
        return answer, self._read(size, deadline, seconds, check)

    def _read(self, size: int, deadline: float, seconds: float, check: Check) -> bytearray:
        assert self._process is not None and self._process.stdout is not None
        source = self._process.stdout.fileno()
        data, at = bytearray(size), 0
        view = memoryview(data)
        while at < size:
            check()
            left = deadline - time.monotonic()
            if left <= 0:
                raise LimitExceeded(f"Reading the file took longer than the limit of {seconds:g} s.",
                                    "Ask its sender for another copy.", "time")
            if select.select([source], [], [], min(left, _SLICE_SECONDS))[0]:
                count = os.readv(source, [view[at:]])
                if count == 0:
                    raise self._death()
                at += count
        return data

    def _death(self) -> InputProblem:
        """Why the process has gone: the kernel ends one that computes for too long."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self._process.wait(_GOING_SECONDS) == -computing.SIGNAL:
                return limits.too_slow()
        return reader_died()

    def kill(self) -> None:
        """End the process at once; the next question starts a new one."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and whatever it started: it leads a session of its own
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


class Children:
    """A few children, each used by one thread at a time; a question waits until one is free.

    ``guest``: they read for that plugin, and for nobody else.
    """

    def __init__(self, count: int = 2, guest: GuestReader | None = None) -> None:
        words = (guest.folder, guest.reader) if guest is not None else ()
        self._free = [Child(words=words) for _ in range(count)]
        self._all = tuple(self._free)
        self._turn = threading.Condition()
        self._closed = False
        self._finalizer = weakref.finalize(self, _kill_all, self._all)

    def ask(self, op: str, args: dict[str, Any], seconds: float = limits.CALL_SECONDS,
            check: Check = lambda: None) -> Iterator[tuple[Answer, bytearray]]:
        """See ``Child.ask``.  Raises ``InputProblem`` ``closed`` after ``close``."""
        with self._turn:
            while not self._free and not self._closed:
                check()
                self._turn.wait(_SLICE_SECONDS)
            if self._closed:
                raise InputProblem("The archive is closed.", "Open the study again.", "closed")
            # The one that is running already; an idle second process is started only when two are needed.
            child = next((c for c in self._free if c.pid is not None), self._free[0])
            self._free.remove(child)
        try:
            yield from child.ask(op, args, seconds, check)
        finally:
            with self._turn:
                self._free.append(child)
                self._turn.notify()

    def warm(self) -> None:
        """Start those that wait for a question, so that none of the first ones waits for them."""
        with self._turn:
            for child in self._free if not self._closed else ():
                child.start()

    def pids(self) -> tuple[int, ...]:
        return tuple(child.pid for child in self._all if child.pid is not None)

    def close(self) -> None:
        with self._turn:
            self._closed = True
            self._turn.notify_all()
        self._finalizer()


def _kill_all(children: tuple[Child, ...]) -> None:
    for child in children:
        child.kill()


def _environment() -> dict[str, str]:
    """Ours without a script's secrets: the code of a plugin could read them there."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_SECRET)} | _ENVIRONMENT


def _command(room: str, words: tuple[str, ...]) -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "--reading-child" if room == "child_main" else f"--{room.replace('_', '-')}", *words]
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.insert(0, {root!r}); from fineview.formats.{room} import main; main()"
    return [sys.executable, "-P", "-c", code, *words]


def _error_of(said: dict[str, str]) -> FineViewError:
    """The child's error in the parent; an unknown family is treated as bad input."""
    family = getattr(errors, str(said.get("family")), InputProblem)
    if not (isinstance(family, type) and issubclass(family, FineViewError)):
        family = InputProblem
    return family(str(said.get("what", "")), str(said.get("remedy", "")), str(said.get("code", "input")))
