"""Heidelberg E2E files through eyepy: one recording for each volume, and one for the localizer it lies on.

The layout is not published by its maker; eyepy (MIT) reads what others found out.  What the file does not hold stays
unknown or is marked as assumed, each with a sentence why.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from e2e_file import E2EFile
from numpy.typing import NDArray

from fineview.api import InputProblem, LayerLine, LimitExceeded, Recording


class Reader:
    """Fits ``fineview.api.InstrumentReader``.  The index of the last file is kept: it is most of the work."""

    def __init__(self) -> None:
        self._known: tuple[tuple[str, int, int], E2EFile] | None = None

    def claims(self, head: bytes, path: Path) -> bool:
        return head.startswith(b"CMDb")

    def recordings(self, path: Path) -> tuple[Recording, ...]:
        with _faults():
            found = self._opened(path).recordings
        if not found:
            raise InputProblem("The E2E file holds no picture of a kind known here.", "Export it as DICOM.",
                               "not-supported")
        return found

    def pixels(self, path: Path, frame: int) -> NDArray[np.generic]:
        with _faults():
            return self._opened(path).pixels(frame)

    def layers(self, path: Path, frame: int) -> tuple[LayerLine, ...]:
        with _faults():
            return self._opened(path).layers(frame)

    def _opened(self, path: Path) -> E2EFile:
        said = os.stat(path)
        key = (str(path), said.st_mtime_ns, said.st_size)
        if self._known is None or self._known[0] != key:
            self._known = None
            self._known = (key, E2EFile(path))
        return self._known[1]


@contextmanager
def _faults() -> Iterator[None]:
    """eyepy has no errors of its own: what it stumbles over in a file is the file's fault, and is said of the file."""
    try:
        yield
    except (InputProblem, OSError):
        raise
    except MemoryError as error:  # a damaged size: eyepy reads as much as the file claims to hold
        raise LimitExceeded("The E2E file claims more data than fit into memory.",
                            "Copy it again from its source, or export fewer volumes.", "limit") from error
    except Exception as error:
        raise InputProblem(f"The E2E file is damaged, or of a kind that eyepy does not know ({type(error).__name__}).",
                           "Copy it again from its source, or export it as DICOM.", "damaged") from error
