"""The same words on many processes: a command is started once for each, with what tells them of each other.

As torchrun does it on one machine (RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT), without its own lines on
standard error: the first process speaks for all.  Several machines: torchrun or "accelerate launch" with
``-m fineview train ...``, which set the same variables.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Sequence

LOOPBACK = "127.0.0.1"
_PATIENCE_S = 10.0


def launched() -> bool:
    """Whether this process was started as one of several."""
    return "RANK" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def speaks() -> bool:
    """Whether this process may print: only the first of several does."""
    return os.environ.get("RANK", "0") == "0"


def devices() -> int:
    """As many processes as there are GPUs, one without."""
    import torch

    return max(1, torch.cuda.device_count())


def launch(command: Sequence[str], processes: int) -> int:
    """Run the command ``processes`` times side by side; the first exit code that is not 0 ends them all."""
    port = _free_port()
    started: list[subprocess.Popen[bytes]] = []
    try:
        for rank in range(processes):
            quiet = {} if rank == 0 else {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            started.append(subprocess.Popen(command, env=_told(rank, processes, port), **quiet))
        return _ended(started)
    finally:
        for one in started:
            _stop(one)


def _told(rank: int, processes: int, port: int) -> dict[str, str]:
    return {**os.environ, "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes),
            "LOCAL_WORLD_SIZE": str(processes), "MASTER_ADDR": LOOPBACK, "MASTER_PORT": str(port)}


def _ended(started: Sequence[subprocess.Popen[bytes]]) -> int:
    waiting = list(started)
    while waiting:
        for one in tuple(waiting):
            try:
                code = one.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                continue
            waiting.remove(one)
            if code:
                return abs(code)
    return 0


def _stop(one: subprocess.Popen[bytes]) -> None:
    if one.poll() is None:
        one.terminate()
        try:
            one.wait(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            one.kill()
            one.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
