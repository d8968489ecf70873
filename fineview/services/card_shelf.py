"""Model cards and what stored results promise: read behind the window."""

from __future__ import annotations

from collections.abc import Callable

from fineview.core.card import ModelCard
from fineview.core.errors import FineViewError
from fineview.core.measured import ResultShelf
from fineview.services.jobs import Job, Jobs
from fineview.services.session import Session


class CardShelf:
    """Lanes "results" and "card".  ``results`` and ``card`` read files, so they run on a worker only.

    ``card`` takes an encoder's name, None for the one the application was started with.
    """

    def __init__(self, session: Session, jobs: Jobs, results: Callable[[], ResultShelf],
                 card: Callable[[str | None], ModelCard]) -> None:
        self._session, self._jobs, self._results, self._card = session, jobs, results, card

    def read(self) -> None:
        """Fill ``Session.results``.  A file that cannot be read is told by advice, which lists every file."""
        def there(found: ResultShelf) -> None:
            self._session.results = found.results
            self._session.pulse()

        self._jobs.submit(Job("results", lambda _: self._results(), there, self._tell))

    def card(self, show: Callable[[ModelCard], None], failed: Callable[[FineViewError], None]) -> None:
        """The card of the encoder in force, handed to ``show`` on the caller's thread."""
        name = self._session.overlay.encoder or None
        self._jobs.submit(Job("card", lambda _: self._card(name), show, failed))

    def _tell(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()
