"""Rows that can tell when they were changed.

SQLite's own checks miss bits that flip inside a value, so every row carries sha256 over its content, and rows of the
growing tables also over the hash of the row before: a changed, removed, added or reordered row breaks the chain.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Value = str | int | None

CHAINS: dict[str, tuple[str, ...]] = {
    "step": ("study_uid", "finding_id", "words", "before", "after", "at"),
    "answer": ("study_uid", "answer"),
    "audit": ("event", "detail", "at"),
    "layer_step": ("study_uid", "copy_id", "words", "before", "after", "at"),
    "grid_step": ("study_uid", "series_uid", "words", "before", "after", "at"),
}
SINGLES: dict[str, tuple[str, ...]] = {
    "head": ("name", "seq", "tip"),
    "study": ("study_uid", "title", "paths", "at", "turn"),
    "setting": ("name", "value"),
    "node": ("name", "node"),
    "parcel": ("id", "parcel", "turn"),
}
# Schema version since which a table is there; those not named are as old as the first.
SINCE = {"node": 2, "parcel": 2, "layer_step": 3, "grid_step": 4}
START = "0" * 64


class BrokenRowError(Exception):
    """A row whose content does not match its hash; the message names table and row, never the content."""


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """Result of reading one growing table from its first row.  ``first_bad``: sequence number, ``None`` if sound."""

    rows: int
    tip: str
    first_bad: int | None = None
    why: str = ""

    @property
    def sound(self) -> bool:
        return not self.why


def digest(table: str, values: Sequence[object]) -> str:
    """sha256 (hex) over the table's name and the values in column order."""
    text = json.dumps([table, *values], separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def head_of(connection: sqlite3.Connection, table: str) -> tuple[int, str]:
    """(last sequence number, its hash) of a growing table.  Raises ``BrokenRowError``."""
    row = connection.execute("SELECT name, seq, tip, hash FROM head WHERE name = ?", (table,)).fetchone()
    if row is None:
        return 0, START
    check("head", row[:-1], row[-1], row[0])
    return int(row[1]), str(row[2])


def append(connection: sqlite3.Connection, table: str, values: Sequence[Value]) -> int:
    """Add one row to a growing table inside the caller's transaction; returns its sequence number."""
    last, previous = head_of(connection, table)
    seq = last + 1
    tip = digest(table, [seq, *values, previous])
    marks = ", ".join("?" * (len(values) + 3))
    columns = ", ".join(("seq", *CHAINS[table], "previous", "hash"))
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", (seq, *values, previous, tip))
    put(connection, "head", (table, seq, tip))
    return seq


def put(connection: sqlite3.Connection, table: str, values: Sequence[Value]) -> None:
    """Write or replace one row of a table whose first column is its key."""
    columns = ", ".join((*SINGLES[table], "hash"))
    marks = ", ".join("?" * (len(values) + 1))
    connection.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})",
                       (*values, digest(table, values)))


def check(table: str, values: Sequence[object], stored: object, name: object) -> None:
    """Raises ``BrokenRowError`` where the hash does not match."""
    if digest(table, values) != stored:
        raise BrokenRowError(f"row {name} of table {table} does not match its hash")


def read_chain(connection: sqlite3.Connection, table: str, study_uid: str | None = None) -> Iterator[tuple[Value, ...]]:
    """Rows in sequence order, each checked against its own hash: (seq, *columns).  Raises ``BrokenRowError``."""
    columns = ", ".join(("seq", *CHAINS[table], "previous", "hash"))
    where, wanted = ("WHERE study_uid = ?", (study_uid,)) if study_uid is not None else ("", ())
    for row in connection.execute(f"SELECT {columns} FROM {table} {where} ORDER BY seq", wanted):
        check(table, row[:-1], row[-1], row[0])
        yield row[:-2]


def verify_chain(connection: sqlite3.Connection, table: str) -> ChainVerdict:
    """Read a growing table from its first row to its head."""
    expected_seq, previous = 1, START
    columns = ", ".join(("seq", *CHAINS[table], "previous", "hash"))
    for row in connection.execute(f"SELECT {columns} FROM {table} ORDER BY seq"):
        seq, stored = row[0], row[-1]
        if seq != expected_seq:
            return ChainVerdict(expected_seq - 1, previous, expected_seq, f"row {expected_seq} of {table} is missing")
        if row[-2] != previous or digest(table, row[:-1]) != stored:
            return ChainVerdict(expected_seq - 1, previous, seq, f"row {seq} of {table} was changed")
        expected_seq, previous = seq + 1, stored
    try:
        last, tip = head_of(connection, table)
    except BrokenRowError as error:
        return ChainVerdict(expected_seq - 1, previous, expected_seq, str(error))
    if (last, tip) != (expected_seq - 1, previous):
        why = f"{table} ends at row {expected_seq - 1}, its head says {last}"
        return ChainVerdict(expected_seq - 1, previous, expected_seq, why)
    return ChainVerdict(expected_seq - 1, previous)


def verify_everything(connection: sqlite3.Connection) -> str:
    """"" where file structure, chains and single rows are sound, else the first reason why not."""
    answer = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if answer != "ok":
        return str(answer).splitlines()[-1]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    for table in CHAINS:
        if version < SINCE.get(table, 1):
            continue
        verdict = verify_chain(connection, table)
        if not verdict.sound:
            return verdict.why
    for table, columns in SINGLES.items():
        if version < SINCE.get(table, 1):
            continue
        for row in connection.execute(f"SELECT {', '.join((*columns, 'hash'))} FROM {table}"):
            if digest(table, row[:-1]) != row[-1]:
                return f"a row of table {table} does not match its hash"
    return ""
