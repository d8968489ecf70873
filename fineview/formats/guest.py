"""The reading child of one plugin: it imports the plugin's reader, and answers with nothing else.

Started as ``[interpreter, ..., folder, "module:Class"]`` (``core.recording.GuestReader``), never more than one plugin
a process.  The import is a part of the first question, so it has the same limits of time and memory as reading; a
reader that cannot be imported answers every question with the code ``guest-load``.  A child of a plugin writes no
files: the kernel refuses every byte.
"""

from __future__ import annotations

import importlib
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fineview.core.errors import FineViewError, InputProblem, LimitExceeded
from fineview.core.recording import InstrumentReader
from fineview.formats import instruments, limits
from fineview.formats.answers import Reply, lined, packed, told
from fineview.formats.faults import not_an_image
from fineview.formats.record import FileRecord


class Guest:
    """Operations of the reading child with one plugin's reader."""

    def __init__(self, folder: str, words: str) -> None:
        self._folder, self._words = folder, words
        self._reader: InstrumentReader | None = None
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        sys.dont_write_bytecode = True

    def operations(self) -> dict[str, Callable[..., Iterator[Reply]]]:
        return {"records": self.records, "raster": self.raster, "header": self.header, "layers": self.layers}

    def records(self, paths: list[str]) -> Iterator[Reply]:
        self._loaded()
        for path in paths:
            yield told(path, self._records)

    def _records(self, path: str) -> tuple[FileRecord, ...]:
        with _faults_told():
            return instruments.records_of(self._claiming(path), path)

    def raster(self, path: str, frame: int, sop_uid: str | None = None) -> Iterator[Reply]:
        with _faults_told():
            yield packed(instruments.raster_of(self._claiming(path), path, frame))

    def header(self, path: str, rows: int) -> Iterator[Reply]:
        with _faults_told():
            yield {"rows": [list(row) for row in instruments.header_of(self._claiming(path), path, rows)]}, None

    def layers(self, path: str, frame: int) -> Iterator[Reply]:
        with _faults_told():
            yield lined(instruments.layers_of(self._claiming(path), path, frame))

    def _claiming(self, path: str) -> InstrumentReader:
        """Raises ``InputProblem`` ``not-an-image`` where the reader does not know the file."""
        head = instruments.head_of(path)
        reader = instruments.reader_of(head, path, (self._loaded(),)) if head else None
        if reader is None:
            raise not_an_image()
        return reader

    def _loaded(self) -> InstrumentReader:
        if self._reader is None:
            module, _, name = self._words.partition(":")
            sys.path.insert(0, self._folder)
            try:
                made: Any = getattr(importlib.import_module(module), name)()
                self._reader = made
            except Exception as error:
                sys.path.remove(self._folder)
                raise InputProblem(f"The plugin's reader could not be loaded ({type(error).__name__}).",
                                   "Update the plugin, or switch it off.", "guest-load") from error
        return self._reader


@contextmanager
def _faults_told() -> Iterator[None]:
    """What a reader says of a file is the file's fault; whatever else escapes from it is its own."""
    try:
        yield
    except (FineViewError, OSError):
        raise
    except MemoryError as error:
        raise LimitExceeded(f"Its reader needs more memory than the limit of {limits.in_words(limits.MEMORY_BYTES)}.",
                            "Ask the plugin's author, or export a smaller file.", "guest-memory") from error
    except Exception as error:
        raise InputProblem(f"Its reader failed on this file ({type(error).__name__}).", "Ask the plugin's author.",
                           "guest-fault") from error
