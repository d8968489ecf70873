"""Instruments' own files: who reads them, and what is told of them.  Runs in the reading child.

Ours and those of plugins come through one door: whoever fits ``core.recording.InstrumentReader`` is asked the same
questions, and what it says becomes records, rasters and layer lines here.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.device import Device
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.image import Raster
from fineview.core.layers import LayerLine
from fineview.core.recording import InstrumentReader, Recording
from fineview.core.study import FrameInfo, Patient
from fineview.formats import limits
from fineview.formats.content import content_uid, digest_of
from fineview.formats.printable import printable
from fineview.formats.record import FileRecord

HEAD_BYTES = 512
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_ALONG_THE_STACK = (0.0, 0.0, 1.0)
_WIDEST_MM = 1000.0
_FARTHEST = 1e6


def reader_of(head: bytes, path: str, readers: Sequence[InstrumentReader]) -> InstrumentReader | None:
    """The first reader that knows such a file; ``head``: its first ``HEAD_BYTES`` bytes."""
    return next((one for one in readers if one.claims(head, Path(path))), None)


def head_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(HEAD_BYTES)


def records_of(reader: InstrumentReader, path: str) -> tuple[FileRecord, ...]:
    """One record a recording, in the file's order.  Raises ``FineViewError``."""
    recordings = reader.recordings(Path(path))
    if not recordings or not all(one.frames for one in recordings):
        raise limits.damaged("it holds no picture")
    digest = digest_of(path)
    recordings = _stamped(recordings, digest)
    uids = [_uid(one.series_uid) or content_uid(digest, f"series {n}") for n, one in enumerate(recordings)]
    return tuple(_record(one, path, digest, n, uids) for n, one in enumerate(recordings))


def _stamped(recordings: Sequence[Recording], digest: bytes) -> tuple[Recording, ...]:
    """Every frame with a stamp of its own; words that name two frames name neither."""
    said = Counter(frame.stamp for one in recordings for frame in one.frames)

    def stamped(frame: FrameInfo) -> FrameInfo:
        own = frame.stamp if said[frame.stamp] == 1 else ""
        uid = content_uid(hashlib.sha256(own.encode("utf-8", "replace")).digest(), "frame") if own \
            else content_uid(digest, f"frame {frame.frame_in_file}")
        return replace(frame, stamp=uid)

    return tuple(replace(one, frames=tuple(map(stamped, one.frames))) for one in recordings)


def _record(one: Recording, path: str, digest: bytes, number: int, uids: list[str]) -> FileRecord:
    frames = tuple(_checked(frame, path) for frame in one.frames)
    first, name = frames[0], Path(path).name
    linked = uids[one.localizer] if one.localizer is not None and one.localizer in range(len(uids)) else ""
    stacked = one.modality == "OPT" and all(frame.position_mm is not None for frame in frames)
    return FileRecord(
        path, "image", patient=_patient(one.patient), study_uid=_uid(one.study_uid) or content_uid(digest, "study"),
        content_uid=content_uid(digest, f"recording {number}"), study_date=printable(one.date),
        study_time=printable(one.time), study_description=name, series_uid=uids[number], series_number=number + 1,
        series_description=printable(one.description) or name, modality=printable(one.modality), rows=first.rows,
        cols=first.cols, frame_count=len(frames), bits=one.bits, photometric="MONOCHROME2",
        laterality=one.laterality, normal=_ALONG_THE_STACK if stacked else None, localizer_series=linked,
        parts=tuple(one.files), warnings=tuple(printable(words) for words in one.warnings), frames=frames,
        device=Device(printable(one.device.maker), printable(one.device.model), printable(one.device.software)))


def _checked(frame: FrameInfo, path: str) -> FrameInfo:
    """The frame with a spacing that a pixel can have, and the places that numbers can give.

    Raises ``FineViewError`` for sizes that no picture has.
    """
    if not (1 <= frame.rows <= limits.SIDE and 1 <= frame.cols <= limits.SIDE):
        raise limits.damaged(f"it claims {frame.rows} rows and {frame.cols} columns")
    if frame.rows * frame.cols > limits.FRAME_BYTES:
        raise limits.too_large(f"A picture of {frame.rows} x {frame.cols}", frame.rows * frame.cols, limits.FRAME_BYTES)
    spacing = frame.spacing
    if not (_possible(spacing.row_mm) and _possible(spacing.col_mm)):
        spacing = Spacing(source=ScaleSource.NONE)
    elif not _possible(spacing.slice_mm):
        spacing = replace(spacing, slice_mm=None)
    place, line, circle = frame.place, frame.scan_line, frame.scan_circle
    return replace(
        frame, path=path, spacing=spacing,
        position_mm=frame.position_mm if frame.position_mm is not None and _near((frame.position_mm,)) else None,
        place=place if place is not None and _near(place.corner_mm, place.right, place.down) else None,
        scan_line=line if line is not None and _near(*line) else None,
        scan_circle=circle if circle is not None and _near(circle.start, circle.centre) else None)


def _near(*points: Sequence[float]) -> bool:
    """Whether all numbers are finite, and none larger than any millimetre or pixel of an instrument."""
    return all(abs(one) <= _FARTHEST for point in points for one in point)


def _possible(mm: float | None) -> bool:
    return mm is None or (math.isfinite(mm) and 0 < mm <= _WIDEST_MM)


def _patient(one: Patient) -> Patient:
    return Patient(*(printable(words) for words in (one.name, one.id, one.birth_date, one.sex, one.issuer)))


def _uid(said: str) -> str:
    """As the file says, or made of what it says where that is no UID (PS3.5 9.1); "" where it is silent."""
    if not said or (_UID.fullmatch(said) and len(said) <= 64):
        return said
    return content_uid(hashlib.sha256(said.encode("utf-8", "replace")).digest(), "named")


def raster_of(reader: InstrumentReader, path: str, frame: int) -> Raster:
    """Raises ``FineViewError``."""
    pixels: NDArray[Any] = np.asarray(reader.pixels(Path(path), frame))
    grey = pixels.ndim == 2 and pixels.dtype.kind in "uif" and pixels.dtype.itemsize <= 8
    colour = pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8
    if not (grey or colour) or not pixels.size:
        raise limits.damaged(f"its reader gave {pixels.dtype} of shape {pixels.shape}")
    return Raster(np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<")))


def layers_of(reader: InstrumentReader, path: str, frame: int) -> tuple[LayerLine, ...]:
    """Raises ``FineViewError``.  All lines of a frame are of one length."""
    lines = reader.layers(Path(path), frame)
    if len({line.row_px.shape for line in lines}) > 1 or any(line.row_px.ndim != 1 for line in lines):
        raise limits.damaged("its layer lines are of different lengths")
    return tuple(lines)


def header_of(reader: InstrumentReader, path: str, most: int) -> tuple[tuple[str, str, str], ...]:
    """What the reader tells of the file, as rows for people: ("", name, text)."""
    rows: list[tuple[str, str, str]] = []
    for number, one in enumerate(records_of(reader, path), 1):
        spacing = one.frames[0].spacing
        said = {"Patient's name": one.patient.name, "Patient ID": one.patient.id,
                "Birth date": one.patient.birth_date, "Sex": one.patient.sex, "Date": one.study_date,
                "Time": one.study_time, f"Recording {number}": one.series_description, "Modality": one.modality,
                "Side": one.laterality.words, "Size": f"{one.rows} x {one.cols}, {one.frame_count} frames",
                "Device": one.device.words if one.device != Device() else "",
                "Spacing": f"{spacing.row_mm} x {spacing.col_mm} mm, {spacing.source}"}
        rows += [("", name, words) for name, words in said.items() if words]
    return tuple(dict.fromkeys(rows))[:most]
