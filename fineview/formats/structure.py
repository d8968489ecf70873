"""One quick walk over a DICOM file's elements before a parser that trusts lengths sees them (PS3.5 chapter 7).

It finds what pydicom would stumble over: sequences nested without end, lengths past the end of the file, and where
the pixels lie.  It follows the encoding only; it interprets no value.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from fineview.core.errors import LimitExceeded
from fineview.formats import limits

UNDEFINED = 0xFFFFFFFF
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT_VRS = frozenset({b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN",
                        b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"})
_ITEM, _ITEM_END, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
_PIXELS = frozenset({(0x7FE0, 0x0008), (0x7FE0, 0x0009), (0x7FE0, 0x0010)})


@dataclass(frozen=True, slots=True)
class Structure:
    """``pixel_start``: offset of the pixel value.  ``pixel_length``: ``None`` where undefined (encapsulated).

    ``cut_at``: tag of the first element outside the pixels whose value runs past the end of the file, or "".
    """

    depth: int = 0
    pixel_tag: tuple[int, int] | None = None
    pixel_vr: str = ""
    pixel_start: int = 0
    pixel_length: int | None = None
    cut_at: str = ""


@dataclass(slots=True)
class _Level:
    """An open sequence or item; ``end`` is its last offset, ``None`` where a delimiter closes it."""

    end: int | None
    is_item: bool


class _Walk:
    def __init__(self, file: BinaryIO, size: int, implicit: bool, little: bool) -> None:
        self.file, self.size, self.implicit = file, size, implicit
        self.tag = struct.Struct("<HH" if little else ">HH")
        self.long = struct.Struct("<L" if little else ">L")
        self.short = struct.Struct("<H" if little else ">H")
        self.levels: list[_Level] = []
        self.depth = 0

    def element(self, head: bytes) -> tuple[bytes, int]:
        """VR ("" where implicit) and length of the element whose first eight bytes are ``head``."""
        vr = head[4:6]
        if not self.implicit and vr in _LONG_VRS:
            return vr, self.long.unpack(self.file.read(4).ljust(4, b"\0"))[0]
        if not self.implicit and vr in _SHORT_VRS:
            return vr, self.short.unpack(head[6:8])[0]
        # Implicit files, and explicit ones with a few implicit elements in private sequences.
        return b"", self.long.unpack(head[4:8])[0]

    def close_finished(self, position: int) -> None:
        while self.levels and (end := self.levels[-1].end) is not None and position >= end:
            self.levels.pop()

    def open(self, end: int | None, is_item: bool) -> None:
        self.levels.append(_Level(end, is_item))
        self.depth = max(self.depth, sum(level.is_item for level in self.levels) if is_item else self.depth)
        if self.depth > limits.NESTING:
            raise LimitExceeded(f"The file's sequences are nested too deeply, limit {limits.NESTING}.",
                                "Ask its sender for a file written by another program.", "nesting")

    def close(self, is_item: bool) -> None:
        """A delimiter closes the innermost open level of its kind; stray ones (they exist) close nothing."""
        for index in range(len(self.levels) - 1, -1, -1):
            if self.levels[index].is_item == is_item:
                del self.levels[index:]
                return

    def starts_with_item(self, position: int) -> bool:
        """Implicit sequences of defined length cannot be told by a VR, only by their first item."""
        head = self.file.read(4)
        self.file.seek(position)
        return len(head) == 4 and self.tag.unpack(head) == _ITEM


def walk(file: BinaryIO, start: int, size: int, implicit: bool, little: bool) -> Structure:
    """Walk the data set of ``file`` from ``start``.  Raises ``LimitExceeded`` for nesting or too many elements."""
    step = _Walk(file, size, implicit, little)
    file.seek(start)
    for _ in range(limits.ELEMENTS):
        position = file.tell()
        step.close_finished(position)
        head = file.read(8)
        if len(head) < 8:
            return Structure(step.depth)
        found = _visit(step, head)
        if found is not None:
            return found
    raise LimitExceeded(f"The file's header holds more elements than the limit of {limits.ELEMENTS}.",
                        "Ask its sender for a file without private data.", "elements")


def _visit(step: _Walk, head: bytes) -> Structure | None:
    """Step over or into one element; a ``Structure`` ends the walk."""
    tag = step.tag.unpack(head[:4])
    if tag == _ITEM:
        length = step.long.unpack(head[4:])[0]
        step.open(None if length == UNDEFINED else step.file.tell() + length, True)
        return None
    if tag in (_ITEM_END, _SEQUENCE_END):
        step.close(tag == _ITEM_END)
        return None
    vr, length = step.element(head)
    value = step.file.tell()
    if tag in _PIXELS and not step.levels:
        return Structure(step.depth, tag, vr.decode("latin-1"), value, None if length == UNDEFINED else length)
    if length == UNDEFINED or (vr in (b"SQ", b"UN", b"") and length >= 8 and step.starts_with_item(value)):
        step.open(None if length == UNDEFINED else value + length, False)
        return None
    if value + length > step.size:
        return Structure(step.depth, cut_at=f"({tag[0]:04X},{tag[1]:04X})")
    step.file.seek(length, 1)
    return None
