"""Copies of a store that was just found sound, numbered by sequence and never by the clock.

A copy is taken when the store is opened, before any migration, unless the newest copy holds the same rows.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from fineview.store import rows

_FOLDER = "backups"
KEPT = 3


def all_of(folder: Path) -> tuple[Path, ...]:
    """Backups of this store, oldest first."""
    return tuple(sorted((folder / _FOLDER).glob("[0-9]*.sqlite")))


def newest(folder: Path) -> Path | None:
    found = all_of(folder)
    return found[-1] if found else None


def take(connection: sqlite3.Connection, folder: Path) -> Path:
    """Copy a sound store; returns the copy.  Raises ``sqlite3.Error`` or ``OSError`` where it cannot be written."""
    last = newest(folder)
    tips = "".join(rows.head_of(connection, table)[1] for table in rows.CHAINS)
    name = rows.digest("backup", [tips])[:8]
    if last is not None and last.stem.endswith(name):
        return last
    number = int(last.stem.split("-")[0]) + 1 if last else 1
    place = folder / _FOLDER
    place.mkdir(mode=0o700, exist_ok=True)
    part, target = place / "part", place / f"{number:06d}-{name}.sqlite"
    _copy(connection, part)
    os.replace(part, target)
    for old in all_of(folder)[:-KEPT]:
        old.unlink()
    return target


def restore(folder: Path, backup: Path, file_name: str) -> Path:
    """Put ``backup`` in the place of the store; the file that was there is kept and its new path returned.

    Call it only while no store of this folder is open.  Raises ``OSError``.
    """
    aside = folder / "damaged"
    aside.mkdir(mode=0o700, exist_ok=True)
    kept = aside / f"{len(list(aside.glob('*.sqlite'))) + 1:03d}.sqlite"
    part = folder / "restored.part"
    part.write_bytes(backup.read_bytes())
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    for suffix in ("-wal", "-shm", ""):
        # The old WAL must go first: replayed over the backup it would damage that too.
        source = folder / f"{file_name}{suffix}"
        if source.exists():
            os.replace(source, f"{kept}{suffix}")
    os.replace(part, folder / file_name)
    return kept


def _copy(connection: sqlite3.Connection, part: Path) -> None:
    part.unlink(missing_ok=True)
    copy = sqlite3.connect(part)
    try:
        connection.backup(copy)
        # One file and nothing beside it: a backup in WAL mode would want a second one to be read.
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()
    os.chmod(part, 0o600)
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
