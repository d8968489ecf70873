"""Single-frame MR files with given pixels: test and benchmark series of any length."""

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


def _slice(pixels: NDArray[np.uint8], index: int) -> Dataset:
    d = Dataset()
    d.SpecificCharacterSet = "ISO_IR 192"
    d.SOPClassUID, d.SOPInstanceUID = uid.MRImageStorage, sample_uid(f"series slice {index}")
    d.StudyInstanceUID, d.SeriesInstanceUID = sample_uid("series study"), sample_uid("series series")
    d.PatientName, d.PatientID, d.Modality = "SERIES^TEST", "FV-SERIES", "MR"
    d.SeriesNumber, d.InstanceNumber = 1, index + 1
    d.ImagePositionPatient, d.ImageOrientationPatient = [0, 0, 2 * index], [1, 0, 0, 0, 1, 0]
    d.PixelSpacing, d.SpacingBetweenSlices = [1, 1], 2
    d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
    d.Rows, d.Columns = pixels.shape
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 8, 8, 7, 0
    data = pixels.tobytes()
    d.PixelData = data + b"\0" * (len(data) % 2)
    d["PixelData"].VR = "OB"
    return d
