"""Sending in the window: what goes is chosen and told first; what could not be sent is tried again while we are open.

Only what a person sent or asked for again since the program began is tried by itself: a program that starts connects
to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from fineview.core.errors import FineViewError
from fineview.core.peer import Parcel
from fineview.core.study import Catalogue
from fineview.services.jobs import Token
from fineview.services.outbox import Object
from fineview.services.outbox_pauses import again, pause_s
from fineview.services.pacs_work import AGAIN, BOOK, SEND, PacsWork
from fineview.services.ports import Archive
from fineview.services.received import seen
from fineview.services.shipment import Shipment, shipment

Written = Callable[[str], tuple[Path, ...]]
"""Study UID -> DICOM files that were exported of it since the program began."""
_UNDER_WAY = "Something is on its way: wait for it, or cancel it."
_WAITS = "outbox-waits"
_READING = "The study is still being read; send it when that has ended."


@dataclass(frozen=True, slots=True)
class _Delivery:
    """``left``: parcels worth another try; ``why``: what kept the first of them."""

    parcels: tuple[Parcel, ...]
    left: frozenset[str]
    why: FineViewError | None


class PacsSending:
    """``pause``: seconds to wait after so many attempts."""

    def __init__(self, work: PacsWork, archive: Archive, written: Written,
                 pause: Callable[[int], float] = pause_s) -> None:
        self._work, self._archive, self._written, self._pause = work, archive, written, pause
        self._asked: set[str] = set()
        self._tries = 0
        self._more = False

    def prepare(self) -> None:
        """Look together what of the open study can be sent, into ``view.shipment``.  Nothing is connected."""
        session = self._work.session
        study, catalogue = session.study, session.catalogue
        if study is None or "open" in session.progress:
            self._work.change(shipment=Shipment(), said=_READING if study else "Open a study first.", problem=None)
            return
        files = self._written(study.uid)

        def work(token: Token) -> Shipment:
            return shipment(study, catalogue, self._seen(files, token))

        def told(made: Shipment) -> str:
            self._work.change(shipment=made)
            return ""
        self._work.change(shipment=None)
        self._work.do("pacs-shipment", "", work, told)

    def send(self, name: str, objects: Sequence[Object], kinds: Mapping[str, str] = MappingProxyType({})) -> None:
        """Put objects into the outbox for a node, and send them: at once, or after what is under way."""
        if not objects:
            return

        def work(_: Token) -> frozenset[str]:
            outbox = self._work.rooms()[1]
            batch = outbox.post(name, objects, kinds)
            self._work.book()
            return frozenset(one.id for one in outbox.parcels() if one.batch == batch)
        self._work.do(BOOK, "", work, self._deliver_asked)

    def retry(self, ids: Collection[str] | None = None) -> None:
        """Try now: what failed or waits, of ``ids`` only these."""
        def work(_: Token) -> frozenset[str]:
            outbox = self._work.rooms()[1]
            outbox.retry(ids=ids)
            self._work.book()
            return frozenset(one.id for one in outbox.parcels()
                             if one.state in ("waiting", "sending") and (ids is None or one.id in ids))
        self._work.do(BOOK, "", work, self._deliver_asked)

    def give_up(self, ids: Collection[str]) -> None:
        """Never send these.  Refused while anything is on its way."""
        if self._work.jobs.busy(SEND):
            self._work.change(said=_UNDER_WAY, problem=None)
            return
        self._asked -= set(ids)  # at once: what is tried by itself in the next moment is tried without them

        def work(_: Token) -> int:
            gone = self._work.rooms()[1].give_up(ids)
            self._work.book()
            return gone

        self._work.do(BOOK, "", work, lambda gone: f"{gone} objects were given up: they will not be sent.")

    def forget(self) -> None:
        """Take what was sent out of the list."""
        def work(_: Token) -> None:
            self._work.rooms()[1].forget()
            self._work.book()
        self._work.do(BOOK, "", work, lambda _: "")

    def check(self) -> None:
        """Ask the peers whether they list what they confirmed."""
        def work(token: Token) -> tuple[Parcel, ...]:
            outbox = self._work.rooms()[1]
            outbox.changed = self._on_change
            return outbox.check(token)

        def told(tried: tuple[Parcel, ...]) -> str:
            missing = sum("does not list" in one.why for one in tried)
            return f"{len(tried) - missing} of {len(tried)} sent objects are listed by their peers."
        if self._work.jobs.busy(SEND):
            self._work.change(said=_UNDER_WAY, problem=None)
            return
        self._work.do(SEND, "asking what the peers list", work, told, finished=self._ended)

    # -- delivering --------------------------------------------------------------------------------------------
    def _deliver_asked(self, ids: frozenset[str]) -> str:
        """A person asked: pauses begin anew."""
        self._asked |= ids
        self._tries = 0
        if not ids:
            return "Nothing waits."
        self._deliver()
        return ""

    def _deliver(self) -> None:
        jobs = self._work.jobs
        if jobs.busy(SEND):
            self._more = True
            return
        jobs.cancel(AGAIN)
        self._work.change(next_try="")
        asked = frozenset(self._asked)

        def work(token: Token) -> _Delivery:
            outbox = self._work.rooms()[1]
            outbox.changed = self._on_change
            self._work.book()
            try:
                outbox.deliver(token, ids=asked)
            except FineViewError as error:
                if not outbox.broken:
                    raise  # the store or the disk, and no peer
                why: FineViewError | None = error
            else:
                why = None
            finally:
                self._work.book()
            parcels = tuple(one for one in outbox.parcels() if one.id in asked)
            return _Delivery(parcels, again(parcels, asked, outbox.broken), why)
        self._work.do(SEND, "sending", work, self._delivered, finished=self._ended)

    def _delivered(self, done: _Delivery) -> str:
        self._asked -= {one.id for one in done.parcels if one.state in ("sent", "failed")}
        sent = sum(one.state == "sent" for one in done.parcels)
        words = f"{sent} of {len(done.parcels)} objects sent and confirmed."
        if done.why is not None:
            self._work.change(said="", problem=done.why)
        if done.left:
            self._tries += 1
            self._later(len(done.left), done.why)
        elif self._tries:
            self._tries, session = 0, self._work.session
            session.notices = tuple(one for one in session.notices if one.code != _WAITS)
            session.tell("info", f"The outbox was tried again: {words}", "", "outbox-sent")
        return "" if done.why is not None else words

    def _later(self, left: int, why: FineViewError | None) -> None:
        pause = self._pause(self._tries)
        at = (datetime.now() + timedelta(seconds=pause)).strftime("%H:%M")
        self._work.change(next_try=at)
        if self._tries == 1:
            self._work.session.tell(
                "warning", f"{left} objects are not sent yet{': ' + why.what if why is not None else '.'}",
                "They are tried again while FineView is open; File > PACS > Outbox shows when.", _WAITS)
        # Cancelled when the program ends, and when a person asks for a try now.
        self._work.do(AGAIN, "", lambda token: token.wait(pause), lambda _: self._due())

    def _due(self) -> str:
        self._deliver()
        return ""

    def _ended(self) -> None:
        """After a cancel too: what a person sent meanwhile goes now."""
        if self._more and not self._work.jobs.busy(SEND):
            self._more = False
            self._deliver()

    def _on_change(self, parcel: Parcel) -> None:
        self._work.jobs.post(lambda: self._changed(parcel))

    def _changed(self, parcel: Parcel) -> None:
        self._work.change(parcels=tuple(parcel if one.id == parcel.id else one for one in self._work.view.parcels))

    def _seen(self, files: Sequence[Path], token: Token) -> Catalogue:
        """Reports that were exported and are still there."""
        there = [one for one in files if one.is_file()]
        return seen(self._archive, there, token) if there else Catalogue()
