"""SQLite's complaints as sentences with a remedy.  Codes: SQLite's own result codes (sqlite.org/rescode.html)."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from fineview.core.errors import StorageProblem

# UnicodeDecodeError: SQLite quotes damaged names in its messages, and Python fails to decode the message.
FAULTS = (sqlite3.Error, OSError, UnicodeDecodeError)
_ALMOST_NOTHING = 256 * 1024


def busy(folder: Path) -> StorageProblem:
    return StorageProblem(f"Not saved: another FineView is already writing to {folder}.",
                          "Close the other one, or go on here without saving.", "store-busy")


def read_only(folder: Path) -> StorageProblem:
    return StorageProblem(f"Not saved: {folder} cannot be written to.",
                          "Choose a folder you may write to with FINEVIEW_DATA, then start again.", "read-only")


def disk_full(folder: Path) -> StorageProblem:
    return StorageProblem(f"Not saved: the disk that holds {folder} is full.",
                          "Free some space and repeat the step; nothing saved before is lost.", "disk-full")


def damaged(folder: Path, detail: str, backup: Path | None) -> StorageProblem:
    remedy = (f"Restore the last backup, {backup.name}; the damaged file is kept beside it." if backup
              else "There is no backup yet: move the file away and start again; FineView then begins a new one.")
    return StorageProblem(f"The store in {folder} is damaged ({detail}), so it was opened read-only.", remedy,
                          "store-damaged")


def newer(folder: Path, version: int) -> StorageProblem:
    return StorageProblem(f"The store in {folder} was written by a newer FineView (schema {version}).",
                          "Start that version, or choose another folder with FINEVIEW_DATA.", "store-newer")


def closed() -> StorageProblem:
    return StorageProblem("Not saved: the store is already closed.", "Start FineView again.", "store-closed")


def translate(error: Exception, folder: Path, backup: Path | None = None) -> StorageProblem:
    """The typed problem behind an error of SQLite or the file system."""
    if isinstance(error, OSError):
        return _from_errno(error, folder)
    name = getattr(error, "sqlite_errorname", "") or ""
    if name == "SQLITE_FULL":
        return disk_full(folder)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return read_only(folder)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return busy(folder)
    if name.startswith("SQLITE_IOERR"):
        # A full disk also shows as a failing write or a shared-memory file that will not grow.
        if _free_bytes(folder) < _ALMOST_NOTHING or "WRITE" in name or "SHMSIZE" in name:
            return disk_full(folder)
        return StorageProblem(f"Not saved: the disk that holds {folder} reports an error ({name}).",
                              "Check the disk and its cable, then repeat the step.", "disk-error")
    # Everything else (corrupt, not a database, a table or column that is gone, text that is no text) is damage.
    return damaged(folder, str(error), backup)


def _from_errno(error: OSError, folder: Path) -> StorageProblem:
    import errno

    return disk_full(folder) if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else read_only(folder)


def _free_bytes(folder: Path) -> int:
    try:
        info = os.statvfs(folder)
    except OSError:
        return _ALMOST_NOTHING
    return info.f_bavail * info.f_frsize
