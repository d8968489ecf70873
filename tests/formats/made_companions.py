"""Objects made for tests with plain pydicom, so that every number in them is the test's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

ROOT = "1.2.826.0.1.3680043.10.999."
STORAGE = "1.2.840.10008.5.1.4.1.1."
STUDY, SERIES, SPACE = ROOT + "1", ROOT + "2", ROOT + "3"
RIGHT, DOWN = (0.8, 0.6, 0.0), (0.0, 0.0, -1.0)
CORNER = (10.0, -20.0, 30.0)
STEP = (2.0, 0.5)  # between rows, between columns


def item(**values: object) -> Dataset:
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def code(value: str, scheme: str, words: str) -> list[Dataset]:
    return [item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=words)]


def refer(uid: str, *frames: int) -> Dataset:
    made = item(ReferencedSOPClassUID=STORAGE + "2", ReferencedSOPInstanceUID=uid)
    if frames:
        made.ReferencedFrameNumber = list(frames)
    return made


def data_set(sop_class: str, uid: str, modality: str, implicit: bool = False) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, uid
    meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = sop_class, uid, modality
    made.StudyInstanceUID, made.SeriesInstanceUID = STUDY, ROOT + f"2.{int.from_bytes(modality.encode())}"
    made.PatientName, made.PatientID, made.StudyDate = "Doe^Jane", "p1", "20240102"
    made.SeriesNumber, made.InstanceNumber = "1", "1"
    return made


def save(made: FileDataset, path: Path) -> Path:
    made.save_as(path, enforce_file_format=True)
    return path


def slice_of(folder: Path, number: int, rows: int = 8, cols: int = 12, **extra: object) -> Path:
    """CT slice ``number`` of a tilted stack: along RIGHT x DOWN in steps of 4 mm, 4 mm thick."""
    made = data_set(STORAGE + "2", ROOT + f"4.{number}", "CT")
    made.SeriesInstanceUID, made.FrameOfReferenceUID = SERIES, SPACE
    corner = np.array(CORNER) + 4.0 * number * np.cross(RIGHT, DOWN)
    made.ImagePositionPatient = [f"{one:.6g}" for one in corner]
    made.ImageOrientationPatient, made.PixelSpacing, made.SliceThickness = [*RIGHT, *DOWN], list(STEP), 4
    made.Rows, made.Columns, made.InstanceNumber = rows, cols, number
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 12, 11
    for name, value in extra.items():
        setattr(made, name, value)
    if "PixelData" not in extra:
        made.PixelData = np.arange(rows * cols, dtype="<u2").tobytes()
    return save(made, folder / f"slice{number}.dcm")


def in_patient(number: int, x: float, y: float) -> np.ndarray:
    """Patient coordinates of source point (x, y) of slice ``number``, by C.7.6.2.1.1's formula: centres at 0.5."""
    corner = np.array(CORNER) + 4.0 * number * np.cross(RIGHT, DOWN)
    return corner + (x - 0.5) * STEP[1] * np.array(RIGHT) + (y - 0.5) * STEP[0] * np.array(DOWN)


def structures(folder: Path, contours: Sequence[tuple[str, Sequence[float]]], name: str = "Cord",
               space: str = SPACE) -> Path:
    made = data_set(STORAGE + "481.3", ROOT + "5", "RTSTRUCT")
    made.StructureSetLabel = "Plan A"
    made.StructureSetROISequence = [item(ROINumber=7, ReferencedFrameOfReferenceUID=space, ROIName=name,
                                         ROIGenerationAlgorithm="MANUAL")]
    made.ROIContourSequence = [item(ReferencedROINumber=7, ROIDisplayColor=[10, 200, 30], ContourSequence=[
        item(ContourGeometricType=kind, NumberOfContourPoints=len(data) // 3, ContourData=[f"{v:.9g}" for v in data])
        for kind, data in contours])]
    return save(made, folder / "structures.dcm")


def presentation(folder: Path, number: int = 0, **extra: object) -> Path:
    made = data_set(STORAGE + "11.1", ROOT + "6", "PR")
    made.ContentLabel, made.ContentDescription, made.ContentCreatorName = "KEY", "for the meeting", "Roe^Richard"
    made.ReferencedSeriesSequence = [item(SeriesInstanceUID=SERIES,
                                          ReferencedImageSequence=[refer(ROOT + f"4.{number}")])]
    made.PresentationLUTShape = "IDENTITY"
    for name, value in extra.items():
        setattr(made, name, value)
    return save(made, folder / "presentation.dcm")


def content(kind: str, relation: str, concept: list[Dataset], **values: object) -> Dataset:
    return item(ValueType=kind, RelationshipType=relation, ConceptNameCodeSequence=concept, **values)


def report(folder: Path, children: list[Dataset], sop: str = "88.33",
           words: str = "Imaging Measurement Report") -> Path:
    made = data_set(STORAGE + sop, ROOT + "8", "SR" if sop != "88.59" else "KO")
    made.ValueType, made.ConceptNameCodeSequence = "CONTAINER", code("126000", "DCM", words)
    made.ContentSequence = children
    return save(made, folder / "report.dcm")
