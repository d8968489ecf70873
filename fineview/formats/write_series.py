"""Single-frame MR files: test and benchmark series of any length, and of any size on a nearly empty disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset

from fineview.formats.secondary_capture import to_bytes
from fineview.formats.write_sample import sample_uid


def write_series(folder: Path, frames: Sequence[NDArray[Any]]) -> tuple[Path, ...]:
    """Write (R, C) uint8 frames as one MR series, 1 mm pixels, 2 mm apart, without file extensions."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, pixels in enumerate(frames):
        path = folder / f"IM{index:05d}"
        path.write_bytes(to_bytes(_slice(np.ascontiguousarray(pixels, dtype=np.uint8), index)))
        paths.append(path)
    return tuple(paths)


def write_sparse_series(folder: Path, count: int, shape: tuple[int, int]) -> tuple[Path, ...]:
    """Write ``count`` frames of 16-bit zeros as one MR series; the file system stores no zeros (a sparse file).

    Read, they fill memory like any other pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, cols = shape
    paths = []
    for index in range(count):
        d = _header(index)
        d.Rows, d.Columns = shape
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 0
        d.PixelData = b""
        d["PixelData"].VR = "OW"
        path = folder / f"IM{index:05d}"
        # Pixel data is the last element, and its length the last four bytes (PS3.5 7.1.2).
        with path.open("wb") as file:
            file.write(to_bytes(d)[:-4] + (2 * rows * cols).to_bytes(4, "little"))
            file.truncate(file.tell() + 2 * rows * cols)
        paths.append(path)
    return tuple(paths)


def _slice(pixels: NDArray[np.uint8], index: int) -> Dataset:
    d = _header(index)
    d.Rows, d.Columns = pixels.shape
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 8, 8, 7, 0
    data = pixels.tobytes()
    d.PixelData = data + b"\0" * (len(data) % 2)
    d["PixelData"].VR = "OB"
    return d


def _header(index: int) -> Dataset:
    d = Dataset()
    d.SpecificCharacterSet = "ISO_IR 192"
    d.SOPClassUID, d.SOPInstanceUID = uid.MRImageStorage, sample_uid(f"series slice {index}")
    d.StudyInstanceUID, d.SeriesInstanceUID = sample_uid("series study"), sample_uid("series series")
    d.PatientName, d.PatientID, d.Modality = "SERIES^TEST", "FV-SERIES", "MR"
    d.SeriesNumber, d.InstanceNumber = 1, index + 1
    d.ImagePositionPatient, d.ImageOrientationPatient = [0, 0, 2 * index], [1, 0, 0, 0, 1, 0]
    d.PixelSpacing, d.SpacingBetweenSlices = [1, 1], 2
    d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
    return d
