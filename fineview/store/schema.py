"""Tables, and the way from every shipped schema to the newest one.

``user_version`` of the file is the number of migrations it has been through.  Each migration is one transaction: a
process killed at any statement leaves the old schema or the new one, never a mixture.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

Migration = tuple[str, ...]

# step, answer, audit only ever grow: ``previous`` is the hash of the row before, ``hash`` covers the whole row.
# head remembers where each of them ends, so that rows cut off the end are missed.
_FIRST: Migration = (
    """CREATE TABLE step (seq INTEGER PRIMARY KEY, study_uid TEXT NOT NULL, finding_id TEXT NOT NULL,
       words TEXT NOT NULL, before TEXT, after TEXT, at TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE INDEX step_study ON step (study_uid)",
    """CREATE TABLE answer (seq INTEGER PRIMARY KEY, study_uid TEXT NOT NULL, answer TEXT NOT NULL,
       previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    """CREATE TABLE audit (seq INTEGER PRIMARY KEY, event TEXT NOT NULL, detail TEXT NOT NULL, at TEXT NOT NULL,
       previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE TABLE head (name TEXT PRIMARY KEY, seq INTEGER NOT NULL, tip TEXT NOT NULL, hash TEXT NOT NULL)",
    """CREATE TABLE study (study_uid TEXT PRIMARY KEY, title TEXT NOT NULL, paths TEXT NOT NULL, at TEXT NOT NULL,
       turn INTEGER NOT NULL, hash TEXT NOT NULL)""",
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL, hash TEXT NOT NULL)",
)
# Peers, and what is on its way to them.
_PACS: Migration = (
    "CREATE TABLE node (name TEXT PRIMARY KEY, node TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE TABLE parcel (id TEXT PRIMARY KEY, parcel TEXT NOT NULL, turn INTEGER NOT NULL, hash TEXT NOT NULL)",
)
# Like step: what a person changed of a boundary of a B-scan.
_LAYERS: Migration = (
    """CREATE TABLE layer_step (seq INTEGER PRIMARY KEY, study_uid TEXT NOT NULL, copy_id TEXT NOT NULL,
       words TEXT NOT NULL, before TEXT, after TEXT, at TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE INDEX layer_step_study ON layer_step (study_uid)",
)
# Like step: what a person decided about the thickness grid of a volume.
_GRIDS: Migration = (
    """CREATE TABLE grid_step (seq INTEGER PRIMARY KEY, study_uid TEXT NOT NULL, series_uid TEXT NOT NULL,
       words TEXT NOT NULL, before TEXT, after TEXT, at TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    "CREATE INDEX grid_step_study ON grid_step (study_uid)",
)
MIGRATIONS: tuple[Migration, ...] = (_FIRST, _PACS, _LAYERS, _GRIDS)
VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the file to the newest schema.  Raises ``sqlite3.Error`` and leaves the version it had reached."""
    for number in range(version_of(connection), len(migrations)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in migrations[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
