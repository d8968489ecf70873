"""A folder that cannot be read (no permission, a disk that went away) is a sentence, never a crash.

One such folder among many must not take the others away, and a window that holds a map keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fineview.core.errors import WeightsProblem
from fineview.models.folder import clean


@contextmanager
def reachable(path: Path) -> Iterator[None]:
    """Reading below ``path``: what the operating system refuses becomes ``WeightsProblem`` ``weights-unreadable``."""
    try:
        yield
    except OSError as problem:
        raise WeightsProblem(f"The folder {clean(path.name)} cannot be read ({problem.strerror or 'no reason given'}).",
                             "Check that its disk is there and that you may read it, then choose it again.",
                             "weights-unreadable") from problem
