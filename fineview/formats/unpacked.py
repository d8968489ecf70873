"""Private temporary folders for unpacked archives: patients' data that must not outlive the program.

Nobody sees those folders: a member is known as ``study.zip/member``, the same at every opening.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fineview.formats.record import FileRecord

_Key = tuple[str, int, int]


class Unpacked:
    """Folders readable by their owner only (0700); removed on ``close``, at exit, or by the next start after a kill."""

    def __init__(self) -> None:
        _remove_orphans(Path(tempfile.gettempdir()))
        self._root: Path | None = None
        self._known: dict[_Key, Path] = {}
        self._folders: dict[str, str] = {}
        self._finalizer: weakref.finalize[[str], Unpacked] | None = None

    def fresh(self) -> Path:
        """A new empty folder."""
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix=f"fineview-{os.getpid()}-"))
            self._finalizer = weakref.finalize(self, shutil.rmtree, str(self._root), ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self._root))

    def known(self, archive: Path) -> Path | None:
        """The folder of an unchanged archive that was unpacked before."""
        found = self._known.get(_key(archive))
        return found if found is not None and found.is_dir() else None

    def remember(self, archive: Path, folder: Path) -> None:
        self._known[_key(archive)] = folder
        # A new mapping each time: other threads may be looking through the old one.
        self._folders = {**self._folders, str(archive): str(folder)}

    def plain(self, path: str) -> str:
        """The file behind a path: of ``study.zip/member`` the unpacked one, of any other path itself."""
        return _moved(path, self._folders.items())

    def shown(self, path: str) -> str:
        """The other way: how an unpacked file is known."""
        return _moved(path, ((folder, archive) for archive, folder in reversed(self._folders.items())))

    def named(self, records: tuple[FileRecord, ...]) -> tuple[FileRecord, ...]:
        """Records of an unpacked file under the names that their members are known by."""
        return tuple(self._named(one) for one in records) if self.shown(records[0].path) != records[0].path else records

    def _named(self, one: FileRecord) -> FileRecord:
        path = self.shown(one.path)
        return replace(
            one, path=path, frames=tuple(replace(frame, path=path) for frame in one.frames),
            parts=tuple(map(self.shown, one.parts)), problem=one.problem and replace(one.problem, path=path),
            companion=one.companion and replace(one.companion, path=path))

    def close(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        self._root, self._finalizer = None, None
        self._known.clear()
        self._folders = {}


def _moved(path: str, folders: Iterable[tuple[str, str]]) -> str:
    """``path`` below the second of the pair whose first it lies below."""
    for source, target in folders:
        if path.startswith(source + os.sep):
            return target + path[len(source):]
    return path


def _key(archive: Path) -> _Key:
    status = archive.stat()
    return str(archive.resolve()), status.st_mtime_ns, status.st_size


def _remove_orphans(folder: Path) -> None:
    """Folders of our processes that were killed before they could tidy up."""
    for path in folder.glob("fineview-*-*"):
        named = re.match(r"fineview-(\d+)-", path.name)
        with suppress(OSError):
            if named and path.lstat().st_uid == os.getuid() and not alive(int(named[1])) and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
