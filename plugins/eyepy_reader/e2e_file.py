"""One E2E file as eyepy indexes it -> recordings, pictures in their order, pixels and layer lines.

Scale.  The file holds the depth of a pixel in millimetres, and positions across in degrees of the visual field only.
Degrees become millimetres with 0.2896 mm each, HEYEX's figure for an eye of medium length: assumed, and said so.
The localizer's field is nowhere in the file; as in eyepy it is taken to be 30 degrees wide, and said so.

Grey.  Reflectivity is stored in 16 bits: 6 of exponent above 10 of mantissa.  It is decoded here, not by eyepy, which
(0.21) takes the bits of the mantissa from the wrong end: the table of grey values that LibOctData measured on the
maker's own exports rises steadily with the stored number, and with it LibOctData's own formula, which is the one below.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from eyepy.io.he import HeE2eReader
from eyepy.io.he.e2e_format import TypesEnum, containerheader_format
from eyepy.io.he.vol_reader import SEG_MAPPING
from numpy.typing import NDArray

from fineview.api import (
    Device,
    FrameInfo,
    InputProblem,
    Laterality,
    LayerLine,
    Patient,
    Point,
    Recording,
    ScaleSource,
    Spacing,
)

MM_PER_DEGREE = 0.2896
FIELD_DEGREES = 30.0
SCALE_WORDS = ("The file gives distances across in degrees only: millimetres are assumed, 0.2896 mm a degree as for an "
               "eye of medium length.")
FIELD_WORDS = ("The file does not say how wide the localizer's field is: 30 degrees are assumed, and with them where "
               "the B-scans lie on it.")
CIRCLE_WORDS = "The circle of this scan is not drawn on the localizer."
_BSCAN, _LOCALIZER = 35652097, 33620481
_FIRST_BLOCK, _DATA_BEHIND = 88, containerheader_format.sizeof()
_HEAD = struct.Struct("<5I")
_EMPTY = 1.99
_CIRCLE = 2
_LAYERS = {number: name for name, number in SEG_MAPPING.items()}
_SIDES = {82: "R", 76: "L"}


@dataclass(frozen=True, slots=True)
class _Picture:
    """Where one picture lies: eyepy's folder with its pixels, and for B-scans eyepy's slice."""

    folder: Any
    slice: Any
    rows: int
    cols: int


class E2EFile:
    """The index of one file; pixels are read when asked for.  Raises what eyepy raises where the file is damaged."""

    def __init__(self, path: Path) -> None:
        _refuse_circles(path)
        self._reader = HeE2eReader(path)
        self._path = str(path)
        self._pictures: list[_Picture] = []
        self.recordings: tuple[Recording, ...] = ()
        with self._reader:
            for series in self._reader.series:
                self._add(series)
            self._tell_what_is_left_out()

    def pixels(self, frame: int) -> NDArray[np.uint8]:
        """(H, W).  B-scans as 255 times the fourth root of reflectivity, as HEYEX shows them; 0 where none is."""
        picture = self._pictures[frame]
        with self._reader:
            data = replace(picture.folder).get_bytes()[_HEAD.size:]  # a copy of the folder: eyepy keeps what it read
        kind = np.dtype("<u2" if picture.slice is not None else "u1")
        stored = np.frombuffer(data, kind, picture.rows * picture.cols).reshape(picture.rows, picture.cols)
        return _grey()[stored] if picture.slice is not None else stored

    def layers(self, frame: int) -> tuple[LayerLine, ...]:
        """Of a B-scan, by eyepy's names; none for a localizer."""
        picture, lines = self._pictures[frame], []
        if picture.slice is None:
            return ()
        with self._reader:
            for folder in picture.slice.folders.get(TypesEnum.layer_annotation, ()):
                found = folder.data
                rows = np.array(found.data, dtype=np.float32)
                rows[~((rows >= 0) & (rows <= picture.rows))] = np.nan  # 3e38 and more: not known
                if rows.shape == (picture.cols,) and not np.isnan(rows).all():
                    by = "Heidelberg HEYEX, edited by hand" if found.manual_edit_raw else "Heidelberg HEYEX"
                    lines.append(LayerLine(_LAYERS.get(found.id, f"layer {found.id}"), rows, "file", by))
        return tuple(lines)

    def _add(self, series: Any) -> None:
        """The volume of one series, and behind it the localizer that it lies on."""
        bscans = [(one, found[0]) for one in series.slices.values() if TypesEnum.bscanmeta in one.folders
                  and (found := _images(one, _BSCAN))]
        bscans.sort(key=lambda pair: (pair[0].get_meta()["aktImage"], pair[0].id))
        # Of a single B-scan the localizer lies with the slice.
        fundus = [*_images(series, _LOCALIZER),
                  *(found for one in series.slices.values() for found in _images(one, _LOCALIZER))][:1]
        number = len(self.recordings)
        if bscans:
            self.recordings += (self._volume(series, bscans, fundus, number + 1),)
        if fundus:
            height, width = _size(fundus[0])
            side = FIELD_DEGREES * MM_PER_DEGREE
            frame = self._frame(fundus[0], None, Spacing(side / height, side / width, None, ScaleSource.ASSUMED),
                                f"{_named(series)} localizer")
            self.recordings += (_recording(series, "OP", (frame,), "Localizer", None, (FIELD_WORDS, SCALE_WORDS)),)

    def _tell_what_is_left_out(self) -> None:
        holders = [holder for series in self._reader.series for holder in (series, *series.slices.values())]
        there = sum(len(holder.folders.get(TypesEnum.image, ())) for holder in holders)
        left = there - len(self._pictures)
        if self.recordings and left > 0:
            words = f"Not shown: {left} of the file's {there} pictures, of a kind not known here."
            first, *others = self.recordings
            self.recordings = (replace(first, warnings=(*first.warnings, words)), *others)

    def _volume(self, series: Any, bscans: Sequence[tuple[Any, Any]], fundus: Sequence[Any], localizer: int
                ) -> Recording:
        places = [one.get_meta() for one, _ in bscans]
        between = _between_mm(places)
        frames = tuple(
            replace(self._frame(folder, one, _spacing(place, between), f"{_named(series)} {one.id}"),
                    scan_line=_scan_line(place, *_size(fundus[0])) if fundus else None)
            for (one, folder), place in zip(bscans, places, strict=True))
        circle = any(place["scan_pattern"] == _CIRCLE for place in places)
        warnings = (SCALE_WORDS, *((CIRCLE_WORDS if circle else FIELD_WORDS,) if fundus else ()))
        words = series.folders.get(TypesEnum.scanpattern)
        return _recording(series, "OPT", frames, words[0].data.text[0] if words else "OCT",
                          localizer if fundus else None, warnings)

    def _frame(self, folder: Any, of: Any, spacing: Spacing, stamp: str) -> FrameInfo:
        height, width = _size(folder)
        self._pictures.append(_Picture(folder, of, height, width))
        return FrameInfo(self._path, len(self._pictures) - 1, rows=height, cols=width, spacing=spacing, stamp=stamp)


@cache
def _grey() -> NDArray[np.uint8]:
    """Stored number -> grey value.  The largest ones, above 1.99, fill what was not scanned."""
    number = np.arange(1 << 16)
    reflectivity = np.ldexp(1024.0 + (number & 1023), (number >> 10) - 73)
    shown = 255.0 * np.sqrt(np.sqrt(np.minimum(reflectivity, 1.0)))
    return np.where(reflectivity > _EMPTY, 0, np.rint(shown)).astype(np.uint8)


def _refuse_circles(path: Path) -> None:
    """Each block of the directory leads to the next; eyepy would follow a circle for ever.  Raises ``InputProblem``."""
    at, seen = _FIRST_BLOCK, set()
    with path.open("rb") as file:
        while at not in seen:
            seen.add(at)
            file.seek(at + 36)
            entries = int.from_bytes(file.read(4), "little")
            file.seek(at + 52 + 44 * (entries - 1) + 4)
            last = file.read(8)
            if not entries or len(last) < 8:
                return
            at = sum(struct.unpack("<II", last)) + _DATA_BEHIND
    raise InputProblem("The directory of the E2E file leads back to itself.", "Copy it again from its source.",
                       "damaged")


def _images(holder: Any, kind: int) -> list[Any]:
    return [one for one in holder.folders.get(TypesEnum.image, ()) if _head(one)[1] == kind]


def _size(folder: Any) -> tuple[int, int]:
    """Rows and columns."""
    return _head(folder)[3], _head(folder)[4]


def _head(folder: Any) -> tuple[int, ...]:
    """Size, kind, number of values, height and width of an image, without its pixels."""
    file = folder.file_object
    file.seek(folder.start + _DATA_BEHIND)
    return _HEAD.unpack(file.read(_HEAD.size))


def _recording(series: Any, modality: str, frames: tuple[FrameInfo, ...], words: str, localizer: int | None,
               warnings: tuple[str, ...]) -> Recording:
    taken = series.folders.get(TypesEnum.examination_time)
    date = taken[0].data.examination_time[:10].replace("-", "") if taken else ""
    patient = _patient(series)
    # Numbers of one clinic's database: with the patient's own they tell visits apart, and join files of one visit.
    visit = f"E2E {series.patient.id} {series.study.id} {patient.id}" if patient.id else ""
    return Recording(modality, frames, patient, visit, date=date if date > "19000101" else "", description=words,
                     laterality=_laterality(series), localizer=localizer, warnings=warnings,
                     device=Device("Heidelberg Engineering"))


def _named(series: Any) -> str:
    """Numbers of the clinic's data base and the time: the same in every export of the recording."""
    taken = series.folders.get(TypesEnum.examination_time)
    at = taken[0].data.examination_time if taken else ""
    return f"E2E {_patient(series).id} {series.patient.id} {series.study.id} {series.id} {at}"


def _patient(series: Any) -> Patient:
    found = series.patient.folders.get(TypesEnum.patient) if series.patient is not None else None
    if not found:
        return Patient()
    said = found[0].data
    name = f"{said.surname.strip()}^{said.firstname.strip()}".rstrip("^")
    return Patient(name, said.patient_id.strip(), sex=said.sex if said.sex in ("M", "F") else "")


def _laterality(series: Any) -> Laterality:
    """As the file says; unknown where it is silent or contradicts itself."""
    said = {_SIDES.get(int(one.data.laterality)) for one in series.folders.get(TypesEnum.laterality, ())}
    if said == {"R"}:
        return Laterality("R", "header")
    return Laterality("L", "header") if said == {"L"} else Laterality()


def _spacing(place: Mapping[str, Any], between_mm: float | None) -> Spacing:
    row_mm = place["scale_y"] if 0 < place["scale_y"] < 1 else None
    across = math.hypot(place["end_x"] - place["start_x"], place["end_y"] - place["start_y"])
    straight = place["scan_pattern"] != _CIRCLE and across > 0 and place["imgSizeWidth"] > 0
    col_mm = across / place["imgSizeWidth"] * MM_PER_DEGREE if straight else None
    return Spacing(row_mm, col_mm, between_mm, ScaleSource.ASSUMED if row_mm or col_mm else ScaleSource.NONE)


def _between_mm(places: Sequence[Mapping[str, Any]]) -> float | None:
    """Distance of neighbours where it is the same all along, as it is not in a star or a circle."""
    centres = np.array([(one["center_x"], one["center_y"]) for one in places])
    if len(places) < 2 or any(one["scan_pattern"] == _CIRCLE for one in places):
        return None
    steps = np.hypot(*np.diff(centres, axis=0).T)
    middle = float(np.median(steps))
    even = middle > 0 and float(np.abs(steps - middle).max()) < 0.05 * middle
    return middle * MM_PER_DEGREE if even else None


def _scan_line(place: Mapping[str, Any], height: int, width: int) -> tuple[Point, Point] | None:
    """End points in pixels of the localizer: degrees count from its middle, to the right and down."""
    if place["scan_pattern"] == _CIRCLE:
        return None

    def at(x: float, y: float) -> Point:
        return ((x / FIELD_DEGREES + 0.5) * width, (y / FIELD_DEGREES + 0.5) * height)

    return at(place["start_x"], place["start_y"]), at(place["end_x"], place["end_y"])
