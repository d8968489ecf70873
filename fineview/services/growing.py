"""A study that is opened while it still arrives: at its first image, each time twice as much is there, at the end."""

from __future__ import annotations

from pathlib import Path

from fineview.core.peer import Arrived
from fineview.services.jobs import Jobs
from fineview.services.open_study import OpenStudy


class Growing:
    """One retrieval; on the GUI thread.  Once it was shown, what a person opens instead is not put aside for it."""

    def __init__(self, jobs: Jobs, opening: OpenStudy) -> None:
        self._jobs, self._opening = jobs, opening
        self._folder: Path | None = None
        self._shown = False
        self._count, self._next = 0, 2

    @property
    def shown(self) -> bool:
        """Whether it was opened at all."""
        return self._shown

    def arrived(self, one: Arrived) -> None:
        self._count += 1
        self._folder = Path(one.path).parent
        if not self._shown:
            if one.image:
                self._open(self._folder)
        elif self._count >= self._next and not self._jobs.busy("open"):
            self._next = 2 * self._count
            self._opening.again(self._folder)

    def ended(self) -> None:
        """Also after a cancel or a failure: what has arrived by then is shown."""
        if self._folder is None:
            return
        if self._shown:
            self._opening.again(self._folder)
        else:
            self._open(self._folder)  # objects without pixels can be read

    def _open(self, folder: Path) -> None:
        self._shown = True
        self._opening.paths([folder])
