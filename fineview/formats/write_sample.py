"""An invented eye as two DICOM files: an OCT volume and the colour photograph its scan lines refer to.

Ophthalmic Tomography Image (PS3.3 A.52) and Ophthalmic Photography 8 Bit Image (A.41), lossless JPEG-LS, one study.
Equal pixels give equal bytes: UIDs come from the names below, dates are fixed.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from fineview.formats.sample_modules import common, photo_modules, tomography_modules

_IMPLEMENTATION = "FINEVIEW_1"


@dataclass(frozen=True, slots=True, eq=False)
class SampleImages:
    """``volume`` (F, R, C) uint8, frame 0 nearest to the head; ``photo`` (H, W, 3) uint8.

    ``spacing_mm``: between B-scans, axial, lateral.  ``photo_mm``: one photograph pixel.  ``scan_lines`` (F, 4): x0,
    y0, x1, y1 on the photograph, corner of its top-left pixel at (0, 0).  ``laterality``: "R" or "L".
    """

    volume: NDArray[np.uint8]
    photo: NDArray[np.uint8]
    spacing_mm: tuple[float, float, float]
    photo_mm: float
    scan_lines: NDArray[np.float64]
    laterality: str


def sample_uid(name: str) -> str:
    """A fixed UID for each object of the sample (PS3.5 B.2)."""
    digest = hashlib.sha256(f"fineview sample {name}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def write_sample(images: SampleImages) -> dict[str, bytes]:
    """File name -> bytes.  Frames are stored from feet to head, so that stored order is spatial order."""
    photo, tomography = photograph(images), volume(images)
    return {"photograph.dcm": _file(photo, [images.photo]),
            "volume.dcm": _file(tomography, list(images.volume[::-1]))}


def photograph(images: SampleImages) -> Dataset:
    """The fundus photograph's data set, without pixels."""
    dataset = common(uid.OphthalmicPhotography8BitImageStorage, "photograph", sample_uid, images.laterality)
    photo_modules(dataset, images.photo.shape, images.photo_mm)
    return dataset


def volume(images: SampleImages) -> Dataset:
    """The OCT volume's data set, without pixels."""
    dataset = common(uid.OphthalmicTomographyImageStorage, "volume", sample_uid, images.laterality)
    tomography_modules(dataset, images.volume.shape, images.spacing_mm, images.scan_lines[::-1], sample_uid,
                       images.laterality)
    return dataset


def _file(dataset: Dataset, frames: list[NDArray[np.uint8]]) -> bytes:
    import jpeg_ls

    streams = [bytes(jpeg_ls.encode_array(np.ascontiguousarray(f), interleave_mode=2 if f.ndim == 3 else 0))
               for f in frames]
    dataset.PixelData = encapsulate(streams)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.TransferSyntaxUID = uid.JPEGLSLossless
    meta.ImplementationClassUID, meta.ImplementationVersionName = uid.UID(sample_uid("implementation")), _IMPLEMENTATION
    dataset.file_meta = meta
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()
