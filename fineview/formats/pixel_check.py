"""Do the pixels that a header promises fit into the file, and into memory?  Asked before anything is decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pydicom.dataset import Dataset

from fineview.core.errors import InputProblem, LimitExceeded
from fineview.formats import limits
from fineview.formats.part10 import OpenFile
from fineview.formats.values import integer, text

_OTHER_COLOURS = ("HSV", "ARGB", "CMYK", "YBR_PARTIAL_420")
_FLOAT_BITS = {0x0008: 32, 0x0009: 64}


@dataclass(frozen=True, slots=True)
class Shape:
    """Declared by the header.  ``bits``: allocated per sample."""

    rows: int
    cols: int
    samples: int
    bits: int
    frames: int

    @property
    def frame_bytes(self) -> int:
        """Decoded bytes of one frame; single bits decode to a byte each."""
        return self.rows * self.cols * self.samples * max(1, self.bits // 8)


def declared_frames(dataset: Dataset) -> int | None:
    """Number of Frames, 1 where the file names none, ``None`` where it is no number."""
    return 1 if not text(dataset, "NumberOfFrames") else integer(dataset, "NumberOfFrames")


def checked_shape(opened: OpenFile) -> Shape:
    """Raises ``InputProblem`` (``damaged``, ``truncated``, ``frames``) or ``LimitExceeded`` with the numbers."""
    dataset = opened.dataset
    tag = opened.structure.pixel_tag or (0, 0)
    rows, cols = integer(dataset, "Rows"), integer(dataset, "Columns")
    samples = integer(dataset, "SamplesPerPixel") or 1
    bits = _FLOAT_BITS.get(tag[1], integer(dataset, "BitsAllocated") or 0)
    frames = declared_frames(dataset)
    if not rows or not cols or rows < 0 or cols < 0:
        raise limits.damaged(f"it claims {rows or 0} rows and {cols or 0} columns")
    if bits not in (1, 8, 16, 32, 64) or samples not in (1, 3, 4):
        raise limits.damaged(f"it claims {samples} samples of {bits} bits")
    colours = text(dataset, "PhotometricInterpretation")
    if samples > 1 and colours in _OTHER_COLOURS:
        raise InputProblem(f"Its colours are stored as {colours}, which is not read here.",
                           "Ask its sender for a copy in RGB.", "no-decoder")
    if frames is None or frames < 1:
        raise InputProblem(f"The file claims {text(dataset, 'NumberOfFrames')} frames of {rows} x {cols}.",
                           "Ask its sender for a correct copy.", "frames")
    shape = Shape(rows, cols, samples, bits, frames)
    if shape.frame_bytes > limits.FRAME_BYTES:
        raise limits.too_large(f"A frame of {rows} x {cols}", shape.frame_bytes, limits.FRAME_BYTES)
    _check_length(opened, shape)
    if frames > limits.FRAMES:
        raise LimitExceeded(f"The file holds {frames} frames, limit {limits.FRAMES}.",
                            "Split it into several files.", "limit")
    return shape


def _check_length(opened: OpenFile, shape: Shape) -> None:
    structure = opened.structure
    if structure.pixel_length is None:
        found = count_fragments(opened, shape.frames)
        if found < shape.frames:
            raise limits.truncated(f"it claims {shape.frames} frames and holds {found}")
        return
    needed = native_bytes(shape, opened.dataset, shape.frames)
    there = min(structure.pixel_length, opened.size - structure.pixel_start)
    if there < needed:
        what = f"{shape.frames} frames" if shape.frames > 1 else "a frame"
        raise limits.truncated(f"{what} of {shape.rows} x {shape.cols} must have {limits.in_words(needed)} of pixels, "
                               f"it holds {limits.in_words(max(there, 0))}")


def native_bytes(shape: Shape, dataset: Dataset, frames: int) -> int:
    """What ``frames`` frames occupy where nothing is compressed (PS3.5 8.1.1, C.7.6.3.1.2)."""
    bits = shape.rows * shape.cols * shape.samples * shape.bits * frames
    if text(dataset, "PhotometricInterpretation") in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        bits = bits * 2 // 3
    return (bits + 7) // 8


def count_fragments(opened: OpenFile, enough: int) -> int:
    """Complete fragments behind the offset table of encapsulated pixels (PS3.5 A.4), counted up to ``enough``."""
    file = opened.source
    file.seek(opened.structure.pixel_start)
    found = -1  # the first item is the offset table
    while found < min(enough, limits.FRAMES + 1):
        head = file.read(8)
        if len(head) < 8:
            break
        group, element, length = struct.unpack("<HHL", head)
        if (group, element) != (0xFFFE, 0xE000) or length == 0xFFFFFFFF:
            break
        if file.seek(length, 1) > opened.size:
            break
        found += 1
    return max(found, 0)
