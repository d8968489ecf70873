"""Small DICOM files built byte by byte or with pydicom, for tests that need a certain lie in them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset


def image(syntax: str = uid.ExplicitVRLittleEndian, sop: str = "1.2.3.4", **values: Any) -> Dataset:
    """A 4 x 6 MR slice with pixels 0..23; ``values`` replace or add attributes."""
    d = Dataset()
    d.SOPClassUID, d.SOPInstanceUID = uid.MRImageStorage, sop
    d.StudyInstanceUID, d.SeriesInstanceUID, d.Modality = "1.2.3", "1.2.3.1", "MR"
    d.PatientName, d.PatientID = "TEST^ONE", "1"
    d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
    d.Rows, d.Columns, d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 4, 6, 16, 16, 15, 0
    d.PixelData = np.arange(24, dtype="<u2").tobytes()
    for keyword, value in values.items():
        setattr(d, keyword, value)
    d["PixelData"].VR = "OW"
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = syntax
    d.file_meta.MediaStorageSOPClassUID, d.file_meta.MediaStorageSOPInstanceUID = d.SOPClassUID, sop
    return d


def as_bytes(dataset: Dataset) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def meta(syntax: str) -> bytes:
    """Preamble, mark and a group 2 that names only ``syntax``."""
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    body = struct.pack("<HH2sH", 2, 0x10, b"UI", len(value)) + value
    return b"\0" * 128 + b"DICM" + struct.pack("<HH2sHL", 2, 0, b"UL", 4, len(body)) + body


def deflated_bomb(size: int) -> bytes:
    """``size`` zero bytes as one UN element, deflated: about a thousandth of that on disk."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = struct.pack("<HH2sHL", 0x0009, 0x1001, b"UN", 0, size)
    out = meta(uid.DeflatedExplicitVRLittleEndian) + packer.compress(head)
    block = b"\0" * (1 << 20)
    for _ in range(size >> 20):
        out += packer.compress(block)
    return out + packer.flush()


def busy(elements: int) -> bytes:
    """Empty private elements without number, deflated: little to read and much to do."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = b"".join(struct.pack("<HH2sH", 0x0009 + 2 * (n // 240), 0x1000 + n % 240, b"LO", 0) for n in range(2400))
    out = meta(uid.DeflatedExplicitVRLittleEndian)
    for _ in range(elements // 2400):
        out += packer.compress(block)
    return out + packer.flush()


def nested(depth: int) -> bytes:
    """Sequences of undefined length, one inside the other."""
    opening = struct.pack("<HH2sHL", 0x0008, 0x1115, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000,
                                                                                      0xFFFFFFFF)
    closing = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    return meta(uid.ExplicitVRLittleEndian) + opening * depth + closing * depth
