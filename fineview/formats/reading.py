"""What the reading child can be asked to do, one function an operation; each yields (answer, raw bytes or None)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from fineview.core.errors import InputProblem
from fineview.core.recording import InstrumentReader
from fineview.core.study import Problem
from fineview.formats import companion_draw, computing, decoder_speeds, dicom_read, instruments, pictures, pixels, wire
from fineview.formats.answers import Reply, lined, packed, told
from fineview.formats.faults import not_an_image
from fineview.formats.gzipped import inner_head, is_gzipped
from fineview.formats.header import header_rows
from fineview.formats.heyex_vol import HeyexVol
from fineview.formats.heyex_xml import HeyexXml
from fineview.formats.part10 import looks_like_dicom
from fineview.formats.record import FileRecord
from fineview.formats.unpack import looks_like_office, looks_like_zip, unpack

# (0002,0002) UI of 20 characters, always little endian and explicit (PS3.10 7.1).
_DIRECTORY = b"\x02\x00\x02\x00UI\x14\x00" + dicom_read.DIRECTORY_CLASS.encode()
Kind = str | InstrumentReader
INSTRUMENTS: tuple[InstrumentReader, ...] = (HeyexVol(), HeyexXml())


def records(paths: list[str]) -> Iterator[Reply]:
    """The records of one path after the other, each path's as soon as they are known."""
    for path in paths:
        computing.allow(path)
        yield told(path, _records)


def _records(path: str) -> tuple[FileRecord, ...]:
    kind = sniff(path)
    if kind == "zip":
        return (FileRecord(path, "problem", problem=Problem(
            path, "nested-archive", "An archive inside the folder was not opened.", "Open it by itself.")),)
    if isinstance(kind, str):
        return (pictures.read_record(path) if kind == "picture" else dicom_read.read_record(path),)
    return instruments.records_of(kind, path)


def sniff(path: str) -> Kind:
    """"dicom", "picture", "zip" or the reader of an instrument's file, by content and never by name.

    Raises ``InputProblem``.
    """
    head = instruments.head_of(path)
    if not head:
        raise InputProblem("The file is empty.", "Copy it again from its source.", "empty")
    if head[128:132] == b"DICM":
        return "dicom"
    if pictures.looks_like_picture(head):
        return "picture"
    if looks_like_office(head):
        raise not_an_image("This is a document of an office program, not an image.")
    if looks_like_zip(head):
        return "zip"
    reader = instruments.reader_of(head, path, INSTRUMENTS)
    if reader is not None:
        return reader
    if looks_like_dicom(inner_head(head, len(head)) if is_gzipped(head) else head):
        return "dicom"
    raise not_an_image()


def kinds(paths: list[str]) -> Iterator[Reply]:
    """What each path is, "directory" for a DICOMDIR; "" where nothing is known."""
    for path in paths:
        try:
            found = sniff(path)
            kind = found if isinstance(found, str) else "instrument"
            if kind == "dicom" and _names_directory(path):
                kind = "directory"
        except Exception:  # the reason comes with the record
            kind = ""
        yield {"kind": kind}, None


def _names_directory(path: str) -> bool:
    """By the file meta alone: a bomb must not be unpacked twice."""
    with open(path, "rb") as file:
        return _DIRECTORY in file.read(1024)


def raster(path: str, frame: int, sop_uid: str | None) -> Iterator[Reply]:
    """One frame: values as JSON, pixels and VOI table as raw bytes."""
    computing.allow(path)
    kind = sniff(path)
    if not isinstance(kind, str):
        yield packed(instruments.raster_of(kind, path, frame))
    elif kind == "picture":
        yield packed(pictures.read_raster(path, frame))
    else:
        yield packed(pixels.read_raster(path, frame, sop_uid))


def header(path: str, rows: int) -> Iterator[Reply]:
    """(tag, keyword, text) rows of one file."""
    computing.allow(path)
    kind = sniff(path)
    found = header_rows(path, kind, rows) if isinstance(kind, str) else instruments.header_of(kind, path, rows)
    yield {"rows": [list(row) for row in found]}, None


def layers(path: str, frame: int) -> Iterator[Reply]:
    """Layer lines that the file holds for one frame: who drew them as JSON, rows as float32 (lines, cols)."""
    computing.allow(path)
    kind = sniff(path)
    yield lined(() if isinstance(kind, str) else instruments.layers_of(kind, path, frame))


def directory(path: str) -> Iterator[Reply]:
    """References of a DICOMDIR, unresolved: the parent decides what lies inside."""
    computing.allow(path)
    yield {"references": [list(words) for words in dicom_read.directory_references(path)]}, None


def archive(path: str, target: str) -> Iterator[Reply]:
    """Unpack a ZIP; one answer a member."""
    free = os.statvfs(target)
    for name, problem in unpack(path, target, free.f_bavail * free.f_frsize):
        yield {"name": name, "problem": wire.to_plain(problem) if problem is not None else None}, None


OPERATIONS: dict[str, Callable[..., Iterator[Reply]]] = {
    "records": records, "kinds": kinds, "raster": raster, "header": header, "layers": layers,
    "directory": directory, "archive": archive, "speeds": decoder_speeds.speeds, **companion_draw.OPERATIONS}
