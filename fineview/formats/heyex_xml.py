"""Heidelberg HEYEX XML export: a description with layer lines, and beside it the pictures it names (TIFF).

Frames belong to the description, not to the pictures: side, scale and lines are in it.  A picture is looked for under
the last part of its address in the description's own folder, and nowhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from fineview.core.device import Device
from fineview.core.errors import InputProblem, RequestProblem
from fineview.core.geometry import Circle, ScaleSource, Spacing
from fineview.core.layers import LayerLine
from fineview.core.recording import Recording
from fineview.core.study import FrameInfo, Laterality, Patient
from fineview.formats import limits, pictures
from fineview.formats.heyex_vol import lines_of
from fineview.formats.plain_xml import read_xml, word
from fineview.formats.scan_lines import LineMm, on_localizer, positions

_MARK = b"<HEDX"
_EYES = {"R": Laterality("R", "header"), "L": Laterality("L", "header")}
_SEXES = {"M": "M", "F": "F"}
_CONTEXT = "OphthalmicAcquisitionContext"
_VALUES = 1 << 16
_WARNINGS = 5

# The description names the program that wrote it, and no instrument.
_DEVICE = Device("Heidelberg Engineering")


@dataclass(frozen=True, slots=True)
class _Picture:
    """One image of a series: its file, its size in pixels, and its line in millimetres on the localizer."""

    file: Path
    rows: int
    cols: int
    spacing: Spacing
    line: LineMm | None
    drawn: Element | None
    taken: str


@dataclass(frozen=True, slots=True)
class _Series:
    """One examination of one eye: B-scans in the file's order, and their localizer."""

    patient: Patient
    study_uid: str
    uid: str
    date: str
    laterality: Laterality
    description: str
    scans: tuple[_Picture, ...]
    localizer: _Picture | None
    warnings: tuple[str, ...]

    @property
    def pictures(self) -> tuple[_Picture, ...]:
        """In the order in which frames are counted."""
        return self.scans if self.localizer is None else (*self.scans, self.localizer)


class HeyexXml:
    """Fits ``core.recording.InstrumentReader``.  Frames are counted through: a series' B-scans, then its localizer."""

    def claims(self, head: bytes, path: Path) -> bool:
        # Some tools that take names out of exports also take their outermost element.
        return _MARK in head or (b"<BODY>" in head and b"<ExportType>" in head)

    def recordings(self, path: Path) -> tuple[Recording, ...]:
        """Pictures that are gone, or lie elsewhere, are named in the warnings.  Raises ``InputProblem``."""
        found: list[Recording] = []
        at = 0
        for one in _series(path)[0]:
            known = {"patient": one.patient, "study_uid": one.study_uid, "date": one.date,
                     "laterality": one.laterality, "warnings": one.warnings, "device": _DEVICE}
            files = tuple(str(picture.file) for picture in one.pictures)
            beside = len(found) + 1 if one.scans and one.localizer else None
            if one.scans:
                found.append(Recording("OPT", _frames(path, one, at), series_uid=one.uid, localizer=beside, files=files,
                                       description=f"OCT {one.description}".strip(), **known))  # type: ignore[arg-type]
            at += len(one.scans)
            if one.localizer is not None:
                frame = FrameInfo(str(path), at, rows=one.localizer.rows, cols=one.localizer.cols,
                                  spacing=one.localizer.spacing, stamp=_stamp(one, one.localizer))
                found.append(Recording("OP", (frame,), files=files, description="Infrared localizer",
                                       **known))  # type: ignore[arg-type]
                at += 1
        return tuple(found)

    def pixels(self, path: Path, frame: int) -> NDArray[np.generic]:
        """uint8 (H, W).  Raises ``InputProblem``, ``RequestProblem``."""
        picture = _picture(path, frame)
        pixels = pictures.read_raster(str(picture.file), 0).pixels
        if pixels.shape[:2] != (picture.rows, picture.cols):
            raise limits.damaged(f"{picture.file.name} is {pixels.shape[0]} x {pixels.shape[1]}, "
                                 f"the description says {picture.rows} x {picture.cols}")
        # The instrument's own colour pictures stay so; most are grey, three times over.
        grey = pixels.ndim == 3 and np.ptp(pixels, axis=2).max() == 0
        return pixels[..., 0] if grey else pixels

    def layers(self, path: Path, frame: int) -> tuple[LayerLine, ...]:
        """Lines with at least one value, those that were switched off in the instrument's program left out."""
        picture, by = _picture(path, frame), _series(path)[1]
        found: list[LayerLine] = []
        for line in picture.drawn.iterfind("SegLine") if picture.drawn is not None else ():
            if word(line, "Enabled").lower() == "false":
                continue
            hand = ", corrected by hand" if word(line, "Manual").lower() == "true" else ""
            values = _values(word(line, "Array"), picture.cols)
            found += lines_of([(word(line, "Name") or "layer", values)], picture.rows, by + hand)
        return tuple(found)


def _frames(path: Path, one: _Series, at: int) -> tuple[FrameInfo, ...]:
    # A circle scan gives a point of its circle and the centre, as in VOL files.
    circle = "circ" in one.description
    places = positions([None if circle else scan.line for scan in one.scans])
    below = one.localizer.spacing if one.localizer is not None else Spacing()
    lines = [on_localizer(scan.line, (below.col_mm, below.row_mm)) for scan in one.scans]
    step = _step(places)
    return tuple(FrameInfo(
        str(path), at + n, rows=scan.rows, cols=scan.cols,
        spacing=Spacing(scan.spacing.row_mm, scan.spacing.col_mm, step, scan.spacing.source), position_mm=place,
        stamp=_stamp(one, scan),
        scan_line=None if circle else line,
        scan_circle=Circle(*line) if circle and line is not None else None)
        for n, (scan, place, line) in enumerate(zip(one.scans, places, lines, strict=True)))


def _stamp(one: _Series, picture: _Picture) -> str:
    """When and where it was scanned: numbers of pictures change as others are added.  "" where the file is silent."""
    known = one.uid and (picture.taken or picture.line)
    return f"HEYEX {one.study_uid} {one.uid} {one.date} {picture.taken} {picture.line}" if known else ""


def _step(places: list[float] | list[None]) -> float | None:
    """The mean step between B-scans: the file gives places to a micrometre, and no step."""
    last = places[-1] if len(places) > 1 else None
    return last / (len(places) - 1) if last else None


def _picture(path: Path, frame: int) -> _Picture:
    every = [picture for one in _series(path)[0] for picture in one.pictures]
    if not 0 <= frame < len(every):
        raise RequestProblem(f"Frame {frame} was asked for; the file has {len(every)}.",
                             f"Ask for a frame from 0 to {len(every) - 1}.", "frame")
    return every[frame]


def _series(path: Path) -> tuple[tuple[_Series, ...], str]:
    """All series of the file, and who drew their layer lines."""
    facts = path.stat()
    # The folder's own time as well: a picture may have been taken away.
    return _read_series(path, facts.st_size, facts.st_mtime_ns, path.parent.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read_series(path: Path, size: int, changed: int, folder_changed: int) -> tuple[tuple[_Series, ...], str]:
    root = read_xml(path)
    body = root if root.tag == "BODY" else root.find("BODY")
    found: list[_Series] = []
    for person in body.iterfind("Patient") if body is not None else ():
        for study in person.iterfind("Study"):
            found += [_one_series(path, person, study, series) for series in study.iterfind("Series")]
    if not any(one.pictures for one in found):
        gone = next((words for one in found for words in one.warnings), "The description names no picture.")
        raise InputProblem(gone, "Copy the whole export.", "incomplete")
    software = f"{word(body, 'SWVersion/Name')} {word(body, 'SWVersion/Version')}".strip()
    return tuple(found), f"Heidelberg HEYEX, {software}" if software else "Heidelberg HEYEX"


def _one_series(path: Path, person: Element, study: Element, series: Element) -> _Series:
    pictures: dict[str, list[_Picture]] = {"OCT": [], "LOCALIZER": []}
    warnings: list[str] = []
    for image in series.iterfind("Image"):
        kind = word(image, "ImageType/Type")
        if kind in pictures:
            try:
                pictures[kind].append(_one_picture(path, image))
            except InputProblem as error:
                warnings.append(error.what)
    name = "^".join(filter(None, (word(person, "LastName"), word(person, "FirstNames"))))
    patient = Patient(name, word(person, "PatientID"), _date(person.find("Birthdate/Date")),
                      _SEXES.get(word(person, "Sex")[:1].upper(), ""))
    return _Series(patient, word(study, "StudyUID"), word(series, "SeriesUID"), _date(study.find("StudyDate/Date")),
                   _EYES.get(word(series, "Laterality"), Laterality()), word(series, "Type").lower(),
                   tuple(pictures["OCT"]), next(iter(pictures["LOCALIZER"]), None), tuple(warnings[:_WARNINGS]))


def _one_picture(path: Path, image: Element) -> _Picture:
    context = image.find(_CONTEXT)
    start = _point(context.find("Start/Coord")) if context is not None else None
    end = _point(context.find("End/Coord")) if context is not None else None
    across, down = _number(word(context, "ScaleX")), _number(word(context, "ScaleY"))
    known = across is not None and down is not None
    spacing = Spacing(down, across, None, ScaleSource.CALIBRATED) if known else Spacing()
    return _Picture(_beside(path, word(image, "ImageData/ExamURL")), _count(word(context, "Height")),
                    _count(word(context, "Width")), spacing, (start, end) if start and end else None,
                    image.find("Segmentation"), " ".join(word(image, f"AcquisitionTime/Time/{part}")
                                                         for part in ("Hour", "Minute", "Second")).strip())


def _beside(path: Path, address: str) -> Path:
    """The picture in the description's own folder.  Raises ``InputProblem`` for one that is not, or lies elsewhere."""
    name = address.replace("\\", "/").rsplit("/", 1)[-1]
    if not name or name in (".", "..") or "\0" in name or len(name) > 255:
        raise InputProblem("The description names no file for one of its pictures.", "", "incomplete")
    file = path.parent / name
    if not file.is_file():
        raise InputProblem(f"{name}, which the description names, is not beside it.", "", "incomplete")
    if not file.resolve().is_relative_to(path.parent.resolve()):
        raise InputProblem(f"{name}, which the description names, leads outside its folder.", "", "outside")
    return file


def _values(array: str, cols: int) -> NDArray[np.float32]:
    """One row a column, float32 (cols,).  Raises ``InputProblem`` for another number of them, or none."""
    words = array.split(maxsplit=_VALUES)
    if len(words) != cols:
        raise limits.damaged(f"a layer line has {len(words)} values for {cols} columns")
    return np.array(words, dtype=np.float64).astype(np.float32)


def _point(coordinates: Element | None) -> tuple[float, float] | None:
    x, y = _number(word(coordinates, "X")), _number(word(coordinates, "Y"))
    return None if x is None or y is None else (x, y)


def _number(said: str) -> float | None:
    try:
        value = float(said)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _count(said: str) -> int:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0


def _date(said: Element | None) -> str:
    year, month, day = (_count(word(said, part)) for part in ("Year", "Month", "Day"))
    return f"{year:04d}{month:02d}{day:02d}" if 1800 < year < 2200 and 0 < month < 13 and 0 < day < 32 else ""
