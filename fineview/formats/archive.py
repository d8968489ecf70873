"""The archive door: files in, values out (fits ``services.ports.Archive``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fineview.core.companion import Companion, Drawing
from fineview.core.errors import FineViewError
from fineview.core.image import Raster, Window
from fineview.core.layers import LayerLine
from fineview.core.recording import GuestReader
from fineview.core.study import Catalogue, FrameInfo
from fineview.formats import companion_door, limits
from fineview.formats.readers import Answers, Guests, Readers, no_guests, nobody
from fineview.formats.scan import Scan, Token
from fineview.formats.seen_files import SeenFiles
from fineview.formats.unpacked import Unpacked

_HEADER_ROWS = 5000
T = TypeVar("T")
Held = TypeVar("Held", Companion, FrameInfo)
_DTYPES = frozenset({"|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"})


class FileArchive:
    """Opens files, folders, ZIP archives and DICOMDIRs.  Safe to use from several threads.

    Nothing is started until it is first asked, or ``warm`` is called; ``close`` ends the children and removes what was
    unpacked.
    ``guests``, ``on_failure``: readers of plugins, and who hears of their failures (``formats.readers.Readers``).
    """

    def __init__(self, children: int = 2, seconds: float = limits.CALL_SECONDS,
                 guests: Guests = no_guests,
                 on_failure: Callable[[GuestReader, FineViewError], object] = nobody) -> None:
        self._readers = Readers(children, guests, on_failure)
        self._unpacked, self._seen = Unpacked(), SeenFiles()
        self._seconds = seconds

    def warm(self) -> None:
        """Start the reading children now: a window that comes up beside them will not wait for them."""
        self._readers.ours.warm()

    def scan(self, paths: Sequence[Path], token: Token) -> Iterator[Catalogue]:
        """Yield growing catalogues: the first with the first image, the last complete.

        Where nothing can be shown, the last catalogue is followed by an ``InputProblem``: ``not-found``, ``empty``,
        ``not-an-image``, or the reason of the only file.  Raises ``Cancelled`` through ``token``.
        """
        return Scan(self._readers, self._unpacked, self._seen, token).run([Path(path) for path in paths])

    def read_frame(self, frame: FrameInfo) -> Raster:
        """Decode one frame in the reading child.

        Raises ``InputProblem`` (``gone``, ``changed``, ``truncated``, ``damaged``, ``no-decoder``, ``reader-died``,
        ...) or ``LimitExceeded`` (``limit``, ``time``, ``nesting``).
        """
        return self._ask("raster", _raster, frame, frame=frame.frame_in_file, sop_uid=frame.sop_uid)

    def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
        """Layer lines that the file itself holds for this frame; () where it holds none.  Raises as ``read_frame``."""
        return self._ask("layers", _layers, frame, frame=frame.frame_in_file)

    def header(self, frame: FrameInfo) -> tuple[tuple[str, str, str], ...]:
        """(tag, keyword, text) rows of the file that holds ``frame``.  Raises ``InputProblem``."""
        return self._ask("header", _rows, frame, rows=_HEADER_ROWS)

    def draw(self, companion: Companion, frame: FrameInfo) -> Drawing:
        """What an object lays over one frame; empty, with the reason, where that is nothing.  Raises as ``read_frame``.
        """
        return companion_door.draw(self._readers.ours, self._plain(companion), self._plain(frame), self._seconds)

    def document(self, companion: Companion) -> bytes:
        """The bytes of an encapsulated document, to be saved and never run.  Raises ``InputProblem``."""
        return companion_door.document(self._readers.ours, self._plain(companion), self._seconds)

    def decoder_speeds(self, frame: FrameInfo) -> list[tuple[str, list[float]]]:
        """Package and milliseconds of each decoder of the frame's syntax, first choice first; [] for native pixels.

        Raises as ``read_frame``, also where one of the decoders does not read this picture.
        """
        return self._ask("speeds", _speeds, frame, frame=frame.frame_in_file)

    def plain(self, path: Path) -> Path:
        """The file behind a path of a catalogue: a member of an archive is known as ``study.zip/member``."""
        return Path(self._unpacked.plain(str(path)))

    def close(self) -> None:
        self._readers.close()
        self._unpacked.close()

    def _plain(self, one: Held) -> Held:
        return replace(one, path=self._unpacked.plain(one.path))

    def _ask(self, op: str, decode: Callable[[Answers], T], about: FrameInfo, **args: Any) -> T:
        path = self._unpacked.plain(about.path)
        if about.sop_uid is None:
            self._seen.check(path)
        return self._readers.ask(path, op, {"path": path, **args}, self._seconds, decode)


def _speeds(answers: Answers) -> list[tuple[str, list[float]]]:
    return [(str(package), [float(one) for one in times]) for package, times in answers[0][0]["speeds"]]


def _rows(answers: Answers) -> tuple[tuple[str, str, str], ...]:
    return tuple((str(tag), str(keyword), str(text)) for tag, keyword, text in answers[0][0]["rows"])


def _layers(answers: Answers) -> tuple[LayerLine, ...]:
    """Raises ``ValueError`` where size and shape disagree."""
    answer, data = answers[0]
    drawn = [(str(name), str(by)) for name, by in answer["lines"]]
    if not drawn:
        return ()
    rows = np.frombuffer(data, "<f4").reshape(len(drawn), -1)
    return tuple(LayerLine(name, row, "file", by) for (name, by), row in zip(drawn, rows, strict=True))


def _raster(answers: Answers) -> Raster:
    """Raises ``ValueError`` where size and shape disagree."""
    answer, pixels = answers[0]
    shape = tuple(int(n) for n in answer["shape"])
    if answer["dtype"] not in _DTYPES or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise ValueError("no picture")
    array = np.frombuffer(pixels, dtype=np.dtype(answer["dtype"])).reshape(shape)
    windows = tuple(Window(float(c), float(w), function, str(name)) for c, w, function, name in answer["windows"])
    lut = None
    if answer["lut"] is not None:
        first, table, bits = answer["lut"]
        lut = (int(first), np.array(table, dtype=np.uint16), int(bits))
    return Raster(array, str(answer["unit"]), bool(answer["inverted"]), windows, lut)


