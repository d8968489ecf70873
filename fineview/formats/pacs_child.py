"""The network child's main loop: every byte that comes from a peer is taken in here, under limits.

Started by ``formats.pacs_process`` for one operation.  It ends when its parent does, so that a program that was
killed in the middle of a transfer leaves nobody talking.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import BinaryIO

from fineview.core.peer import Node, Secrets
from fineview.formats import limits, wire
from fineview.formats.child_main import quiet_output
from fineview.formats.pacs_faults import left_without
from fineview.formats.pacs_say import Speaker

Operation = Callable[..., None]


def main() -> None:
    """Serve one request and end."""
    out = quiet_output()
    requests = sys.stdin.buffer
    request = json.loads(requests.read(wire.LENGTH.unpack(requests.read(wire.LENGTH.size))[0]))
    threading.Thread(target=_end_with_parent, args=(requests,), daemon=True).start()
    _set_limits()
    say = Speaker(out)
    threading.excepthook = lambda told: say.fail(told.exc_value or RuntimeError("a thread died"))
    try:
        node = wire.from_plain(Node, request["args"].pop("node"))
        secrets = wire.from_plain(Secrets, request["args"].pop("secrets"))
        _operation(node, request["op"])(node, secrets, say=say, **request["args"])
        say({"end": True})
    except BaseException as error:
        say.fail(error)
    # Threads of a library that still wait for a peer must not keep this process.
    os._exit(0)


def _end_with_parent(requests: BinaryIO) -> None:
    while requests.read(4096):
        pass
    os._exit(0)


def _set_limits() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (limits.MEMORY_BYTES, limits.MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from pydicom import config

    # What a peer calls a UID is judged by us, with a sentence; pydicom would raise in the middle of a transfer.
    config.settings.reading_validation_mode = config.IGNORE
    config.settings.writing_validation_mode = config.IGNORE


def _operation(node: Node, name: str) -> Operation:
    """Raises ``PeerProblem`` ``pacs-missing`` where the library it needs is not installed."""
    try:
        if node.kind == "web":
            from fineview.formats import pacs_web

            return pacs_web.OPERATIONS[name]
        from fineview.formats import pacs_dimse

        return pacs_dimse.OPERATIONS[name]
    except ModuleNotFoundError as error:
        raise left_without(error.name or "pynetdicom") from error


if __name__ == "__main__":
    main()
