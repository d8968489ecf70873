"""Ophthalmic objects written with pydicom after PS3.3 A.41 to A.43, A.52, A.83 and A.84: known pixels, known places.

The eye's volume: B-scans stacked along z (to the head), A-scans along x, depth along y (to the back).  Millimetres are
chosen so that every expected pixel can be worked out by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

STORAGE = "1.2.840.10008.5.1.4.1.1.77.1.5."
OP8, OP16, STEREO, OPT, WIDE_STEREOGRAPHIC, WIDE_3D, EN_FACE, ANALYSIS = (STORAGE + str(n) for n in range(1, 9))
SPACE = "1.2.826.0.1.3680043.2.1.9"
FRAMES, ROWS, COLS = 5, 12, 16
ROW_MM, COL_MM, STEP_MM = 0.004, 0.012, 0.06
CORNER = (1.0, 2.0, 3.0)  # of the first B-scan, mm
EN_FACE_MM = 0.006


def code(value: str, meaning: str, scheme: str = "DCM") -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def reference(sop_class: str, sop: str, frames: int | list[int] | None = None, **more: Any) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop
    if frames is not None:
        item.ReferencedFrameNumber = frames
    for keyword, value in more.items():
        setattr(item, keyword, value)
    return item


def base(sop_class: str, sop: str, series: str, modality: str, pixels: NDArray[Any] | None, **values: Any) -> Dataset:
    """One object of one patient and study; ``pixels`` (frames, rows, cols), (rows, cols) or None."""
    d = Dataset()
    d.SOPClassUID, d.SOPInstanceUID, d.StudyInstanceUID, d.SeriesInstanceUID = UID(sop_class), sop, "1.2.3", series
    d.PatientName, d.PatientID, d.StudyDate, d.Modality, d.ImageLaterality = "EYE^ONE", "7", "20240105", modality, "R"
    if pixels is not None:
        colour = pixels.shape[-1] == 3
        d.SamplesPerPixel, d.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
        if colour:
            d.PlanarConfiguration = 0
        d.Rows, d.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
        d.BitsAllocated = d.BitsStored = 8 * pixels.dtype.itemsize
        d.HighBit, d.PixelRepresentation = d.BitsStored - 1, int(pixels.dtype.kind == "i")
        if pixels.ndim > (3 if colour else 2):
            d.NumberOfFrames = len(pixels)
        d.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
        d["PixelData"].VR = "OW" if d.BitsAllocated > 8 else "OB"
    for keyword, value in values.items():
        setattr(d, keyword, value)
        if value is None:
            delattr(d, keyword)
    return d


def save(d: Dataset, path: Path) -> Path:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = d.SOPClassUID, d.SOPInstanceUID
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    FileDataset(str(path), d, file_meta=meta, preamble=b"\0" * 128).save_as(path, enforce_file_format=True)
    return path


def b_scan_place(n: int) -> tuple[float, float, float]:
    """Centre of the first pixel of B-scan ``n``: scanned from the head downwards, as instruments often do."""
    return CORNER[0], CORNER[1], CORNER[2] - n * STEP_MM


def groups(spacing: tuple[float, float] | None = (ROW_MM, COL_MM), placed: bool = True,
           location: Any = None, referenced: Any = None, derived: Any = None) -> tuple[Sequence, Sequence]:
    """Shared and per-frame functional groups of the volume; the three callables give a frame's own items."""
    shared = Dataset()
    if spacing is not None:
        measures = Dataset()
        measures.PixelSpacing = list(spacing)
        shared.PixelMeasuresSequence = Sequence([measures])
    if placed:
        turned = Dataset()
        turned.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        shared.PlaneOrientationSequence = Sequence([turned])
    frames = []
    for n in range(FRAMES):
        item = Dataset()
        if placed:
            at = Dataset()
            at.ImagePositionPatient = list(b_scan_place(n))
            item.PlanePositionSequence = Sequence([at])
        if location is not None:
            item.OphthalmicFrameLocationSequence = Sequence([location(n)])
        if referenced is not None:
            item.ReferencedImageSequence = Sequence([referenced(n)])
        if derived is not None:
            derivation = Dataset()
            derivation.SourceImageSequence = Sequence([derived(n)])
            derivation.DerivationCodeSequence = code("128303", "OCT B-scan analysis")
            item.DerivationImageSequence = Sequence([derivation])
        frames.append(item)
    return Sequence([shared]), Sequence(frames)


def volume_pixels() -> NDArray[np.uint8]:
    return np.arange(FRAMES * ROWS * COLS, dtype=np.uint32).reshape(FRAMES, ROWS, COLS).astype(np.uint8)


def volume(sop: str = "1.2.3.10", space: str | None = SPACE, pixels: NDArray[Any] | None = None, **parts: Any
           ) -> Dataset:
    """An Ophthalmic Tomography object (A.52); ``parts``: see ``groups``."""
    d = base(OPT, sop, f"{sop}.0", "OPT", volume_pixels() if pixels is None else pixels, SeriesNumber=1,
             FrameOfReferenceUID=space)
    d.SharedFunctionalGroupsSequence, d.PerFrameFunctionalGroupsSequence = groups(**parts)
    return d


def location(localizer: str, ends: Any) -> Any:
    """Ophthalmic Frame Location (C.8.17.10.1): row, column pairs on the localizer; ``ends`` of a frame's number."""
    def of(n: int) -> Dataset:
        item = reference(OP8, localizer)
        item.ReferenceCoordinates = [float(v) for v in ends(n)]
        item.OphthalmicImageOrientation = "LINEAR"
        return item
    return of


def photograph(sop: str = "1.2.3.20", sop_class: str = OP8, size: tuple[int, int] = (40, 50), space: str | None = None,
               dtype: type = np.uint8, **values: Any) -> Dataset:
    pixels = np.arange(size[0] * size[1], dtype=np.uint32).reshape(size).astype(dtype)
    return base(sop_class, sop, f"{sop}.0", "OP", pixels, SeriesNumber=2, FrameOfReferenceUID=space, **values)


def surface(number: int, name: str, offset: int) -> Dataset:
    """One boundary of an en-face slab: which surface of which mesh, and how many pixels behind it."""
    item = Dataset()
    item.ReferencedSOPInstanceUID, item.ReferencedSurfaceNumber = "1.2.3.90", number
    item.SegmentedPropertyTypeCodeSequence = code(str(number), name)
    item.SurfaceMeshZPixelOffset = offset
    return item


def en_face(sop: str = "1.2.3.30", source: str | None = "1.2.3.10", space: str | None = SPACE, placed: bool = True,
            slab: bool = True, size: tuple[int, int] = (48, 40), **values: Any) -> Dataset:
    """An En Face image (A.83) seen from the front: columns to the left of the patient, rows to the feet."""
    pixels = np.arange(size[0] * size[1], dtype=np.uint32).reshape(size).astype(np.uint8)
    d = base(EN_FACE, sop, f"{sop}.0", "OPTENF", pixels, SeriesNumber=3, FrameOfReferenceUID=space,
             PixelSpacing=[EN_FACE_MM, EN_FACE_MM], ImageType=["DERIVED", "PRIMARY"],
             WindowCenter=128, WindowWidth=256, **values)
    if placed:
        d.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        d.ImagePositionPatient = [CORNER[0] - 0.03, CORNER[1], CORNER[2] + 0.03]
    if source is not None:
        d.SourceImageSequence = Sequence([reference(OPT, source)])
    d.OphthalmicImageTypeCodeSequence = code("128258", "Superficial retina vasculature flow")
    if slab:
        d.ReferencedSurfaceMeshIdentificationSequence = Sequence([
            surface(1, "ILM - Internal limiting membrane", 0), surface(3, "Outer surface of IPL", 4)])
    return d


def analysis(sop: str = "1.2.3.40", source: str = "1.2.3.10", space: str | None = SPACE, placed: bool = True,
             pixels: NDArray[Any] | None = None) -> Dataset:
    """A B-scan Volume Analysis (A.84): flow on the frames of the volume, each naming its own."""
    values = np.zeros((FRAMES, ROWS, COLS), np.uint16) if pixels is None else pixels
    d = base(ANALYSIS, sop, f"{sop}.0", "OPTBSV", values, SeriesNumber=4, FrameOfReferenceUID=space,
             ImageType=["ORIGINAL", "PRIMARY"])
    d.SharedFunctionalGroupsSequence, d.PerFrameFunctionalGroupsSequence = groups(
        placed=placed, derived=lambda n: reference(OPT, source, n + 1, SpatialLocationsPreserved="YES"))
    return d


def stereometric(left: str = "1.2.3.20", right: str = "1.2.3.21") -> Dataset:
    """A Stereometric Relationship (A.43): no pixels, two photographs."""
    d = base(STEREO, "1.2.3.50", "1.2.3.50.0", "SMR", None)
    pair = Dataset()
    pair.StereoBaselineAngle, pair.StereoHorizontalPixelOffset, pair.StereoVerticalPixelOffset = 7.5, 0.0, 0.0
    pair.LeftImageSequence = Sequence([reference(OP8, left)])
    pair.RightImageSequence = Sequence([reference(OP8, right)])
    d.StereoPairsSequence = Sequence([pair])
    return d
