"""Plugins in the window: which there are, and switching them on and off, behind the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fineview.core.errors import FineViewError, PluginProblem
from fineview.core.plugin import PluginEntry
from fineview.services.jobs import Job, Jobs
from fineview.services.session import Session

Show = Callable[[tuple[PluginEntry, ...]], None]
Failed = Callable[[FineViewError], None]


class Plugins(Protocol):
    """Who knows the plugins (``extend.host``); each call reads files and runs on a worker only.

    ``tell`` is called with each plugin that broke, on whichever thread found out.
    """

    safe_mode: bool
    tell: Callable[[PluginProblem], None]

    def entries(self) -> tuple[PluginEntry, ...]: ...
    def enable(self, name: str) -> PluginEntry: ...
    def disable(self, name: str) -> PluginEntry: ...


class PluginShelf:
    """Lane "plugins".  ``show`` gets all plugins as they are after the gesture, on the caller's thread.

    A plugin that broke, and safe mode, are told by notices.
    """

    def __init__(self, session: Session, jobs: Jobs, plugins: Plugins) -> None:
        self._session, self._jobs, self._plugins = session, jobs, plugins
        plugins.tell = lambda problem: jobs.post(lambda: self._taken_out(problem))
        if plugins.safe_mode:
            session.tell("info", "Safe mode: no plugin runs.", "Start without --safe-mode to use them.", "safe-mode")

    def list(self, show: Show, failed: Failed) -> None:
        self._jobs.submit(Job("plugins", lambda _: self._plugins.entries(), show, failed, newest_wins=False))

    def switch(self, name: str, on: bool, show: Show, failed: Failed) -> None:
        """The choice is kept across starts."""
        def work(_: object) -> tuple[PluginEntry, ...]:
            (self._plugins.enable if on else self._plugins.disable)(name)
            return self._plugins.entries()

        self._jobs.submit(Job("plugins", work, show, failed, newest_wins=False))

    def _taken_out(self, problem: PluginProblem) -> None:
        self._session.tell("warning", problem.what, "\"Plugins …\" in the menu Help enables it again.", problem.code)
        self._session.pulse()
