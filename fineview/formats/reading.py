"""What the reading child can be asked to do, one function an operation; each yields (answer, raw bytes or None)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fineview.core.errors import InputProblem
from fineview.core.image import Raster
from fineview.core.study import Problem
from fineview.formats import dicom_read, pictures, pixels, wire
from fineview.formats.faults import as_error
from fineview.formats.header import header_rows
from fineview.formats.part10 import looks_like_dicom
from fineview.formats.record import FileRecord
from fineview.formats.unpack import looks_like_zip, unpack

# (0002,0002) UI of 20 characters, always little endian and explicit (PS3.10 7.1).
_DIRECTORY = b"\x02\x00\x02\x00UI\x14\x00" + dicom_read.DIRECTORY_CLASS.encode()
Reply = tuple[dict[str, Any], memoryview | None]


def records(paths: list[str]) -> Iterator[Reply]:
    """One ``FileRecord`` a path, each sent as soon as it is known."""
    for path in paths:
        yield {"record": wire.to_plain(_record(path))}, None


def _record(path: str) -> FileRecord:
    try:
        kind = sniff(path)
        if kind == "zip":
            return FileRecord(path, "problem", problem=Problem(
                path, "nested-archive", "An archive inside the folder was not opened.", "Open it by itself."))
        if kind == "picture":
            return pictures.read_record(path)
        return dicom_read.read_record(path)
    except Exception as error:
        said = as_error(error)
        return FileRecord(path, "problem", problem=Problem(path, said["code"], said["what"], said["remedy"]))


def sniff(path: str) -> str:
    """"dicom", "picture" or "zip", by content and never by name.  Raises ``InputProblem``."""
    with open(path, "rb") as file:
        head = file.read(512)
    if not head:
        raise InputProblem("The file is empty.", "Copy it again from its source.", "empty")
    if head[128:132] == b"DICM":
        return "dicom"
    if pictures.looks_like_picture(head):
        return "picture"
    if looks_like_zip(head):
        return "zip"
    if looks_like_dicom(head):
        return "dicom"
    raise InputProblem("The file is not an image that can be read here.",
                       "Open DICOM, PNG, JPEG, TIFF or BMP files.", "not-an-image")


def kinds(paths: list[str]) -> Iterator[Reply]:
    """What each path is, "directory" for a DICOMDIR; "" where nothing is known."""
    for path in paths:
        try:
            kind = sniff(path)
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
    kind = sniff(path)
    found = pictures.read_raster(path, frame) if kind == "picture" else pixels.read_raster(path, frame, sop_uid)
    yield _packed(found)


def _packed(found: Raster) -> Reply:
    array = np.ascontiguousarray(found.pixels)
    windows = [[w.centre, w.width, w.function, w.name] for w in found.windows]
    lut = None
    if found.voi_lut is not None:
        first, table, bits = found.voi_lut
        lut = [first, table.tolist(), bits]
    return {"shape": list(array.shape), "dtype": array.dtype.str, "unit": found.unit, "inverted": found.inverted,
            "windows": windows, "lut": lut}, array.data


def header(path: str, rows: int) -> Iterator[Reply]:
    """(tag, keyword, text) rows of one file."""
    kind = sniff(path)
    yield {"rows": [list(row) for row in header_rows(path, kind, rows)]}, None


def directory(path: str) -> Iterator[Reply]:
    """References of a DICOMDIR, unresolved: the parent decides what lies inside."""
    yield {"references": [list(words) for words in dicom_read.directory_references(path)]}, None


def archive(path: str, target: str) -> Iterator[Reply]:
    """Unpack a ZIP; one answer a member."""
    free = os.statvfs(target)
    for name, problem in unpack(path, target, free.f_bavail * free.f_frsize):
        yield {"name": name, "problem": wire.to_plain(problem) if problem is not None else None}, None


OPERATIONS: dict[str, Callable[..., Iterator[Reply]]] = {
    "records": records, "kinds": kinds, "raster": raster, "header": header, "directory": directory, "archive": archive}
