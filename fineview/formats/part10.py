"""The front of a DICOM file: preamble, file meta, transfer syntax, and a guarded way to its header (PS3.10 7.1)."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.filereader import read_partial
from pydicom.uid import UID

from fineview.formats import gzipped, limits
from fineview.formats.faults import not_an_image
from fineview.formats.structure import Structure, walk

DEFLATED = "1.2.840.10008.1.2.1.99"
IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
_VR = {bytes(vr, "ascii") for vr in ("UL", "UI", "OB", "CS", "DA", "TM", "SH", "SQ", "LO", "IS", "PN", "DT", "US")}


@dataclass(frozen=True, slots=True)
class Front:
    """``start``: offset of the data set.  ``syntax``: transfer syntax UID, guessed where the file names none.

    ``inflated``: the file was deflated as a whole, and ``syntax`` is that of what came out.

    ``program``: the preamble begins like an executable file or script (PS3.10 7.1, security note).
    """

    start: int
    syntax: str
    implicit: bool
    little: bool
    has_meta: bool
    program: bool = False
    inflated: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class OpenFile:
    """A header, and the (inflated, where needed) bytes its pixels are read from.  Close ``source`` when done."""

    dataset: FileDataset
    source: BinaryIO
    size: int
    front: Front
    structure: Structure


def looks_like_dicom(head: bytes) -> bool:
    """By the DICM mark, or, for the old files without one, by a plausible first element of group 2 or 8."""
    if head[128:132] == b"DICM":
        return True
    return _guess(head, 0) is not None


def _guess(head: bytes, at: int) -> tuple[bool, bool] | None:
    """(implicit, little) of the element at ``at``, or ``None`` where it is no first element of a data set."""
    if len(head) < at + 8:
        return None
    for little, order in ((True, "<"), (False, ">")):
        group, element = struct.unpack_from(order + "HH", head, at)
        if group not in (0x0002, 0x0008) or element > 0x0070:
            continue
        if head[at + 4:at + 6] in _VR:
            return False, little
        length = struct.unpack_from(order + "L", head, at + 4)[0]
        if length <= 256:
            return True, little
    return None


def read_front(file: BinaryIO) -> Front:
    """Raises ``InputProblem`` ``not-an-image`` or ``truncated``."""
    head = file.read(512)
    start = 132 if head[128:132] == b"DICM" else 0
    guess = _guess(head, start)
    if guess is None:
        if start and len(head) <= start + 8:
            raise limits.truncated("it ends after its preamble")
        if not start:
            raise not_an_image()
        guess = (True, True)
    if struct.unpack_from("<H" if guess[1] else ">H", head, start)[0] != 2:
        implicit, little = guess
        return Front(start, BIG_ENDIAN if not little else IMPLICIT if implicit else EXPLICIT, implicit, little, False)
    syntax, end = _meta(file, start, *guess)
    file.seek(end)
    following = _guess_data(file.read(8), syntax)
    program = bool(start) and head.startswith((b"MZ", b"\x7fELF", b"#!"))
    return Front(end, syntax or following[0], following[1], following[2], True, program)


def _meta(file: BinaryIO, start: int, implicit: bool, little: bool) -> tuple[str, int]:
    """Transfer syntax UID ("" where missing) and the offset behind group 2."""
    order = "<" if little else ">"
    position, syntax = start, ""
    for _ in range(64):
        file.seek(position)
        head = file.read(12)
        if len(head) < 8 or struct.unpack_from(order + "H", head)[0] != 2:
            break
        element = struct.unpack_from(order + "H", head, 2)[0]
        if implicit:
            skip, length = 8, struct.unpack_from(order + "L", head, 4)[0]
        elif head[4:6] in (b"OB", b"UN", b"UT", b"OW", b"SQ"):
            skip, length = 12, struct.unpack_from(order + "L", head.ljust(12, b"\0"), 8)[0]
        else:
            skip, length = 8, struct.unpack_from(order + "H", head, 6)[0]
        if element == 0x0010:
            file.seek(position + skip)
            syntax = file.read(min(length, 64)).decode("ascii", "replace").strip("\0 ")
        position += skip + length
    return syntax, position


def _guess_data(head: bytes, syntax: str) -> tuple[str, bool, bool]:
    """(syntax to assume, implicit, little) of the data set; the named syntax wins, the bytes decide where it is "".
    """
    if syntax:
        return syntax, syntax == IMPLICIT, syntax != BIG_ENDIAN
    little = head[:2] == b"\x08\x00" or head[1:2] == b"\x00"
    if not little:
        return BIG_ENDIAN, False, False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    return (EXPLICIT, False, True) if explicit else (IMPLICIT, True, True)


def open_dicom(path: str) -> OpenFile:
    """Read the header of ``path`` up to its pixels, after the guards.  Raises only ``FineViewError`` on purpose."""
    file = gzipped.opened(path)
    try:
        front = read_front(file)
        size = file.seek(0, 2)
        if front.syntax == DEFLATED:
            file, front, size = _inflated(file, front)
        structure = walk(file, front.start, size, front.implicit, front.little)
        end = structure.pixel_start or size
        if end - front.start > limits.HEADER_BYTES and not structure.cut_at:
            raise limits.too_large("The file's header", end - front.start, limits.HEADER_BYTES)
        if structure.cut_at:
            raise limits.truncated(f"element {structure.cut_at} runs past its end")
        return OpenFile(_parse(file, front), file, size, front, structure)
    except BaseException:
        file.close()
        raise


def _parse(file: BinaryIO, front: Front) -> FileDataset:
    file.seek(0)
    if front.has_meta or front.start:
        dataset = dcmread(file, stop_before_pixels=True, force=True)
    else:
        dataset = read_partial(file, stop_when=_at_pixels, force=True)
    # Files without a named transfer syntax still need one for their pixels; the bytes have told which.
    if not dataset.file_meta.get("TransferSyntaxUID"):
        dataset.file_meta.TransferSyntaxUID = UID(front.syntax)
    return dataset


def _at_pixels(tag: Any, vr: str | None, length: int) -> bool:
    return tag in (0x7FE00008, 0x7FE00009, 0x7FE00010)


def _inflated(file: BinaryIO, front: Front) -> tuple[BinaryIO, Front, int]:
    """Inflate as a stream and stop at the limit, so that a small bomb costs no more than the limit (PS3.5 A.5)."""
    file.seek(0)
    out = io.BytesIO()
    out.write(file.read(front.start))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    while chunk := inflater.unconsumed_tail or file.read(1 << 16):
        try:
            piece = inflater.decompress(chunk, 1 << 20)
        except zlib.error as error:
            raise limits.damaged("its compressed data cannot be inflated") from error
        if out.tell() + len(piece) > limits.INFLATE_BYTES:
            raise limits.too_large("The inflated file", out.tell() + len(piece), limits.INFLATE_BYTES)
        out.write(piece)
        if inflater.eof:
            break
    file.close()
    _rename_syntax(out, front.start)
    return out, Front(front.start, EXPLICIT, False, True, front.has_meta, front.program, True), out.tell()


def _rename_syntax(out: io.BytesIO, start: int) -> None:
    """The bytes are inflated now: name the plain syntax, in the same length, so that nobody inflates them again."""
    with out.getbuffer() as view:
        where = bytes(view[:start]).rfind(DEFLATED.encode())
        if where >= 0:
            view[where:where + len(DEFLATED)] = EXPLICIT.encode().ljust(len(DEFLATED), b"\0")
