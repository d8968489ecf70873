"""Concatenations: one multi-frame image that was cut into several objects (PS3.3 C.7.6.16.2.2.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from pydicom.dataset import Dataset

from fineview.formats.record import Concatenation, FileRecord
from fineview.formats.values import integer, text

_Key = tuple[bool, int, str, int, str]


def concatenation_of(dataset: Dataset) -> Concatenation | None:
    """``None`` where the object is whole: the numbers alone, without the UID, name no concatenation."""
    uid, number = text(dataset, "ConcatenationUID"), integer(dataset, "InConcatenationNumber")
    if not uid or number is None:
        return None
    return Concatenation(uid, number, integer(dataset, "InConcatenationTotalNumber"),
                         integer(dataset, "ConcatenationFrameOffsetNumber"))


def in_order(records: Sequence[FileRecord]) -> list[FileRecord]:
    """By instance number, those without last; the parts of a concatenation stay together, in their own order."""
    first: dict[str, tuple[bool, int]] = {}
    for record in records:
        if record.concatenation is not None:
            uid = record.concatenation.uid
            first[uid] = min(first.get(uid, _instance(record)), _instance(record))

    def key(record: FileRecord) -> _Key:
        part = record.concatenation
        if part is None:
            return *_instance(record), "", 0, record.path
        return *first[part.uid], part.uid, part.number, record.path

    return sorted(records, key=key)


def missing_parts(records: Sequence[FileRecord]) -> list[str]:
    """A sentence for each gap in each concatenation.  ``records`` in order."""
    parts = [record for record in records if record.concatenation is not None]
    found: list[str] = []
    for _, held in groupby(parts, key=lambda record: record.concatenation and record.concatenation.uid):
        found += _gaps(list(held))
    return found


def _instance(record: FileRecord) -> tuple[bool, int]:
    return record.instance_number is None, record.instance_number or 0


def _gaps(held: list[FileRecord]) -> Iterator[str]:
    total = next((part.total for part in map(_part, held) if part.total), None)
    of = f" of {total}" if total else ""
    before, end = 0, 0
    for record in held:
        part = _part(record)
        start = end if part.offset is None else part.offset
        if part.number > before + 1:
            yield _words(range(before + 1, part.number), of, range(end, start))
        before, end = part.number, start + len(record.frames)
    if total and before < total:
        yield _words(range(before + 1, total + 1), of, range(0))


def _part(record: FileRecord) -> Concatenation:
    assert record.concatenation is not None
    return record.concatenation


def _words(parts: range, of: str, frames: range) -> str:
    """Frames count from 1, as they do on the screen."""
    which = f"Part {parts[0]}{of} is" if len(parts) == 1 else f"Parts {parts[0]} to {parts[-1]}{of} are"
    lost = "" if not frames else f": frame {frames[0] + 1}" if len(frames) == 1 else (
        f": frames {frames[0] + 1} to {frames[-1] + 1}")
    return f"{which} missing{lost}."
