"""The PACS in the window: nodes, searching, and bringing a study here.  The network is a worker's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fineview.core.peer import Match, Matches, Node, Query, Retrieved, Secrets, Wish
from fineview.services.growing import Growing
from fineview.services.jobs import Jobs, Token
from fineview.services.open_study import OpenStudy
from fineview.services.outbox import Outbox
from fineview.services.pacs import Pacs
from fineview.services.pacs_received import PacsReceived
from fineview.services.pacs_sending import PacsSending, Written
from fineview.services.pacs_work import BOOK, FIND, GET, PacsView, PacsWork
from fineview.services.ports import Archive
from fineview.services.received import Received
from fineview.services.session import Session

_NOT_KEPT = "This machine has no keyring that keeps secrets: the token is known until FineView ends."


class PacsDesk:
    """``sending`` and ``received`` are desks of their own over the same ``view``.

    ``written``: the DICOM files that were exported of a study since the program began.
    """

    def __init__(self, session: Session, jobs: Jobs, rooms: Callable[[], tuple[Pacs, Outbox]], opening: OpenStudy,
                 archive: Archive, received: Callable[[], Received], written: Written) -> None:
        self._work = work = PacsWork(session, jobs, rooms)
        self._session, self._jobs, self._opening = session, jobs, opening
        self.sending = PacsSending(work, archive, written)
        self.received = PacsReceived(work, received, opening)

    @property
    def view(self) -> PacsView:
        return self._work.view

    def begin(self) -> None:
        """Read nodes and outbox.  Connects to nobody."""
        self._work.change(said="", problem=None)
        self._work.do(BOOK, "", lambda _: self._work.book(), lambda _: "")

    def add(self, node: Node, secrets: Secrets | None) -> None:
        def work(_: Token) -> bool:
            kept = self._pacs().add(node, secrets)
            self._work.book()
            return kept
        self._work.do(BOOK, "", work, lambda kept: f"{node.name} is entered." + ("" if kept else f" {_NOT_KEPT}"))

    def remove(self, name: str) -> None:
        def work(_: Token) -> None:
            try:
                self._pacs().remove(name)
            finally:
                self._work.book()
        self._work.do(BOOK, "", work, lambda _: f"{name} is forgotten.")

    def echo(self, name: str) -> None:
        self._work.do(FIND, f"asking {name}", lambda token: self._pacs().echo(name, token),
                      lambda _: f"{name} answers.")

    def find(self, name: str, query: Query) -> None:
        def told(found: Matches) -> str:
            self._work.change(found=found)
            words = f"{len(found.rows)} found" if found.rows else "Nothing was found"
            more = ", and there is more: ask for less at once" if found.cut else ""
            left = f"; {found.refused} rows without a valid UID are left out" if found.refused else ""
            return f"{words}{more}{left}."
        self._work.change(found=None, found_at=name, series={})
        self._work.do(FIND, f"searching {name}", lambda token: self._pacs().find(name, query, token), told)

    def series(self, match: Match) -> None:
        """The series of a study that was found, into ``view.series``."""
        uid, name = match.study_uid, self.view.found_at
        query = Query("series", study_uid=uid, limit=5000)

        def told(found: Matches) -> str:
            self._work.change(series={**self.view.series, uid: found.rows})
            return "" if found.rows else "The peer lists no series of it."
        if name and uid and uid not in self.view.series:
            self._work.do(FIND, f"asking {name} for series", lambda token: self._pacs().find(name, query, token), told)

    def retrieve(self, match: Match) -> None:
        """Bring a study, or the series that ``match`` names, here from the node that listed it.

        It opens as soon as its first image is there.
        """
        name = self.view.found_at
        if self._jobs.busy(GET):
            self._work.change(said="One is under way already.", problem=None)
            return
        growing = Growing(self._jobs, self._opening)
        wish = Wish(match.study_uid, match.series_uid, match.patient_id)

        def work(token: Token) -> Retrieved:
            return self._pacs().retrieve(name, wish, token,
                                         lambda one: self._jobs.post(partial(growing.arrived, one)))

        self._work.do(GET, f"retrieving from {name}", work, self._retrieved, finished=growing.ended)

    def _retrieved(self, done: Retrieved) -> str:
        if done.strangers:
            self._session.tell("warning", f"{done.strangers} of {len(done.arrived)} objects of the retrieved study "
                               "name another patient.", "Check whose they are before you use them.", "other-patient")
        words = f"{len(done.arrived)} of {done.promised} objects retrieved, and opened."
        why = done.refused[0].why if done.refused else ""
        strangers = f"{done.strangers} of them name another patient." if done.strangers else ""
        return " ".join(one for one in (words, "" if done.complete else why, strangers) if one)

    def busy(self, lane: str) -> bool:
        return self._jobs.busy(lane)

    def cancel(self, lane: str) -> None:
        self._jobs.cancel(lane)

    def _pacs(self) -> Pacs:
        return self._work.rooms()[0]
