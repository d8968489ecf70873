"""What the desks of the PACS share: one value that the window shows, and gestures that return at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from fineview.core.errors import FineViewError
from fineview.core.peer import Match, Matches, Node, Parcel
from fineview.core.received import ReceivedStudy
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.outbox import Outbox
from fineview.services.pacs import Pacs
from fineview.services.session import Session
from fineview.services.shipment import Shipment

T = TypeVar("T")
FIND, GET, SEND, BOOK, AGAIN = "pacs-find", "pacs-get", "pacs-send", "pacs-nodes", "pacs-again"
"""Lanes.  A newer search takes the place of an older one; retrieving and sending run one at a time; ``AGAIN`` only
waits."""


@dataclass(frozen=True, slots=True)
class PacsView:
    """``found_at``: the node that was searched.  ``series``: of the studies found, by study UID, where asked for.

    ``received`` None: not read yet.  ``shipment`` None: being looked together.  ``next_try``: local time when what
    waits is sent again, "" for never.  ``said``: what the last gesture came to; ``problem``: why it came to nothing.
    """

    nodes: tuple[Node, ...] = ()
    found: Matches | None = None
    found_at: str = ""
    series: Mapping[str, tuple[Match, ...]] = field(default_factory=dict)
    parcels: tuple[Parcel, ...] = ()
    received: tuple[ReceivedStudy, ...] | None = None
    shipment: Shipment | None = None
    next_try: str = ""
    said: str = ""
    problem: FineViewError | None = None


class PacsWork:
    """``rooms`` opens nothing that waits.  ``view`` changes on the caller's thread only, each time with a pulse."""

    def __init__(self, session: Session, jobs: Jobs, rooms: Callable[[], tuple[Pacs, Outbox]]) -> None:
        self.session, self.jobs, self.rooms = session, jobs, rooms
        self.view = PacsView()

    def change(self, **changes: object) -> None:
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        self.session.pulse()

    def book(self) -> None:
        """On a worker: read what the store knows, and show it."""
        pacs, outbox = self.rooms()
        nodes, parcels = pacs.nodes(), outbox.parcels()
        self.jobs.post(lambda: self.change(nodes=nodes, parcels=parcels))

    def do(self, lane: str, words: str, work: Callable[[Token], T], told: Callable[[T], str],
           failed: Callable[[FineViewError], None] = lambda error: None,
           finished: Callable[[], None] = lambda: None) -> None:
        """``told``: the sentence for what came of it, "" for none.  ``finished`` runs after a cancel too."""
        def success(made: T) -> None:
            said = told(made)
            if said:
                self.change(said=said, problem=None)

        def failure(error: FineViewError) -> None:
            self.change(said="", problem=error)
            failed(error)

        def end() -> None:
            self._idle(lane)
            finished()

        def progress(done: float, total: float, step: str) -> None:
            self.session.advance(lane, step or words, done, total)

        self.jobs.submit(Job(lane, work, success, failure, progress, end, newest_wins=lane != BOOK))
        if words:
            self.change(said="", problem=None)
            self.session.advance(lane, words)

    def _idle(self, lane: str) -> None:
        if not self.jobs.busy(lane):
            self.session.progress.pop(lane, None)
            self.session.pulse()
