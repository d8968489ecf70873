"""Studies that were retrieved: which there are, how much room they take, and taking one away for good."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from fineview.core.errors import FineViewError, RequestProblem, StorageProblem
from fineview.core.received import ReceivedStudy
from fineview.core.study import Catalogue
from fineview.services.clock import now_iso
from fineview.services.ports import Archive, Journal, TokenPort

# The name of a study's folder: sha256 of its UID.  Nothing else in there is ever touched.
_FOLDER = re.compile(r"[0-9a-f]{64}")
_FRAMES = "frames"


class Received:
    """``root``: the folder for received objects.  Every method reads the disk: on a worker."""

    def __init__(self, root: Path, archive: Archive, journal: Journal) -> None:
        self.root, self._archive, self._journal = root, archive, journal

    def studies(self, token: TokenPort) -> tuple[ReceivedStudy, ...]:
        """The newest first."""
        found = []
        for folder in _folders(self.root):
            token.raise_if_cancelled()
            found.append(self._read(folder, token))
        return tuple(sorted(found, key=lambda one: (one.at, one.folder), reverse=True))

    def remove(self, folder: str) -> int:
        """Delete the files of one study, frames too; returns how many went.  There is no way back.

        Raises ``RequestProblem`` where there is no such study, ``StorageProblem`` where the disk refuses.
        """
        if not _FOLDER.fullmatch(folder) or self.root / folder not in _folders(self.root):
            raise RequestProblem("There is no received study of that name.",
                                 "\"fineview pacs received\" lists those at hand.", "no-study")
        if self._journal.read_only:
            raise StorageProblem("Nothing is deleted: another FineView is open, or its store cannot be written to.",
                                 "Close the other one and try again.", "read-only")
        study = self._read(self.root / folder, _Silent())
        # First: whoever stops in the middle has told of it, and can delete what is left.
        self._journal.audit("delete", {"study": study.study_uid, "folder": folder[:16],
                                       "objects": str(study.objects)}, now_iso())
        self._journal.forget_study(str(self.root / folder))
        return sum(_emptied(one) for one in (self.root / _FRAMES / folder, self.root / folder) if one.is_dir())

    def _read(self, folder: Path, token: TokenPort) -> ReceivedStudy:
        files = list(_files(folder))
        at = max((one.stat().st_mtime for one in files), default=0.0)
        made = ReceivedStudy(folder.name, objects=len(files), size=sum(one.stat().st_size for one in files),
                             at=datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M") if files else "")
        for one in files[:3]:  # the first may be damaged
            found = seen(self._archive, [one], token)
            for study in found.studies:
                return replace(made, study_uid=study.uid, patient_name=study.patient.name,
                               patient_id=study.patient.id, date=study.date, description=study.description)
            for other in found.companions:
                _, person, name, _ = (*other.patient_key, "", "", "", "")[:4]
                return replace(made, study_uid=other.study_uid, patient_name=name, patient_id=person,
                               description=other.title)
        return made


def seen(archive: Archive, files: Sequence[Path], token: TokenPort) -> Catalogue:
    """What can be read of files; objects without pixels, which are nothing to show, are in it all the same."""
    last = Catalogue()
    with suppress(FineViewError):
        for found in archive.scan(files, token):
            token.raise_if_cancelled()
            last = found
    return last


class _Silent:
    def raise_if_cancelled(self) -> None: ...
    def report(self, done: float, total: float, words: str = "") -> None: ...


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return [one for one in sorted(root.iterdir())
            if _FOLDER.fullmatch(one.name) and one.is_dir() and not one.is_symlink()]


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(one for one in folder.iterdir() if one.is_file() and not one.is_symlink())


def _emptied(folder: Path) -> int:
    """Raises ``StorageProblem``; what has gone by then has gone."""
    gone = 0
    try:
        for one in list(folder.iterdir()):
            one.unlink()
            gone += 1
        folder.rmdir()
        handle = os.open(folder.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageProblem(f"Not everything could be deleted: {error.strerror or 'the disk refuses'}.",
                             f"What is left lies in {folder}.", "not-deleted") from error
    return gone
