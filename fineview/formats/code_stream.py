"""What a JPEG, JPEG-LS or JPEG 2000 code stream says of itself, compared with the header before a decoder sees it.

A decoder that is told another size than the stream has may write past its buffer; GDCM's does.
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
Size = tuple[int, int, int]


def describes_itself(syntax: str) -> bool:
    return syntax in _JPEG or syntax in _JPEG_2000


def check_stream(data: bytes, shape: Shape, syntax: str) -> None:
    """Raises ``InputProblem`` ``damaged`` where the stream is of another size, or too deep for the header's words."""
    said = _of_jpeg(data) if syntax in _JPEG else _of_jpeg_2000(data)
    wanted = (shape.rows, shape.cols, shape.samples)
    if said is not None and said != wanted:
        raise limits.damaged(f"its pixels are {_words(said)}, its header says {_words(wanted)}")
    if syntax in _JPEG and shape.bits not in (8, 16):  # PS3.5 8.2.1, 8.2.3
        raise limits.damaged(f"its header claims {shape.bits} bits for pixels in JPEG")


def _of_jpeg(data: bytes) -> Size | None:
    """(rows, cols, components) of the frame header (ISO 10918-1 B.2.2, ISO 14495-1 C.2.2); None where there is none."""
    at = 2
    while at + 10 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _START_OF_FRAME:
            rows, cols, components = struct.unpack_from(">HHB", data, at + 5)
            return (rows, cols, components) if rows else None
        at += 1 if marker == 0xFF else 2 if marker in _ALONE else 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return None


def _of_jpeg_2000(data: bytes) -> Size | None:
    """(rows, cols, components) of the image and tile size (ISO 15444-1 A.5.1), also behind the boxes of a JP2 file."""
    at = data.find(_SIZ, 0, 1024)
    if at < 0 or len(data) < at + 42:
        return None
    right, bottom, left, top = struct.unpack_from(">4L", data, at + 8)
    components = struct.unpack_from(">H", data, at + 40)[0]
    return bottom - top, right - left, components


def _words(size: Size) -> str:
    return f"{size[0]} x {size[1]} in {size[2]} sample{'s' if size[2] != 1 else ''}"
