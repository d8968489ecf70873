"""Too little memory for a large model is told as a sentence; the next question may fit, so nothing is moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from fineview.core.errors import DeviceProblem


@contextmanager
def memory_told() -> Iterator[None]:
    """Raises ``DeviceProblem`` ``device-memory`` where torch finds no memory inside, on a GPU or on the CPU."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as problem:
        if type(problem) is RuntimeError and "allocate memory" not in str(problem):
            raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise DeviceProblem("There is not enough memory for this language model and this picture.",
                            "Use --device cpu, a smaller model, or close other programs.", "device-memory") from problem
