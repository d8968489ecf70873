"""Private temporary folders for unpacked archives: patients' data that must not outlive the program."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path

_Key = tuple[str, int, int]


class Unpacked:
    """Folders readable by their owner only (0700); removed on ``close``, at exit, or by the next start after a kill."""

    def __init__(self) -> None:
        self._root: Path | None = None
        self._known: dict[_Key, Path] = {}
        self._finalizer: weakref.finalize[[str], Unpacked] | None = None

    def fresh(self) -> Path:
        """A new empty folder."""
        if self._root is None:
            _remove_orphans(Path(tempfile.gettempdir()))
            self._root = Path(tempfile.mkdtemp(prefix=f"fineview-{os.getpid()}-"))
            self._finalizer = weakref.finalize(self, shutil.rmtree, str(self._root), ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self._root))

    def known(self, archive: Path) -> Path | None:
        """The folder of an unchanged archive that was unpacked before."""
        found = self._known.get(_key(archive))
        return found if found is not None and found.is_dir() else None

    def remember(self, archive: Path, folder: Path) -> None:
        self._known[_key(archive)] = folder

    def close(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        self._root, self._finalizer = None, None
        self._known.clear()


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
