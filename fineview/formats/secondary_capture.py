"""A picture that is not DICOM, written as Secondary Capture under a new UID, so that a report can refer to it.

Multi-frame kinds are not needed: one picture, one file (PS3.3 A.8.1, C.8.6).
"""

from __future__ import annotations

import dataclasses
import io
from datetime import datetime
from pathlib import PurePath
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset

from fineview.core.image import Raster
from fineview.core.report import Report, ReportItem
from fineview.core.study import FrameInfo, FrameKey
from fineview.formats.write_sample import sample_uid
from fineview.imaging.window import to_rgb


class _Reader(Protocol):
    def read_frame(self, frame: FrameInfo) -> Raster: ...


def capture_pictures(report: Report, archive: _Reader) -> tuple[Report, tuple[tuple[str, bytes], ...]]:
    """The report with each picture's items referring to a new Secondary Capture, and those files (name, bytes)."""
    files: dict[tuple[str, int], tuple[str, bytes, FrameInfo]] = {}
    items = []
    for item in report.items:
        if item.frame.sop_uid and item.frame.sop_class_uid:
            items.append(item)
            continue
        key = (item.frame.path, item.frame.frame_in_file)
        if key not in files:
            rgb = to_rgb(archive.read_frame(item.frame))
            files[key] = _capture(report, item, rgb, len(files) + 1)
        items.append(_referring(report, item, files[key][2]))
    return (dataclasses.replace(report, items=tuple(items)), tuple((name, data) for name, data, _ in files.values()))


def _referring(report: Report, item: ReportItem, frame: FrameInfo) -> ReportItem:
    key = FrameKey(_series_uid(report), 0)
    finding = dataclasses.replace(item.finding, frame=key, sop_uid=frame.sop_uid, frame_in_file=0)
    return dataclasses.replace(item, frame=frame, finding=finding)


def _series_uid(report: Report) -> str:
    return _uid(report, "secondary capture series")


def _uid(report: Report, *words: str) -> str:
    from fineview.formats.sr_document import derived_uid

    return derived_uid(report.uid, report.study_uid, *words)


def _capture(report: Report, item: ReportItem, rgb: NDArray[np.uint8], number: int) -> tuple[str, bytes, FrameInfo]:
    instance = _uid(report, "secondary capture", item.frame.path, str(item.frame.frame_in_file))
    dataset = captured(report, rgb, instance, _series_uid(report), number, item.laterality.value,
                       PurePath(item.frame.path).name)
    name = f"capture-{number}.dcm"
    frame = dataclasses.replace(item.frame, path=name, frame_in_file=0, sop_uid=instance,
                                sop_class_uid=str(uid.SecondaryCaptureImageStorage))
    return name, to_bytes(dataset), frame


def captured(report: Report, rgb: NDArray[np.uint8], instance_uid: str, series_uid: str, number: int,
             side: str | None, origin: str) -> Dataset:
    """Secondary Capture of ``rgb`` (H, W, 3) uint8 with the report's identity; derived, made at the workstation."""
    created = datetime.fromisoformat(report.created)
    d = Dataset()
    d.SpecificCharacterSet = "ISO_IR 192"
    d.SOPClassUID, d.SOPInstanceUID = uid.SecondaryCaptureImageStorage, instance_uid
    d.ImageType = ["DERIVED", "SECONDARY"]
    d.ConversionType, d.Modality = "WSD", "OT"
    d.PatientName, d.PatientID = report.patient.name, report.patient.id
    d.PatientBirthDate, d.PatientSex = report.patient.birth_date, report.patient.sex
    d.StudyInstanceUID, d.SeriesInstanceUID = report.study_uid, series_uid
    d.StudyDate, d.StudyTime, d.StudyID, d.AccessionNumber = report.study_date, "", "", report.accession
    d.ReferringPhysicianName, d.StudyDescription = "", report.study_description[:64]
    d.SeriesNumber, d.InstanceNumber, d.SeriesDescription = 9000, number, "Pictures behind the findings"
    d.ContentDate, d.ContentTime = created.strftime("%Y%m%d"), created.strftime("%H%M%S")
    d.InstanceCreationDate, d.InstanceCreationTime = d.ContentDate, d.ContentTime
    d.SecondaryCaptureDeviceManufacturer = "FineView"
    d.DerivationDescription = f"8-bit colour copy of the picture {origin}"[:1024]
    d.Laterality, d.PatientOrientation = side if side in ("R", "L") else "", ""
    d.SamplesPerPixel, d.PhotometricInterpretation, d.PlanarConfiguration = 3, "RGB", 0
    d.Rows, d.Columns = rgb.shape[:2]
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 8, 8, 7, 0
    data = np.ascontiguousarray(rgb).tobytes()
    d.PixelData = data + b"\0" * (len(data) % 2)
    d["PixelData"].VR = "OB"
    return d


def to_bytes(dataset: Dataset) -> bytes:
    """Part 10 file, Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid.UID(sample_uid("implementation"))
    dataset.file_meta = meta
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()
