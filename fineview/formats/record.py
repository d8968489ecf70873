"""What the reading child tells about one file: plain values, later grouped into studies.

A DICOM file or picture gives one record; an instrument's own file gives one for each recording in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fineview.core.companion import Companion
from fineview.core.device import Device
from fineview.core.study import FrameInfo, Laterality, Patient, Problem

RecordKind = Literal["image", "object", "directory", "problem"]


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Which part of a larger multi-frame image a file is.  ``number`` from 1; ``offset``: frames before its first."""

    uid: str
    number: int
    total: int | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file's header, or one recording of it.

    ``kind`` "directory": a DICOMDIR.  ``problem`` is set where the pixels must be refused.
    ``normal``: stacking direction where all frames of the file share one.  ``localizer_sop``: SOP instance the
    frames' scan lines refer to; ``localizer_series`` where it lies in the same file and has no instance of its own.
    ``frame_count``: as the file claims, also where it is refused for it.  ``content_uid``: of the bytes of a file
    that is not DICOM: those with the same one are copies.  ``parts``: other files that hold this one's pixels.
    ``frame_rate``: frames per second, where the file tells how fast they are meant to follow each other.
    ``companion``: what the file lays beside or over images, if anything.  ``source_sops``: instances that an en-face
    image was made of.  ``concatenation``: where the file is a part of an image that was cut.
    """

    path: str
    kind: RecordKind
    sop_uid: str = ""
    sop_class_uid: str = ""
    patient: Patient = Patient()
    study_uid: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    accession: str = ""
    series_uid: str = ""
    series_number: int | None = None
    series_description: str = ""
    modality: str = ""
    instance_number: int | None = None
    rows: int | None = None
    cols: int | None = None
    frame_count: int | None = None
    bits: int = 8
    photometric: str = ""
    transfer_syntax: str = ""
    lossy: bool = False
    laterality: Laterality = Laterality()
    frame_of_reference_uid: str = ""
    normal: tuple[float, float, float] | None = None
    localizer_sop: str = ""
    localizer_series: str = ""
    content_uid: str = ""
    parts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    frame_rate: float | None = None
    frames: tuple[FrameInfo, ...] = ()
    problem: Problem | None = None
    companion: Companion | None = None
    device: Device = Device()
    source_sops: tuple[str, ...] = ()
    concatenation: Concatenation | None = None
