"""Opening the one SQLite file: as its only writer where that is possible, else read-only with the reason why not.

Exactly one process writes, kept by an advisory lock on a file of its own: SQLite before 3.51.3 can corrupt a WAL that
two writers reset.  The kernel drops the lock when its holder dies, also after kill -9.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from fineview.core.errors import StorageProblem
from fineview.store import backups, rows, schema, troubles

FILE = "cellar.sqlite"
LOCK = "writer.lock"


@dataclass(slots=True)
class Opened:
    """``trouble``: why nothing can be written, ``None`` for the writer.  ``unsound``: reading would mislead too."""

    connection: sqlite3.Connection
    lock: int | None = None
    trouble: StorageProblem | None = None
    unsound: bool = False


def open_store(folder: Path, read_only: bool) -> Opened:
    """Always gives a connection; where nothing at all can be read it is an empty one in memory."""
    if read_only:
        return _open_reader(folder, troubles.read_only(folder))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = take_lock(folder)
    except OSError as error:
        return _open_reader(folder, troubles.translate(error, folder))
    if lock is None:
        return _open_reader(folder, troubles.busy(folder))
    try:
        return _open_writer(folder, lock)
    except (*troubles.FAULTS, StorageProblem) as error:
        os.close(lock)
        trouble = error if isinstance(error, StorageProblem) else troubles.translate(
            error, folder, backups.newest(folder))
        return _open_reader(folder, trouble)


def take_lock(folder: Path) -> int | None:
    """File descriptor that holds the lock, ``None`` where another one holds it.  Raises ``OSError``."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        os.close(handle)
        raise
    return handle


def _open_writer(folder: Path, lock: int) -> Opened:
    connection = _connect(f"{(folder / FILE).resolve().as_uri()}?mode=rwc")
    try:
        os.chmod(folder / FILE, 0o600)
        # FULL: the WAL is synced at every commit.  NORMAL survives kill -9 as well, but not a power cut.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = schema.version_of(connection)
        if version > schema.VERSION:
            raise troubles.newer(folder, version)
        if version < 0:
            raise troubles.damaged(folder, "its schema has no such version", backups.newest(folder))
        if version:
            _refuse_damage(connection, folder)
            _back_up(connection, folder, must=version < schema.VERSION)
        schema.migrate(connection)
        _sync(folder)
    except BaseException:
        connection.close()
        raise
    return Opened(connection, lock)


def _back_up(connection: sqlite3.Connection, folder: Path, must: bool) -> None:
    try:
        backups.take(connection, folder)
    except troubles.FAULTS:
        # No room for a copy is no reason not to save; only a migration never starts without one.
        if must:
            raise


def _open_reader(folder: Path, trouble: StorageProblem) -> Opened:
    """Open without touching anything; ``unsound`` where the file is there but must not be believed."""
    path = folder / FILE
    empty = Opened(_connect(":memory:"), None, trouble)
    schema.migrate(empty.connection)
    if not path.exists():
        return empty
    try:
        connection = _connect_reader(path)
    except troubles.FAULTS as error:
        return Opened(empty.connection, None, troubles.translate(error, folder, backups.newest(folder)), unsound=True)
    try:
        version = schema.version_of(connection)
        if version != schema.VERSION:
            raise troubles.newer(folder, version) if version > schema.VERSION else trouble
        _refuse_damage(connection, folder)
    except (*troubles.FAULTS, StorageProblem) as error:
        connection.close()
        told = error if isinstance(error, StorageProblem) else troubles.translate(error, folder, backups.newest(folder))
        return Opened(empty.connection, None, told, unsound=True)
    empty.connection.close()
    return Opened(connection, None, trouble)


def _connect_reader(path: Path) -> sqlite3.Connection:
    connection = _connect(f"{path.resolve().as_uri()}?mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return connection
    except sqlite3.OperationalError:
        connection.close()
        wal = Path(f"{path}-wal")
        if wal.exists() and wal.stat().st_size:
            raise
    # A full disk or locked folder has no place for the WAL's index; without a WAL the file alone is whole.
    connection = _connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection


def _connect(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=address.startswith("file:"), timeout=2.0, isolation_level=None,
                           check_same_thread=False)


def _refuse_damage(connection: sqlite3.Connection, folder: Path) -> None:
    # One read transaction: a second instance checks while the first goes on writing.
    connection.execute("BEGIN")
    try:
        reason = rows.verify_everything(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    if reason:
        raise troubles.damaged(folder, reason, backups.newest(folder))


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
