"""Rows of DICOM JSON as values of our own (PS3.18 annex F).  Wrong types become "not given"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fineview.core.peer import Level, Match, is_uid
from fineview.formats.values import printable

Row = Mapping[str, Any]


def words(row: Row, tag: str) -> str:
    """The values of an attribute, several joined by a backslash; names with all their forms, joined by "="."""
    held = row.get(tag)
    values = held.get("Value") if isinstance(held, Mapping) else None
    if not isinstance(values, list):
        return ""
    plain = [_name(one) if isinstance(one, Mapping) else one for one in values]
    return printable("\\".join(str(one) for one in plain if isinstance(one, (str, int, float))))


def _name(value: Mapping[str, Any]) -> str:
    """PS3.18 F.2.2: the groups of PS3.5 6.2.1, each under a name of its own."""
    groups = (value.get(one) for one in ("Alphabetic", "Ideographic", "Phonetic"))
    return "=".join(one if isinstance(one, str) else "" for one in groups).rstrip("=")


def items(row: Row, tag: str) -> tuple[Row, ...]:
    """Items of a sequence."""
    held = row.get(tag)
    values = held.get("Value") if isinstance(held, Mapping) else None
    return tuple(one for one in values if isinstance(one, Mapping)) if isinstance(values, list) else ()


def match(row: Row, level: Level) -> Match | None:
    """None where the row names no valid UID of its level."""
    series = level == "series"
    count = words(row, "00201209" if series else "00201208")
    made = Match(
        words(row, "0020000D"), words(row, "0020000E"), words(row, "00100010"), words(row, "00100020"),
        words(row, "00100030"), words(row, "00080020"), words(row, "0008103E" if series else "00081030"),
        words(row, "00080060" if series else "00080061"), words(row, "00080050"), words(row, "00200011"),
        int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0)
    needed = () if level == "patient" else (made.study_uid, made.series_uid) if series else (made.study_uid,)
    return made if all(is_uid(uid) for uid in needed) else None
