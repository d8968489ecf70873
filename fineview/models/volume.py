"""Many frames of a volume through the engine: bounded, in order, each core or the whole GPU at work.

On a CPU every core takes a frame of its own, one thread each: preparing, encoding and reading off of different frames
overlap, and no core waits for another at the end of each layer.  On a GPU frames of one grid go as a batch while
threads prepare the next.  Never more than a window of frames is in memory, however long the volume.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

# Measured peak of one frame in bf16: 281 MB of a 1536 x 1536 canvas, 442 MB of the largest, 2304 x 1536.
FRAME_BYTES = 500 * 2**20
BATCH_CAP = 16

Item = TypeVar("Item")
Made = TypeVar("Made")


def in_order(work: Callable[[Item], Made], items: Iterable[Item], lanes: int) -> Iterator[Made]:
    """``work`` on every item by ``lanes`` threads; results in order.

    ``items`` is read in the caller's thread, at most one item more than there are lanes ahead of what was taken.  An
    error comes out where its result would have; leaving the iterator ends the threads.
    """
    whole = torch.get_num_threads()
    coming: deque[Future[Made]] = deque()
    threads = ThreadPoolExecutor(lanes, "volume", initializer=_one_thread, initargs=(threading.Lock(), whole))
    source = iter(items)
    try:
        for item in islice(source, lanes + 1):
            coming.append(threads.submit(work, item))
        while coming:
            made = coming.popleft().result()
            for item in islice(source, 1):
                coming.append(threads.submit(work, item))
            yield made
    finally:
        threads.shutdown(wait=True, cancel_futures=True)
        # Threads that torch has not seen yet take the number set last, by whichever thread.
        torch.set_num_threads(whole)


def _one_thread(turn: threading.Lock, whole: int) -> None:
    with turn:
        torch.set_num_threads(1)


def cpu_lanes() -> int:
    """Frames at a time on this CPU: one for each of torch's threads, as many as free memory holds."""
    return max(1, min(torch.get_num_threads(), _free_bytes() // FRAME_BYTES))


def gpu_batch() -> int:
    """Frames in a batch on the GPU: half of what its free memory would hold."""
    return max(1, min(BATCH_CAP, torch.cuda.mem_get_info()[0] // 2 // FRAME_BYTES))


def batches(items: Iterable[Item], same: Callable[[Item], object], size: int) -> Iterator[list[Item]]:
    """Runs of neighbours that are the ``same``, at most ``size`` long."""
    held: list[Item] = []
    for item in items:
        if held and (len(held) == size or same(item) != same(held[0])):
            yield held
            held = []
        held.append(item)
    if held:
        yield held


def _free_bytes() -> int:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 4 * FRAME_BYTES
