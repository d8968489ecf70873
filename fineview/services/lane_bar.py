"""The bar of one lane and the sentence of its failure: how a background job speaks through the session."""

from __future__ import annotations

from fineview.core.errors import FineViewError
from fineview.services.jobs import Jobs
from fineview.services.session import Session


class LaneBar:
    """How far the jobs of ``lane`` are; the bar goes away with the last of them."""

    def __init__(self, session: Session, jobs: Jobs, lane: str) -> None:
        self._session, self._jobs, self._lane = session, jobs, lane

    def moved(self, done: float, total: float, words: str) -> None:
        """``total`` 0: nobody knows how far it is."""
        self._session.advance(self._lane, words, done, total)

    def idle(self) -> None:
        if not self._jobs.busy(self._lane):
            self._session.progress.pop(self._lane, None)
            self._session.pulse()

    def failed(self, error: FineViewError) -> None:
        self._session.tell("error", error.what, error.remedy, error.code)
        self._session.pulse()
