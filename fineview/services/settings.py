"""Small settings of one person: read once, written behind the window like every other row of the journal."""

from __future__ import annotations

from collections.abc import Callable

from fineview.core.errors import FineViewError
from fineview.services.jobs import Job, Jobs
from fineview.services.ports import Journal


class Settings:
    """``setting`` and ``set_setting`` of the journal, for the thread that must not wait for a disk.

    ``jobs``: the lanes, or None before there are any.  Where the store cannot be written a setting holds until the
    window closes: a theme is no finding, and nobody is told that it was not saved.
    """

    def __init__(self, journal: Journal, jobs: Callable[[], Jobs | None]) -> None:
        self._journal, self._jobs = journal, jobs
        self._known: dict[str, str | None] = {}

    def setting(self, name: str) -> str | None:
        if name not in self._known:
            self._known[name] = self._journal.setting(name)
        return self._known[name]

    def set_setting(self, name: str, value: str) -> None:
        self._known[name] = value
        jobs = self._jobs()
        if jobs is not None and not self._journal.read_only:
            jobs.submit(Job("journal", lambda _: self._journal.set_setting(name, value), lambda _: None, _let_be,
                            newest_wins=False))


def _let_be(_: FineViewError) -> None:
    pass
