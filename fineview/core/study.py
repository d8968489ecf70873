"""Patient, study, series, frame: what was found on disk, before any pixel is decoded (PS3.3 chapter 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fineview.core.companion import Companion
from fineview.core.device import Device
from fineview.core.geometry import Circle, Point, Spacing
from fineview.core.orientation import Orientation
from fineview.core.place import Place

Eye = Literal["R", "L", "B"]
LateralitySource = Literal["header", "file-name", "none"]
Organ = Literal["eye", "paired", "other"]
Verdict = Literal["image", "object", "duplicate", "problem"]


@dataclass(frozen=True, slots=True)
class Laterality:
    """Which eye (or side), and who says so.  Never guessed from pixels.

    ``organ``: what there are two of.  "other": nothing that comes in pairs is named, so that a silent file lacks
    nothing.
    """

    value: Eye | None = None
    source: LateralitySource = "none"
    organ: Organ = "eye"

    @property
    def words(self) -> str:
        return (_EYES if self.organ == "eye" else _SIDES).get(self.value or "", "side unknown")

    @property
    def missing(self) -> bool:
        """Whether a side should be known and is not."""
        return self.value is None and self.organ != "other"


_EYES = {"R": "right eye (OD)", "L": "left eye (OS)", "B": "both eyes (OU)"}
_SIDES = {"R": "right side", "L": "left side", "B": "both sides"}


@dataclass(frozen=True, slots=True)
class Patient:
    """Identity as the file gives it; empty strings where it is silent.  ``birth_date`` as DICOM DA (YYYYMMDD)."""

    name: str = ""
    id: str = ""
    birth_date: str = ""
    sex: str = ""
    issuer: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Two objects belong to one person only where all of these agree; a report never mixes two keys."""
        return (self.issuer, self.id, self.name, self.birth_date)


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """Where one frame's pixels are and how they lie in space.

    ``path``: file that holds it (a member of an archive as ``study.zip/member``).
    ``frame_in_file``: 0-based.  ``sop_uid``: ``None`` for pictures that are not DICOM.
    ``position_mm``: distance along the stack normal, where the file gives one; ``place``: where it lies in the patient.
    ``scan_line``: the B-scan's two end points on the localizer, in localizer source pixels, where known;
    ``scan_circle``: its circle there, where it was scanned along one.
    ``stamp``: of a frame in an instrument's own file, a UID of what was recorded: the same whatever the file is called
    and whichever other frames it holds; "" for DICOM objects, which have ``sop_uid``, and for plain pictures.
    """

    path: str
    frame_in_file: int = 0
    sop_uid: str | None = None
    sop_class_uid: str | None = None
    rows: int = 0
    cols: int = 0
    spacing: Spacing = Spacing()
    orientation: Orientation = Orientation()
    position_mm: float | None = None
    scan_line: tuple[Point, Point] | None = None
    scan_circle: Circle | None = None
    place: Place | None = None
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Frames that belong together, in spatial order where the file gives positions, else instance order.

    ``localizer_uid``: series whose picture the ``scan_line`` of the frames refers to, found by reference.
    ``beside``: every series whose picture can stand beside these frames, the localizer first.
    ``is_volume``: more than one frame of a stack; decides which frame is shown first (the middle one).
    ``frame_rate``: frames per second, where the file tells how fast they are meant to follow each other.
    ``warnings``: sentences such as "slices are not evenly spaced".
    """

    uid: str
    study_uid: str
    modality: str
    description: str = ""
    number: int | None = None
    sop_class: str = ""
    rows: int = 0
    cols: int = 0
    bits: int = 8
    photometric: str = ""
    transfer_syntax: str = ""
    lossy: bool = False
    laterality: Laterality = Laterality()
    spacing: Spacing = Spacing()
    frames: tuple[FrameInfo, ...] = ()
    is_volume: bool = False
    localizer_uid: str | None = None
    frame_of_reference_uid: str | None = None
    warnings: tuple[str, ...] = ()
    device: Device = Device()
    beside: tuple[str, ...] = ()
    frame_rate: float | None = None

    @property
    def default_frame(self) -> int:
        """The middle frame of a volume, frame 0 otherwise."""
        return len(self.frames) // 2 if self.is_volume else 0


@dataclass(frozen=True, slots=True)
class Study:
    """One study of one patient.  ``date`` as DICOM DA (YYYYMMDD) or ""."""

    uid: str
    patient: Patient
    date: str = ""
    time: str = ""
    accession: str = ""
    description: str = ""
    series: tuple[Series, ...] = ()

    def series_by_uid(self, uid: str) -> Series:
        """Raises ``KeyError`` where the study has no such series."""
        for one in self.series:
            if one.uid == uid:
                return one
        raise KeyError(uid)


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that would not open, with its reason and remedy."""

    path: str
    code: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What became of one file.  ``same_as``: path of the copy that is shown instead, for duplicates."""

    path: str
    verdict: Verdict
    sop_uid: str | None = None
    rows: int | None = None
    cols: int | None = None
    frames: int | None = None
    same_as: str | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything found under the paths that were opened.  ``companions``: objects that belong to images."""

    studies: tuple[Study, ...] = ()
    files: tuple[FileVerdict, ...] = ()
    problems: tuple[Problem, ...] = ()
    companions: tuple[Companion, ...] = ()

    def find_series(self, uid: str) -> tuple[Study, Series]:
        """Raises ``KeyError`` where nothing of that UID was found."""
        for study in self.studies:
            for series in study.series:
                if series.uid == uid:
                    return study, series
        raise KeyError(uid)


@dataclass(frozen=True, slots=True)
class FrameKey:
    """Names one frame of one series; index counts from 0 in the order of ``Series.frames``."""

    series_uid: str
    index: int
