"""Does every decoder of this installation give back a picture that is known?  The whole way, through the reading child.

That a package is installed says little: a frozen program may lack the library behind it.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

from fineview.core.errors import FineViewError, InputProblem
from fineview.core.image import Raster
from fineview.core.study import FrameInfo
from fineview.formats import jpeg_xl
from fineview.formats.codec_samples import COLS, ROWS, SAMPLES, Sample
from fineview.formats.codecs import PLUGINS, available, package_of, title


@dataclass(frozen=True, slots=True)
class CodecVerdict:
    """``package``: what decodes it, "" where nothing does.  ``optional``: not installed unless asked for."""

    syntax: str
    title: str
    package: str
    problem: FineViewError | None = None
    optional: bool = False


def check_codecs(read: Callable[[FrameInfo], Raster]) -> tuple[CodecVerdict, ...]:
    """One verdict a transfer syntax.  ``read``: the archive's way to a frame."""
    with tempfile.TemporaryDirectory() as folder:
        return tuple(_checked(syntax, Path(folder, "picture.dcm"), read) for syntax in PLUGINS)


def _checked(syntax: str, path: Path, read: Callable[[FrameInfo], Raster]) -> CodecVerdict:
    package = ""
    try:
        package = package_of(available(syntax)[0], syntax)
        path.write_bytes(file_of(syntax))
        found = read(FrameInfo(str(path))).pixels
        _compare(found, SAMPLES[syntax])
    except FineViewError as error:
        return CodecVerdict(syntax, title(syntax), package, error, not package and syntax in jpeg_xl.SYNTAXES)
    return CodecVerdict(syntax, title(syntax), package)


def _compare(found: np.ndarray, sample: Sample) -> None:
    if found.shape != (ROWS, COLS) or int(np.abs(found.astype(np.int64) - sample.pixels).max()) > sample.off:
        raise InputProblem("A known picture came out wrong.", "Install FineView again.", "wrong-pixels")


def file_of(syntax: str) -> bytes:
    """The sample of ``syntax`` as a DICOM file."""
    sample = SAMPLES[syntax]
    d = Dataset()
    d.SOPClassUID, d.SOPInstanceUID = uid.SecondaryCaptureImageStorage, "1.2.3"
    d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
    d.Rows, d.Columns = ROWS, COLS
    d.BitsAllocated, d.BitsStored, d.HighBit = 8 if sample.bits == 8 else 16, sample.bits, sample.bits - 1
    d.PixelData = encapsulate([sample.stream])
    d["PixelData"].VR, d["PixelData"].is_undefined_length = "OB", True
    d.file_meta = FileMetaDataset()
    # pydicom writes no syntax that it does not know: one of the same length takes its place until the end.
    d.file_meta.TransferSyntaxUID = uid.HTJ2K if syntax in jpeg_xl.SYNTAXES else uid.UID(syntax)
    d.file_meta.MediaStorageSOPClassUID, d.file_meta.MediaStorageSOPInstanceUID = d.SOPClassUID, d.SOPInstanceUID
    out = io.BytesIO()
    d.save_as(out, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return out.getvalue().replace(d.file_meta.TransferSyntaxUID.encode(), syntax.encode(), 1)
