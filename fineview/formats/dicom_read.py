"""A DICOM file's header -> one ``FileRecord``.  Runs in the reading child."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from pydicom.dataset import Dataset

from fineview.core.companion import Companion
from fineview.core.device import Device
from fineview.core.errors import FineViewError
from fineview.core.study import FrameInfo, Laterality, Patient, Problem
from fineview.formats import codecs
from fineview.formats.cine import frame_rate
from fineview.formats.concatenations import concatenation_of
from fineview.formats.content import content_uid
from fineview.formats.directions import cosines, normal_of, orientation_of, place_of, position_of
from fineview.formats.laterality import OPHTHALMIC, laterality_of
from fineview.formats.objects import companion_of
from fineview.formats.ophthalmic import referenced, scan_shape, slab_words, sources
from fineview.formats.part10 import DEFLATED, OpenFile, open_dicom
from fineview.formats.pixel_check import checked_shape, declared_frames
from fineview.formats.record import FileRecord
from fineview.formats.spacing import spacing_of
from fineview.formats.values import Groups, integer, items, text

DIRECTORY_CLASS = "1.2.840.10008.1.3.10"
_PROGRAM = "The file's preamble holds a program. It is never run here; do not run the file."
_ALWAYS_LOSSY = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81"})
_MAYBE_LOSSY = frozenset({"1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.93", "1.2.840.10008.1.2.4.203",
                          "1.2.840.10008.1.2.4.110"})


def read_record(path: str) -> FileRecord:
    """Raises ``FineViewError`` where not even the header can be read; refused pixels are in ``record.problem``."""
    opened = open_dicom(path)
    with opened.source:
        return record_of(opened, path)


def record_of(opened: OpenFile, path: str) -> FileRecord:
    dataset = opened.dataset
    known = _identity(dataset, path)
    sop_class = known["sop_class_uid"] or str(dataset.file_meta.get("MediaStorageSOPClassUID", ""))
    known["sop_class_uid"] = sop_class
    known["warnings"] = (_PROGRAM,) if opened.front.program else ()
    if not known["sop_uid"]:
        known["content_uid"] = content_uid(_digest(opened), "instance")
    if sop_class == DIRECTORY_CLASS:
        return FileRecord(kind="directory", **known)
    if opened.structure.pixel_tag is None or not integer(dataset, "Rows"):
        known |= {"rows": integer(dataset, "Rows"), "cols": integer(dataset, "Columns")}
        return FileRecord(kind="object", companion=_companion(dataset, known, False), **known)
    known |= _picture(opened) | {"concatenation": concatenation_of(dataset)}
    if codecs.is_video(known["transfer_syntax"]):
        return FileRecord(kind="object", companion=_video(dataset, known), **known)
    try:
        if opened.structure.pixel_length is None:
            codecs.available(known["transfer_syntax"])
        shape = checked_shape(opened)
    except FineViewError as error:
        return FileRecord(kind="problem", problem=Problem(path, error.code, error.what, error.remedy), **known)
    groups = Groups(dataset)
    laterality = laterality_of(dataset, groups, path)
    return FileRecord(kind="image", laterality=laterality, companion=_companion(dataset, known, True), **known,
                      **_frames(dataset, groups, path, shape.frames, laterality, known))


def _companion(dataset: Dataset, known: dict[str, Any], pictured: bool) -> Companion | None:
    return companion_of(dataset, known["path"], known["sop_class_uid"], known["patient"].key, pictured)


def _video(dataset: Dataset, known: dict[str, Any]) -> Companion | None:
    made = _companion(dataset, known, False)
    note = f"It holds a video in {codecs.title(known['transfer_syntax'])}; videos are not shown."
    return replace(made, note=note) if made is not None else None


def _identity(dataset: Dataset, path: str) -> dict[str, Any]:
    """Patient, study, series and instance as the file gives them."""
    patient = Patient(text(dataset, "PatientName"), text(dataset, "PatientID"), _date(dataset, "PatientBirthDate"),
                      text(dataset, "PatientSex"), text(dataset, "IssuerOfPatientID"))
    meta_uid = str(dataset.file_meta.get("MediaStorageSOPInstanceUID", ""))
    return {"path": path, "patient": patient,
            "sop_uid": text(dataset, "SOPInstanceUID") or meta_uid, "sop_class_uid": text(dataset, "SOPClassUID"),
            "study_uid": text(dataset, "StudyInstanceUID"), "study_date": _date(dataset, "StudyDate"),
            "study_time": text(dataset, "StudyTime"), "study_description": text(dataset, "StudyDescription"),
            "accession": text(dataset, "AccessionNumber"), "series_uid": text(dataset, "SeriesInstanceUID"),
            "series_number": integer(dataset, "SeriesNumber"),
            "series_description": _described(dataset), "modality": text(dataset, "Modality"),
            "instance_number": integer(dataset, "InstanceNumber"), "device": _device(dataset)}


def _described(dataset: Dataset) -> str:
    """What the series is called; of an en-face image also which slab it shows."""
    return ": ".join(part for part in (text(dataset, "SeriesDescription"), slab_words(dataset)) if part)


def _device(dataset: Dataset) -> Device:
    return Device(text(dataset, "Manufacturer"), text(dataset, "ManufacturerModelName"),
                  text(dataset, "SoftwareVersions").replace("\\", ", "))


def _digest(opened: OpenFile) -> bytes:
    """Of what was read: inflated, where the file is compressed as a whole, so that both kinds of copy are copies."""
    opened.source.seek(0)
    digest = hashlib.sha256()
    while piece := opened.source.read(1 << 20):
        digest.update(piece)
    return digest.digest()


def _date(dataset: Dataset, keyword: str) -> str:
    """YYYYMMDD; files from before 1993 separate with dots (PS3.5 6.2, note on ACR-NEMA)."""
    return text(dataset, keyword).replace(".", "")


def _picture(opened: OpenFile) -> dict[str, Any]:
    dataset = opened.dataset
    syntax = DEFLATED if opened.front.inflated else str(dataset.file_meta.TransferSyntaxUID)
    return {"rows": integer(dataset, "Rows"), "cols": integer(dataset, "Columns"),
            "frame_count": declared_frames(dataset),
            "bits": integer(dataset, "BitsStored") or integer(dataset, "BitsAllocated") or _float_bits(opened),
            "photometric": text(dataset, "PhotometricInterpretation"), "transfer_syntax": syntax,
            "lossy": _is_lossy(dataset, syntax), "frame_rate": frame_rate(dataset),
            "frame_of_reference_uid": text(dataset, "FrameOfReferenceUID")}


def _float_bits(opened: OpenFile) -> int:
    return 64 if opened.structure.pixel_tag == (0x7FE0, 0x0009) else 32


def _is_lossy(dataset: Dataset, syntax: str) -> bool:
    """PS3.3 C.7.6.1.1.5: once lossy, always said; a syntax that cannot be lossless overrules a "00"."""
    said = text(dataset, "LossyImageCompression")
    if said == "01" or syntax in _ALWAYS_LOSSY:
        return True
    return said != "00" and syntax in _MAYBE_LOSSY


def _frames(dataset: Dataset, groups: Groups, path: str, count: int, laterality: Laterality,
            known: dict[str, Any]) -> dict[str, Any]:
    # A file name may be anybody's: nasal and temporal come from the header alone.
    sure = laterality.source == "header" and known["modality"] in OPHTHALMIC
    eye = laterality.value if sure else None
    frames, normals, localizer = [], set(), ""
    for index in range(count):
        pair = cosines(dataset, groups, index)
        normal = normal_of(pair) if pair is not None else None
        normals.add(tuple(round(c, 3) + 0.0 for c in normal) if normal is not None else None)
        place = place_of(dataset, groups, index, pair)
        reference, line, circle = scan_shape(groups, index)
        localizer = localizer or reference
        frames.append(FrameInfo(
            path, index, known["sop_uid"] or None, known["sop_class_uid"] or None, known["rows"], known["cols"],
            spacing_of(dataset, groups, index), orientation_of(dataset, pair, eye),
            position_of(place), line, circle, place, _stamp(known, index)))
    return {"frames": tuple(frames), "localizer_sop": localizer or referenced(dataset, groups),
            "source_sops": sources(dataset),
            "normal": next(iter(normals)) if len(normals) == 1 else None}


def _stamp(known: dict[str, Any], frame: int) -> str:
    """Of a file that does not say which instance it is: what is in it."""
    return "" if known["sop_uid"] else content_uid(known["content_uid"].encode(), f"frame {frame}")


def directory_references(path: str) -> tuple[tuple[str, ...], ...]:
    """Referenced File ID components of a DICOMDIR's records, in order (PS3.3 F.3)."""
    opened = open_dicom(path)
    with opened.source:
        found = []
        for item in items(opened.dataset, "DirectoryRecordSequence"):
            words = tuple(w for w in text(item, "ReferencedFileID").split("\\") if w)
            if words:
                found.append(words)
        return tuple(dict.fromkeys(found))
