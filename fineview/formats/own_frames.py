"""Encapsulated frames that pydicom has no decoder for; each becomes what a native frame of its own would hold.

Deflated frames, frames that are encapsulated and not compressed, single bits in RLE, and JPEG XL (PS3.5 A.4).
Runs in the reading child.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import as_pixel_options

from fineview.formats import jpeg_xl, limits
from fineview.formats.codecs import available
from fineview.formats.part10 import EXPLICIT, OpenFile
from fineview.formats.pixel_check import Shape, native_bytes

DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
_RLE = "1.2.840.10008.1.2.5"


def takes(syntax: str, shape: Shape) -> bool:
    """Whether encapsulated frames of this kind are read here."""
    return syntax in (DEFLATED_FRAMES, UNCOMPRESSED, *jpeg_xl.SYNTAXES) or (syntax == _RLE and shape.bits == 1)


def stored_values(opened: OpenFile, shape: Shape, frame: int, syntax: str) -> NDArray[Any]:
    """(H, W) or RGB (H, W, 3) of one frame.  Raises ``InputProblem`` ``truncated``, ``damaged`` or ``no-decoder``."""
    available(syntax)
    data = frame_bytes(opened, shape, frame)
    if syntax in jpeg_xl.SYNTAXES:
        return jpeg_xl.stored_values(data, shape, opened.dataset)
    size = native_bytes(shape, opened.dataset, 1)
    data = _plain(data, size, syntax)
    if len(data) < size:
        raise limits.truncated(f"frame {frame} holds {len(data)} bytes of {size}")
    # pydicom knows bits stored, signs, planes and luminance of native pixels.
    options = as_pixel_options(opened.dataset, number_of_frames=1, pixel_keyword="PixelData",
                               pixel_vr="OB" if shape.bits <= 8 else "OW")
    options.pop("extended_offsets", None)
    array, _ = get_decoder(EXPLICIT).as_array(data, index=0, raw=False, **options)
    return np.asarray(array)


def frame_bytes(opened: OpenFile, shape: Shape, frame: int) -> bytes:
    """One frame's fragments as one (PS3.5 A.4)."""
    opened.source.seek(opened.structure.pixel_start)
    offsets = as_pixel_options(opened.dataset).get("extended_offsets")
    return get_frame(opened.source, frame, number_of_frames=shape.frames, extended_offsets=offsets)


def _plain(data: bytes, size: int, syntax: str) -> bytes:
    """The frame's native bytes, no more than it may have."""
    if syntax == DEFLATED_FRAMES:
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size + 2)
        except zlib.error as error:
            raise limits.damaged("its compressed pixels cannot be inflated") from error
    return _packbits(data[64:], size) if syntax == _RLE else data


def _packbits(data: bytes, size: int) -> bytes:
    """RLE of one segment (PS3.5 G.3.2), up to ``size`` bytes."""
    out, at = bytearray(), 0
    while at < len(data) and len(out) < size:
        count = data[at]
        if count < 128:
            out += data[at + 1:at + 2 + count]
            at += 2 + count
        else:
            out += data[at + 1:at + 2] * (257 - count if count > 128 else 0)
            at += 2 if count > 128 else 1
    return bytes(out[:size])
