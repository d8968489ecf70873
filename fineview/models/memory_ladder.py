"""What to do when a GPU has too little memory: less at once, then the CPU, and the next job runs.

The rungs: everything at once, half of it, a quarter, the CPU.  How much is at once is a context variable that
:func:`at_once` reads where a batch is taken apart (tiles in :mod:`attention.by_parts`, frames in the predictor), so no
model carries a flag for it.  A rung that worked is where the next job of the same ladder begins; the CPU is for good.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import torch

from fineview.core.errors import DeviceProblem

SHARES = (1.0, 0.5, 0.25)
ON_CPU = "The GPU has too little memory for this image; the CPU was used."
IN_PARTS = "The GPU has too little memory for the whole image at once; it was encoded in parts."

Made = TypeVar("Made")
_share: ContextVar[float] = ContextVar("share_at_once", default=1.0)


def at_once(count: int) -> int:
    """How many of ``count`` things go through the network together on the present rung; at least one."""
    return max(1, math.ceil(count * _share.get()))


@contextmanager
def sharing(share: float) -> Iterator[None]:
    """Only this share at once, inside."""
    before = _share.set(share)
    try:
        yield
    finally:
        _share.reset(before)


class MemoryLadder:
    """``to_cpu`` moves the model; it is called once, when the lowest rung of the GPU was too high."""

    def __init__(self, to_cpu: Callable[[], None]) -> None:
        self._to_cpu, self._rung, self._on_cpu = to_cpu, 0, False

    def run(self, work: Callable[[], Made]) -> tuple[Made, tuple[str, ...]]:
        """What ``work`` makes, with a sentence for the person where less than a whole GPU did it.

        Raises ``DeviceProblem`` ``device-memory`` where the CPU cannot hold it either.
        """
        try:
            return self._down(work)
        except (MemoryError, RuntimeError) as problem:
            if isinstance(problem, RuntimeError) and "you tried to allocate" not in str(problem):
                raise
            raise DeviceProblem("There is too little memory for this image.",
                                "Close other programs, or analyse a smaller image.", "device-memory") from problem

    def _down(self, work: Callable[[], Made]) -> tuple[Made, tuple[str, ...]]:
        while not self._on_cpu:
            try:
                with sharing(SHARES[self._rung]):
                    return work(), (IN_PARTS,) if self._rung else ()
            except torch.cuda.OutOfMemoryError:
                pass  # the error holds every frame's tensors: it has to be gone before the next try
            torch.cuda.empty_cache()
            if self._rung + 1 < len(SHARES):
                self._rung += 1
                continue
            self._on_cpu = True
            self._to_cpu()
        return work(), (ON_CPU,)
