"""Heidelberg HEYEX raw export (VOL): one volume of B-scans, the infrared picture they lie on, and layer lines.

Layout, little endian: a header of 2048 bytes, the localizer (uint8), then for each B-scan a header with its layer lines
(float32) and its pixels (float32).  Source: Heidelberg Engineering, "Spectralis Special Function: Exporting Raw Data",
as published readers state it.  Its millimetres count from the corner of the localizer's top-left pixel.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fineview.core.device import Device
from fineview.core.errors import InputProblem, RequestProblem
from fineview.core.geometry import Circle, ScaleSource, Spacing
from fineview.core.layers import LayerLine
from fineview.core.recording import Recording
from fineview.core.study import FrameInfo, Laterality, Patient
from fineview.formats import limits
from fineview.formats.scan_lines import LineMm, on_localizer, positions

_HEADER = struct.Struct("<12s3I3d2I2dId4sqiI16s16sI24sdI24sd4I34s")
_HEADER_BYTES = 2048
_SCAN = struct.Struct("<12sI4d2I")
_SCAN_BYTES = 256
_MARKS = (b"HSF-OCT-", b"ep-v")  # the maker's own, and what the open library eyepy writes
_FAMILY = b"HSF-"  # raw exports of any kind; of angiographies and others no layout is published
_EYES = {b"OD": Laterality("R", "header"), b"OS": Laterality("L", "header")}
_PATTERNS = {1: "line scan", 2: "circle scan", 3: "volume scan", 4: "fast volume scan", 5: "star scan"}
_CIRCLE = 2
# In the order of the file; a name is the boundary below that layer, ILM, ELM and BM the membranes themselves.
_LAYERS = ("ILM", "BM", "RNFL", "GCL", "IPL", "INL", "OPL", "ONL", "ELM", "IOS", "OPT", "CHO", "VIT", "ANT", "PR1",
           "PR2", "RPE")
_NOTHING = 3e38
_SAMPLE_BYTES = 1 << 16
_DAY_ZERO = datetime(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class _Scan:
    """One B-scan: where its layer lines and pixels begin, and its line in millimetres on the localizer.

    Of a circle scan: the point where the circle begins, and its centre.
    """

    lines_at: int
    lines: int
    pixels_at: int
    line: LineMm


@dataclass(frozen=True, slots=True)
class _Layout:
    version: str
    rows: int
    cols: int
    spacing: Spacing
    slo_rows: int
    slo_cols: int
    slo_spacing: Spacing
    laterality: Laterality
    pattern: int
    patient: Patient
    visit: str
    date: str
    scans: tuple[_Scan, ...]


class HeyexVol:
    """Fits ``core.recording.InstrumentReader``.  Frames are the B-scans, in the file's order, then the localizer."""

    def claims(self, head: bytes, path: Path) -> bool:
        return head.startswith((*_MARKS, _FAMILY))

    def recordings(self, path: Path) -> tuple[Recording, ...]:
        """Raises ``InputProblem``."""
        known = _layout(path)
        circle = known.pattern == _CIRCLE
        scale = (known.slo_spacing.col_mm, known.slo_spacing.row_mm)
        lines = [on_localizer(scan.line, scale) for scan in known.scans]
        places = [None] * len(lines) if circle else positions([scan.line for scan in known.scans])
        size = known.rows * known.cols * 4
        # With the eye: an unreadable B-scan is the same in both.
        mark = f"HEYEX {known.laterality.value}"
        frames = tuple(FrameInfo(str(path), n, rows=known.rows, cols=known.cols, spacing=known.spacing,
                                 position_mm=place, scan_line=None if circle else line,
                                 scan_circle=Circle(*line) if circle and line is not None else None,
                                 stamp=f"{mark} {scan.line} {_sampled(path, scan.pixels_at, size)}")
                       for n, (scan, line, place) in enumerate(zip(known.scans, lines, places, strict=True)))
        has_slo = known.slo_rows > 0
        volume = Recording("OPT", frames, known.patient, known.visit, date=known.date, laterality=known.laterality,
                           description=f"OCT {_PATTERNS.get(known.pattern, 'scan')}",
                           localizer=1 if has_slo else None, device=_device(known.version))
        if not has_slo:
            return (volume,)
        picture = FrameInfo(str(path), len(frames), rows=known.slo_rows, cols=known.slo_cols, spacing=known.slo_spacing,
                            stamp=f"{mark} {_sampled(path, _HEADER_BYTES, known.slo_rows * known.slo_cols)}")
        return volume, Recording("OP", (picture,), known.patient, known.visit, date=known.date,
                                 laterality=known.laterality, description="Infrared localizer",
                                 device=_device(known.version))

    def pixels(self, path: Path, frame: int) -> NDArray[np.generic]:
        """uint8 (H, W).  Raises ``InputProblem``, ``RequestProblem``."""
        known = _layout(path)
        if frame == len(known.scans) and known.slo_rows:
            return _read(path, _HEADER_BYTES, np.dtype("u1"), (known.slo_rows, known.slo_cols))
        scan = _scan_at(known, frame)
        stored = _read(path, scan.pixels_at, np.dtype("<f4"), (known.rows, known.cols)).astype(np.float32)
        stored[~((stored >= 0) & (stored < _NOTHING))] = 0
        # Only the maker's program is sure to write reflectivity; others have written what they showed.
        is_shown = not known.version.startswith("HSF") and stored.max() > 1
        return np.rint(np.minimum(stored, 255)).astype(np.uint8) if is_shown else as_shown(stored)

    def layers(self, path: Path, frame: int) -> tuple[LayerLine, ...]:
        """Lines with at least one value.  Raises as ``pixels``."""
        known = _layout(path)
        if frame == len(known.scans):
            return ()
        scan = _scan_at(known, frame)
        values = _read(path, scan.lines_at, np.dtype("<f4"), (scan.lines, known.cols))
        named = [(_LAYERS[n] if n < len(_LAYERS) else f"layer {n + 1}", row) for n, row in enumerate(values)]
        return lines_of(named, known.rows, f"Heidelberg HEYEX, {known.version}")


def _device(version: str) -> Device:
    """The layout's version is all that the file says; other programs write the layout with a mark of their own."""
    return Device("Heidelberg Engineering", "Spectralis") if version.startswith("HSF") else Device()


def _sampled(path: Path, at: int, size: int) -> str:
    """What is in the middle of a picture: enough to know it again, and quickly read."""
    with path.open("rb") as file:
        file.seek(at + max(size - _SAMPLE_BYTES, 0) // 2)
        return hashlib.sha256(file.read(min(size, _SAMPLE_BYTES))).hexdigest()


def as_shown(reflectivity: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The maker's own display of reflectivity, (H, W) in [0, 1]: 255 times the fourth root, rounded."""
    shown: NDArray[np.uint8] = np.rint(255 * np.sqrt(np.sqrt(np.minimum(reflectivity, 1)))).astype(np.uint8)
    return shown


def lines_of(named: list[tuple[str, NDArray[np.generic]]], rows: int, by: str) -> tuple[LayerLine, ...]:
    """NaN where the maker writes "no value" (3e38) or a place outside the picture; empty lines are left out."""
    found = []
    for name, row in named:
        values = row.astype(np.float32)
        with np.errstate(invalid="ignore"):
            values[~((values >= 0) & (values <= rows))] = np.nan
        if not np.isnan(values).all():
            found.append(LayerLine(name, values, "file", by))
    return tuple(found)


def _scan_at(known: _Layout, frame: int) -> _Scan:
    if not 0 <= frame < len(known.scans):
        raise RequestProblem(f"Frame {frame} was asked for; the file has {len(known.scans)}.",
                             f"Ask for a frame from 0 to {len(known.scans) - 1}.", "frame")
    return known.scans[frame]


def _read(path: Path, at: int, dtype: np.dtype[np.generic], shape: tuple[int, int]) -> NDArray[np.generic]:
    wanted = shape[0] * shape[1]
    with path.open("rb") as file:
        file.seek(at)
        data = file.read(wanted * dtype.itemsize)
    if len(data) < wanted * dtype.itemsize:
        raise limits.truncated("its pixels end too early")
    return np.frombuffer(data, dtype).reshape(shape)


def _layout(path: Path) -> _Layout:
    facts = path.stat()
    return _read_layout(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=4)
def _read_layout(path: Path, size: int, changed: int) -> _Layout:
    """Everything but pixels; nothing is allocated that the file's own length does not cover."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
        if len(head) < _HEADER_BYTES:
            raise limits.truncated("it ends within its header")
        if not head.startswith(_MARKS):
            raise InputProblem(f"A HEYEX raw export of a kind that is not known here: {_text(head[:12])}.",
                               "Export it as OCT volume (VOL), XML or DICOM.", "not-supported")
        (version, cols, count, rows, scale_x, distance, scale_z, slo_cols, slo_rows, slo_x, slo_y, _, _, eye, _,
         pattern, _, _, _, pid, patient, born, vid, _, visited, *_) = _HEADER.unpack_from(head)
        _check_sizes(rows, cols, count, slo_rows, slo_cols, size)
        scans, at = [], _HEADER_BYTES + slo_rows * slo_cols
        for _ in range(count):
            file.seek(at)
            scan, at = _scan_of(file.read(_SCAN.size), at, rows, cols, size)
            scans.append(scan)
    person = Patient(id=_text(patient), birth_date=_date(born))
    visit = f"HEYEX {pid} {vid} {person.id}" if pid and vid and person.id else ""
    return _Layout(_text(version), rows, cols, _spacing(scale_z, scale_x, distance), slo_rows, slo_cols,
                   _spacing(slo_y, slo_x), _EYES.get(eye[:2], Laterality()), pattern, person, visit, _date(visited),
                   tuple(scans))


def _check_sizes(rows: int, cols: int, count: int, slo_rows: int, slo_cols: int, size: int) -> None:
    if not (1 <= rows <= limits.SIDE and 1 <= cols <= limits.SIDE and 1 <= count <= limits.FRAMES
            and slo_rows <= limits.SIDE and slo_cols <= limits.SIDE and bool(slo_rows) == bool(slo_cols)):
        raise limits.damaged(f"it claims {count} B-scans of {rows} rows and {cols} columns, "
                             f"and a localizer of {slo_rows} rows and {slo_cols} columns")
    if rows * cols * 4 > limits.FRAME_BYTES:
        raise limits.too_large(f"A B-scan of {rows} x {cols}", rows * cols * 4, limits.FRAME_BYTES)
    needs = _HEADER_BYTES + slo_rows * slo_cols + count * (_SCAN_BYTES + rows * cols * 4)
    if needs > size:
        raise limits.truncated(f"its {count} B-scans need {limits.in_words(needs)}, it has {limits.in_words(size)}")


def _scan_of(head: bytes, at: int, rows: int, cols: int, size: int) -> tuple[_Scan, int]:
    """One B-scan, and where the next one begins."""
    if len(head) < _SCAN.size:
        raise limits.truncated("a B-scan's header is missing")
    _, own, x0, y0, x1, y1, lines, offset = _SCAN.unpack(head)
    if own < _SCAN_BYTES or (lines and not _SCAN.size <= offset <= own - lines * cols * 4):
        raise limits.damaged(f"a B-scan's header of {own} bytes claims {lines} layer lines")
    end = at + own + rows * cols * 4
    if end > size:
        raise limits.truncated(f"its B-scans need {limits.in_words(end)}, it has {limits.in_words(size)}")
    return _Scan(at + offset, lines, at + own, ((x0, y0), (x1, y1))), end


def _spacing(row: float, col: float, between: float | None = None) -> Spacing:
    """What the instrument wrote; a value that no pixel can have is taken out where records are made."""
    return Spacing(row, col, between, ScaleSource.CALIBRATED)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("latin-1").strip()


def _date(days: float) -> str:
    """Days since 1899-12-30 as YYYYMMDD; "" for a day that nobody was examined or born on."""
    if not 1 < days < 75_000:
        return ""
    return f"{_DAY_ZERO + timedelta(days=days):%Y%m%d}"
