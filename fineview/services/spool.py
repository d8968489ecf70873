"""Files that wait to be sent, held so that they are still there when their turn comes.

A study from a ZIP lies in a folder that goes with the program, and a person may tidy up: each file is linked, or
copied where the disk is another one, under a name made of hashes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from fineview.core.errors import InputProblem
from fineview.core.peer import hashed_name
from fineview.services.deliver import storage_problem


class Spool:
    """``folder`` is made when first needed, readable by its owner only.

    ``plain``: the file behind a path of a catalogue, which may be a member of an archive.
    """

    def __init__(self, folder: Path, plain: Callable[[Path], Path] = lambda path: path) -> None:
        self._folder, self._plain = folder, plain

    def keep(self, file: Path, batch: str, uid: str) -> Path:
        """Returns where it is held.  Raises ``StorageProblem`` (disk full), ``InputProblem`` where it is gone."""
        target = self._folder / f"{hashed_name(uid)}-{batch}.dcm"
        file = self._plain(file)
        if not file.is_file():
            raise InputProblem("A file of the study is no longer there.", "Open the study again.", "gone")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                os.link(file.resolve(), target)
            except OSError:  # another disk, or one that knows no links
                shutil.copyfile(file, target)
        except OSError as error:
            with contextlib.suppress(OSError):
                target.unlink(missing_ok=True)
            raise storage_problem(error, target) from error
        return target

    def keep_only(self, held: Collection[str]) -> None:
        """Let go of every file but these: a program that was killed left others behind."""
        for path in self._folder.glob("*.dcm"):
            if str(path) not in held:
                self.drop(str(path))

    def drop(self, held: str) -> None:
        """Let go of one; what lies elsewhere is not ours and stays."""
        path = Path(held)
        if path.parent == self._folder:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
