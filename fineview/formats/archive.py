"""The archive door: files in, values out (fits ``services.ports.Archive``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fineview.core.image import Raster, Window
from fineview.core.study import Catalogue, FrameInfo
from fineview.formats import limits
from fineview.formats.child import Children, reader_died
from fineview.formats.scan import Scan, Token
from fineview.formats.unpacked import Unpacked

_HEADER_ROWS = 5000
_DTYPES = frozenset({"|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"})


class FileArchive:
    """Opens files, folders, ZIP archives and DICOMDIRs.  Safe to use from several threads.

    Nothing is started until it is first asked; ``close`` ends the children and removes what was unpacked.
    """

    def __init__(self, children: int = 2, seconds: float = limits.CALL_SECONDS) -> None:
        self._children = Children(children)
        self._unpacked = Unpacked()
        self._seconds = seconds

    def scan(self, paths: Sequence[Path], token: Token) -> Iterator[Catalogue]:
        """Yield growing catalogues: the first with the first image, the last complete.

        Where nothing can be shown, the last catalogue is followed by an ``InputProblem``: ``not-found``, ``empty``,
        ``not-an-image``, or the reason of the only file.  Raises ``Cancelled`` through ``token``.
        """
        return Scan(self._children, self._unpacked, token).run([Path(path) for path in paths])

    def read_frame(self, frame: FrameInfo) -> Raster:
        """Decode one frame in the reading child.

        Raises ``InputProblem`` (``gone``, ``changed``, ``truncated``, ``damaged``, ``no-decoder``, ``reader-died``,
        ...) or ``LimitExceeded`` (``limit``, ``time``, ``nesting``).
        """
        answer, pixels = self._ask("raster", path=frame.path, frame=frame.frame_in_file, sop_uid=frame.sop_uid)
        try:
            return _raster(answer, pixels)
        except (KeyError, TypeError, ValueError) as error:
            raise reader_died() from error

    def header(self, frame: FrameInfo) -> tuple[tuple[str, str, str], ...]:
        """(tag, keyword, text) rows of the file that holds ``frame``.  Raises ``InputProblem``."""
        answer, _ = self._ask("header", path=frame.path, rows=_HEADER_ROWS)
        return tuple((str(tag), str(keyword), str(text)) for tag, keyword, text in answer["rows"])

    def close(self) -> None:
        self._children.close()
        self._unpacked.close()

    def _ask(self, op: str, **args: Any) -> tuple[dict[str, Any], bytearray]:
        answers = list(self._children.ask(op, args, self._seconds))
        if len(answers) != 1:
            raise reader_died()
        return answers[0]


def _raster(answer: dict[str, Any], pixels: bytearray) -> Raster:
    """Raises ``ValueError`` where size and shape disagree."""
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


