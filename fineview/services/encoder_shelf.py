"""What encoders are at hand, and which one measured results speak for: read behind the window."""

from __future__ import annotations

from collections.abc import Callable

from fineview.core.advice import Advice
from fineview.core.errors import FineViewError
from fineview.core.evidence import EncoderEntry, Task
from fineview.services.jobs import Job, Jobs
from fineview.services.session import Session


class EncoderShelf:
    """Lanes "shelf" and "advice".  ``entries`` and ``advise`` read files, so they run on a worker only."""

    def __init__(self, session: Session, jobs: Jobs, entries: Callable[[], tuple[EncoderEntry, ...]],
                 advise: Callable[[Task], Advice]) -> None:
        self._session, self._jobs, self._entries, self._advise = session, jobs, entries, advise

    def list(self, then: Callable[[], None] = lambda: None) -> None:
        """Fill ``Session.encoders``, then call ``then``."""
        def listed(found: tuple[EncoderEntry, ...]) -> None:
            self._session.encoders = found
            then()
            self._session.pulse()

        self._jobs.submit(Job("shelf", lambda _: self._entries(), listed, self._tell))

    def advise(self, task: Task, show: Callable[[Advice], None], failed: Callable[[FineViewError], None]) -> None:
        """Advice for a task, handed to ``show`` on the caller's thread; a newer task wins."""
        self._jobs.submit(Job("advice", lambda _: self._advise(task), show, failed))

    def _tell(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()
