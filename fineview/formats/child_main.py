"""The reading child's main loop: everything that parses untrusted bytes runs here, under limits.

Started by ``formats.child`` as its own process.  Reads requests from standard input, answers on the descriptor that
was standard output (libraries that print reach nobody), and ends when its parent's end of the pipe closes.  With two
arguments, the folder and the "module:Class" of a plugin's reader, it reads for that plugin and for nobody else.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from fineview.formats import computing, limits, wire
from fineview.formats.faults import as_error

Answer = dict[str, Any]
Operations = dict[str, Callable[..., Iterator[tuple[Answer, memoryview | None]]]]
_SELF_KILL_SECONDS = 5.0


def main() -> None:
    """Serve until standard input closes."""
    out = quiet_output()
    _set_limits()
    computing.limit_this_process()
    operations = _operations(sys.argv[-2:] if len(sys.argv) > 2 else [])
    requests = sys.stdin.buffer
    while head := requests.read(wire.LENGTH.size):
        body = requests.read(wire.LENGTH.unpack(head)[0])
        if not body:
            break
        request = json.loads(body)
        # A parent that was killed cannot kill us: should this call hang as well, the kernel ends it.
        signal.setitimer(signal.ITIMER_REAL, float(request["seconds"]) + _SELF_KILL_SECONDS)
        for answer, payload in _serve(operations, request):
            _send(out, answer, payload)
            signal.setitimer(signal.ITIMER_REAL, float(request["seconds"]) + _SELF_KILL_SECONDS)
        computing.allow_all()
        _send(out, {"end": True}, None)
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def quiet_output() -> BinaryIO:
    """Keep a private copy of standard output and point 1 and 2 at nothing."""
    kept = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    return kept


def _set_limits() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (limits.MEMORY_BYTES, limits.MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _operations(guest: list[str]) -> Operations:
    """Imported under the limits, once, so that the first real call does not pay for it."""
    if guest:
        from fineview.formats.guest import Guest

        return Guest(*guest).operations()
    from fineview.formats.reading import OPERATIONS

    return OPERATIONS


def _send(out: BinaryIO, answer: Answer, payload: memoryview | None) -> None:
    if payload is not None:
        answer["payload"] = payload.nbytes
    _write_all(out, memoryview(wire.encode(answer)))
    if payload is not None:
        _write_all(out, payload.cast("B"))


def _write_all(out: BinaryIO, data: memoryview) -> None:
    at = 0
    while at < len(data):
        at += out.write(data[at:at + (1 << 20)]) or 0


def _serve(operations: Operations, request: dict[str, Any]) -> Iterator[tuple[Answer, memoryview | None]]:
    """Answers to one request; every failure becomes one of our errors."""
    try:
        yield from operations[request["op"]](**request["args"])
    except Exception as error:
        yield {"error": as_error(error)}, None


if __name__ == "__main__":
    main()
