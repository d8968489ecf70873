"""DICOM files that somebody compressed whole, as ``image.dcm.gz`` (RFC 1952): inflated in memory, under a limit."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import BinaryIO

from fineview.formats import limits

_MAGIC = b"\x1f\x8b\x08"  # RFC 1952 2.3.1: the mark, and deflate as the only method there is


def is_gzipped(head: bytes) -> bool:
    return head.startswith(_MAGIC)


def inner_head(head: bytes, count: int) -> bytes:
    """At most the first ``count`` bytes of what is inside, as far as the first bytes ``head`` of the file tell them."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, count)  # 31: with the header of gzip
    except zlib.error:
        return b""


def opened(path: str) -> BinaryIO:
    """The file, or what it holds where it is gzipped.

    Raises ``LimitExceeded`` ``limit`` for a bomb, which costs no more than the limit, and ``InputProblem``
    ``truncated`` or ``damaged``.
    """
    file = open(path, "rb")  # noqa: SIM115 - handed on open
    gzipped = is_gzipped(file.read(len(_MAGIC)))
    file.seek(0)
    if not gzipped:
        return file
    try:
        with file, gzip.GzipFile(fileobj=file) as inside:
            held = inside.read(limits.INFLATE_BYTES + 1)
    except EOFError:
        raise limits.truncated("what is compressed in it ends too early") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise limits.damaged("what is compressed in it cannot be inflated") from error
    if len(held) > limits.INFLATE_BYTES:
        raise limits.too_large("The inflated file", len(held), limits.INFLATE_BYTES)
    return io.BytesIO(held)
