"""What a JPEG, JPEG-LS or JPEG 2000 code stream says of itself, compared with the header before a decoder sees it.

A decoder that is told another size than the stream has may write past its buffer; GDCM's does, and so it does where
bytes of no meaning lie between the parts of a stream.
"""

from __future__ import annotations

import struct

from fineview.formats import limits
from fineview.formats.pixel_check import Shape

_P = "1.2.840.10008.1.2.4."
_JPEG = frozenset(_P + number for number in ("50", "51", "57", "70", "80", "81"))
_JPEG_2000 = frozenset(_P + number for number in ("90", "91", "201", "202", "203"))
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_START_OF_FRAME = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
_SIZ = b"\xff\x4f\xff\x51"
Said = tuple[int, int, int, int]
"""Rows, columns, components, bits of a component."""


def describes_itself(syntax: str) -> bool:
    return syntax in _JPEG or syntax in _JPEG_2000


def check_stream(data: bytes, shape: Shape, syntax: str) -> None:
    """Raises ``InputProblem`` ``damaged`` where the stream is of another size, or too deep for the header's words.

    Also where its size cannot be found: what is laid out so that we lose our way, decoders read in ways of their own.
    """
    said = _of_jpeg(data) if syntax in _JPEG else _of_jpeg_2000(data)
    if said is None:
        raise limits.damaged("its code stream does not say how large its pixels are")
    *size, precision = said
    wanted = (shape.rows, shape.cols, shape.samples)
    if tuple(size) != wanted:
        raise limits.damaged(f"its pixels are {_words(*size)}, its header says {_words(*wanted)}")
    if syntax in _JPEG and shape.bits not in (8, 16):  # PS3.5 8.2.1, 8.2.3
        raise limits.damaged(f"its header claims {shape.bits} bits for pixels in JPEG")
    if precision > shape.bits:  # decoders would keep the lower part of each value
        raise limits.damaged(f"its pixels have {precision} bits, its header says {shape.bits}")


def _of_jpeg(data: bytes) -> Said | None:
    """From the frame header (ISO 10918-1 B.2.2, ISO 14495-1 C.2.2); None where there is none."""
    at = 2
    while at + 10 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _START_OF_FRAME:
            precision, rows, cols, components = struct.unpack_from(">BHHB", data, at + 4)
            return (rows, cols, components, precision) if rows else None
        at += 1 if marker == 0xFF else 2 if marker in _ALONE else 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return None


def _of_jpeg_2000(data: bytes) -> Said | None:
    """From the image and tile size (ISO 15444-1 A.5.1); the precision is that of the deepest component."""
    at = _code_stream(data)
    if not data.startswith(_SIZ, at) or len(data) < at + 42:
        return None
    right, bottom, left, top = struct.unpack_from(">4L", data, at + 8)
    components = struct.unpack_from(">H", data, at + 40)[0]
    depths = data[at + 42:at + 42 + 3 * components:3]
    return bottom - top, right - left, components, max((depth & 0x7F for depth in depths), default=0) + 1


def _code_stream(data: bytes) -> int:
    """Where it begins: at once, or in the first box of its kind of a JP2 file (ISO 15444-1 I.4)."""
    if data.startswith(_SIZ):
        return 0
    at = 0
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at:at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8:at + 16], "big"), 16
        if data[at + 4:at + 8] == b"jp2c":
            return at + head
        if size < head:
            break
        at += size
    return len(data)


def _words(rows: int, cols: int, samples: int) -> str:
    return f"{rows} x {cols} in {samples} sample{'s' if samples != 1 else ''}"
