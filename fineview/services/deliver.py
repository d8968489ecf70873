"""Writing a file so that nobody ever sees half of it: beside its target, synced, read back, then moved into place."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from fineview.core.errors import StorageProblem

Check = Callable[[bytes], None]


def storage_problem(error: OSError, target: Path) -> StorageProblem:
    """The sentence for a write that failed."""
    where = target.parent
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageProblem("Not saved: the disk is full.", f"Free some space in {where} and save again.",
                              "disk-full")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StorageProblem(f"Not saved: {where} cannot be written to.", "Choose another folder.", "read-only")
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return StorageProblem(f"Not saved: {where} is not a folder.", "Choose another folder.", "not-a-folder")
    return StorageProblem(f"Not saved: {error.strerror or 'the file could not be written'}.",
                          "Choose another folder and save again.", "not-written")


def deliver(data: bytes, target: Path, verify: Check | None = None) -> Path:
    """Write ``data`` to ``target`` atomically; ``verify`` is given what the disk holds before it is announced.

    Raises ``StorageProblem`` (``disk-full``, ``read-only``, ``read-back``) and leaves an old file untouched.
    """
    return deliver_together([(target, data, verify)])[0]


def deliver_together(files: Iterable[tuple[Path, bytes, Check | None]]) -> tuple[Path, ...]:
    """Write (target, data, verify) so that a disk that fills up half-way leaves all old files as they were.

    All are staged, synced and read back first, then moved into place.  Raises as ``deliver`` does.
    """
    staged: list[tuple[Path, Path]] = []
    target = Path()
    try:
        for target, data, verify in files:
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.append((_reserve(target), target))
            _stage(staged[-1][0], data, verify)
        for beside, target in staged:
            os.replace(beside, target)
        for folder in {target.parent for _, target in staged}:
            _sync_folder(folder)
    except OSError as error:
        raise storage_problem(error, target) from error
    finally:
        for beside, _ in staged:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
    return tuple(target for _, target in staged)


def _reserve(target: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    return Path(name)


def _stage(beside: Path, data: bytes, verify: Check | None) -> None:
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    back = beside.read_bytes()
    if back != data:
        raise StorageProblem("Not saved: the disk gave back other bytes than were written.",
                             "Check the disk and choose another folder.", "read-back")
    if verify is not None:
        verify(back)
    beside.chmod(0o644)


def _sync_folder(folder: Path) -> None:
    """The rename itself must survive a power loss too; not every system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
