"""The PACS in the window: every gesture returns at once, the network is a worker's, and what is known is one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from fineview.core.errors import FineViewError
from fineview.core.peer import Match, Matches, Node, Parcel, Query, Retrieved, Secrets, Wish
from fineview.core.study import Study
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.outbox import Outbox, objects_of
from fineview.services.pacs import Pacs
from fineview.services.session import Session

T = TypeVar("T")
FIND, GET, SEND, BOOK = "pacs-find", "pacs-get", "pacs-send", "pacs-nodes"
"""Lanes.  A newer search takes the place of an older one; retrieving and sending run one at a time."""
_NOT_KEPT = "This machine has no keyring that keeps secrets: the token is known until FineView ends."


@dataclass(frozen=True, slots=True)
class PacsView:
    """``said``: what the last gesture came to; ``problem``: why it came to nothing."""

    nodes: tuple[Node, ...] = ()
    found: Matches | None = None
    parcels: tuple[Parcel, ...] = ()
    said: str = ""
    problem: FineViewError | None = None


class PacsDesk:
    """``rooms`` opens nothing that waits.  ``view`` changes on the caller's thread only, each time with a pulse."""

    def __init__(self, session: Session, jobs: Jobs, rooms: Callable[[], tuple[Pacs, Outbox]],
                 open_paths: Callable[[list[Path]], None]) -> None:
        self._session, self._jobs, self._rooms, self._open = session, jobs, rooms, open_paths
        self.view = PacsView()

    def begin(self) -> None:
        """Read nodes and outbox.  Connects to nobody."""
        self._do(BOOK, "", lambda _: self._book(), lambda _: "")

    def add(self, node: Node, secrets: Secrets | None) -> None:
        def work(_: Token) -> bool:
            kept = self._pacs().add(node, secrets)
            self._book()
            return kept
        self._do(BOOK, "", work, lambda kept: f"{node.name} is entered." + ("" if kept else f" {_NOT_KEPT}"))

    def remove(self, name: str) -> None:
        def work(_: Token) -> None:
            self._pacs().remove(name)
            self._book()
        self._do(BOOK, "", work, lambda _: f"{name} is forgotten.")

    def echo(self, name: str) -> None:
        self._do(FIND, f"asking {name}", lambda token: self._pacs().echo(name, token), lambda _: f"{name} answers.")

    def find(self, name: str, query: Query) -> None:
        def told(found: Matches) -> str:
            self._change(found=found)
            words = f"{len(found.rows)} found" if found.rows else "Nothing was found"
            more = ", and there is more: ask for less at once" if found.cut else ""
            left = f"; {found.refused} rows without a valid UID are left out" if found.refused else ""
            return f"{words}{more}{left}."
        self._change(found=None)
        self._do(FIND, f"searching {name}", lambda token: self._pacs().find(name, query, token), told)

    def retrieve(self, name: str, match: Match) -> None:
        """Bring a study here and open it."""
        def told(done: Retrieved) -> str:
            self._open([Path(done.folder)])
            words = f"{len(done.arrived)} of {done.promised} objects retrieved, and opened."
            return words if done.complete else f"{words} {done.refused[0].why if done.refused else ''}".strip()
        self._once(GET, f"retrieving from {name}",
                   lambda token: self._pacs().retrieve(name, Wish(match.study_uid), token), told)

    def send(self, name: str, study: Study) -> None:
        """All of the study: while its files are still being looked for, nothing is sent."""
        if "open" in self._session.progress:
            self._change(said="The study is still being read; send it when that has ended.", problem=None)
            return

        def work(token: Token) -> tuple[Parcel, ...]:
            _, outbox = self._rooms()
            return self._deliver(outbox, token, outbox.post(name, objects_of(study)))
        self._once(SEND, f"sending to {name}", work, _sent_words)

    def retry(self) -> None:
        def work(token: Token) -> tuple[Parcel, ...]:
            _, outbox = self._rooms()
            outbox.retry()
            return self._deliver(outbox, token, None)
        self._once(SEND, "sending what waits", work, _sent_words)

    def forget(self) -> None:
        """Take what was sent out of the list."""
        def work(_: Token) -> None:
            self._rooms()[1].forget()
            self._book()
        self._do(BOOK, "", work, lambda _: "")

    def busy(self, lane: str) -> bool:
        return self._jobs.busy(lane)

    def cancel(self, lane: str) -> None:
        self._jobs.cancel(lane)

    def _pacs(self) -> Pacs:
        return self._rooms()[0]

    def _book(self) -> None:
        """On a worker: read what the store knows, and show it."""
        pacs, outbox = self._rooms()
        nodes, parcels = pacs.nodes(), outbox.parcels()
        self._jobs.post(lambda: self._change(nodes=nodes, parcels=parcels))

    def _deliver(self, outbox: Outbox, token: Token, batch: str | None) -> tuple[Parcel, ...]:
        outbox.changed = lambda parcel: self._jobs.post(lambda: self._changed(parcel))
        self._book()
        try:
            return outbox.deliver(token, batch)
        finally:
            self._book()

    def _changed(self, parcel: Parcel) -> None:
        self._change(parcels=tuple(parcel if one.id == parcel.id else one for one in self.view.parcels))

    def _once(self, lane: str, words: str, work: Callable[[Token], T], told: Callable[[T], str]) -> None:
        if self._jobs.busy(lane):
            self._change(said="One is under way already.", problem=None)
            return
        self._do(lane, words, work, told)

    def _do(self, lane: str, words: str, work: Callable[[Token], T], told: Callable[[T], str]) -> None:
        def success(made: T) -> None:
            said = told(made)
            if said:
                self._change(said=said, problem=None)

        def progress(done: float, total: float, step: str) -> None:
            self._session.advance(lane, step or words, done, total)

        self._jobs.submit(Job(lane, work, success, lambda error: self._change(said="", problem=error), progress,
                              lambda: self._idle(lane), newest_wins=lane != BOOK))
        if words:
            self._change(said="", problem=None)
            self._session.advance(lane, words)

    def _idle(self, lane: str) -> None:
        if not self._jobs.busy(lane):
            self._session.progress.pop(lane, None)
            self._session.pulse()

    def _change(self, **changes: object) -> None:
        self.view = replace(self.view, **changes)  # type: ignore[arg-type]
        self._session.pulse()


def _sent_words(parcels: tuple[Parcel, ...]) -> str:
    sent = sum(one.state == "sent" for one in parcels)
    return f"{sent} of {len(parcels)} objects sent and confirmed." if parcels else "Nothing waits."
