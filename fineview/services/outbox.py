"""Sending: each object goes into the outbox first, and counts as sent once the peer has confirmed it.

A parcel is ``waiting``, ``sending``, ``sent`` or ``failed``.  What was ``sending`` when the connection broke, the work
was cancelled or the program was killed is waiting again: the peer may have it already, and takes it twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from fineview.core.errors import FineViewError, InputProblem
from fineview.core.peer import Parcel, Receipt
from fineview.core.study import Catalogue
from fineview.services.clock import now_iso
from fineview.services.pacs import Pacs, hashed
from fineview.services.ports import Journal, OutboxPort, Peer, TokenPort
from fineview.services.spool import Spool

Object = tuple[str, str, Path]
"""SOP instance UID, study instance UID ("" where unknown), file."""
_BROKEN = "The connection broke before the peer confirmed it."
_ENDED = "The program ended before the peer confirmed it."
_LISTED = "The peer lists it."
_NOT_LISTED = "The peer confirmed it but does not list it: keep the original."


def objects_in(found: Catalogue) -> tuple[Object, ...]:
    """Every DICOM object that was found, images and others, each once.  Raises ``InputProblem`` where there is none."""
    studies = {frame.path: study.uid for study in found.studies for series in study.series for frame in series.frames}
    studies |= {one.path: one.study_uid for one in found.companions}
    known = {one.sop_uid: (one.sop_uid, studies.get(one.path, ""), Path(one.path)) for one in found.files
             if one.sop_uid and one.verdict in ("image", "object")}
    if not known:
        raise InputProblem("There is no DICOM object to send.", "Pictures that are not DICOM stay here.", "empty")
    return tuple(known.values())


class Outbox:
    """``changed`` is called on the worker after each change of a parcel.  One ``deliver`` at a time."""

    def __init__(self, pacs: Pacs, peer: Peer, store: OutboxPort, journal: Journal, spool: Spool) -> None:
        self._pacs, self._peer, self._store, self._journal, self._spool = pacs, peer, store, journal, spool
        self.changed: Callable[[Parcel], None] = lambda parcel: None
        self.broken: dict[str, FineViewError] = {}

    def parcels(self) -> tuple[Parcel, ...]:
        return self._store.parcels()

    def post(self, name: str, objects: Sequence[Object], kinds: Mapping[str, str] = MappingProxyType({})) -> str:
        """Put objects into the outbox for a node; returns the batch.  Nothing is sent yet.

        ``kinds``: what an object is, for people, by its SOP instance UID.

        Raises ``RequestProblem``, ``StorageProblem``, ``InputProblem``, and then nothing was put in.
        """
        self._pacs.node(name)
        batch, at = uuid.uuid4().hex, now_iso()
        made: list[Parcel] = []
        try:
            for uid, study, path in objects:
                # What is no UID goes in too: it is refused before it leaves, and is told of by its own row.
                held = self._spool.keep(path, batch, uid)
                made.append(Parcel(f"{batch}/{uid}", batch, name, uid, study, str(held), at=at,
                                   kind=kinds.get(uid, "")))
            self._store.put(made)
        except BaseException:
            for one in made:
                self._spool.drop(one.path)
            raise
        return batch

    def retry(self, batch: str | None = None, ids: Collection[str] | None = None) -> int:
        """Failed parcels wait again, of ``ids`` only these; returns how many wait now."""
        again = [replace(one, state="waiting") for one in self._chosen(batch, ids) if one.state == "failed"]
        self._store.put(again)
        return sum(one.state in ("waiting", "sending") for one in self._chosen(batch, ids))

    def give_up(self, ids: Collection[str]) -> int:
        """Never send these: they leave the list, and the audit trail says so.  Returns how many went."""
        gone = [one for one in self._chosen(None, ids) if one.state in ("waiting", "failed")]
        for one in gone:
            self._note("send-given-up", one)
        self._drop(gone)
        return len(gone)

    def forget(self, batch: str | None = None, unsent: bool = False) -> int:
        """Take sent parcels out of the list, with ``unsent`` all of them; returns how many went."""
        gone = [one for one in self._chosen(batch) if unsent or one.state == "sent"]
        for one in gone:
            if one.state != "sent":
                self._note("send-given-up", one)
        self._drop(gone)
        return len(gone)

    def _drop(self, gone: Sequence[Parcel]) -> None:
        self._store.drop([one.id for one in gone])
        for one in gone:
            self._spool.drop(one.path)

    def check(self, token: TokenPort) -> tuple[Parcel, ...]:
        """Ask the peers whether they list what they confirmed; each sent parcel gets a remark.

        Raises ``PeerProblem`` where a peer cannot be asked; the parcels of the others are checked all the same.
        """
        sent = [one for one in self._store.parcels() if one.state == "sent" and one.study_uid]
        first: FineViewError | None = None
        for name in dict.fromkeys(one.node for one in sent):
            mine = [one for one in sent if one.node == name]
            try:
                held = self._pacs.listed(name, tuple(dict.fromkeys(one.study_uid for one in mine)), token)
            except FineViewError as error:
                first = first or error
                continue
            for one in mine:
                there = one.sop_uid in held
                if not there:
                    self._note("send-not-listed", one)
                self._change(one, why=_LISTED if there else _NOT_LISTED)
        if first is not None:
            raise first
        tried = {one.id for one in sent}
        return tuple(one for one in self._store.parcels() if one.id in tried)

    def deliver(self, token: TokenPort, batch: str | None = None, ids: Collection[str] | None = None
                ) -> tuple[Parcel, ...]:
        """Send what waits, of ``ids`` only these, node by node; returns those parcels as they are now.

        One node's failure does not keep the others waiting; the first is raised at the end, and ``broken`` holds all,
        by node.  Raises ``Cancelled``.
        """
        self.broken = {}
        self._recover()
        waiting = [one for one in self._chosen(batch, ids) if one.state == "waiting"]
        # By batch: in one of them an object stands once.
        for name, group in dict.fromkeys((one.node, one.batch) for one in waiting):
            try:
                self._deliver_to(name, [one for one in waiting if (one.node, one.batch) == (name, group)], token)
            except FineViewError as error:
                self.broken.setdefault(name, error)
        if self.broken:
            raise next(iter(self.broken.values()))
        tried = {one.id for one in waiting}
        return tuple(one for one in self._store.parcels() if one.id in tried)

    def _deliver_to(self, name: str, parcels: Sequence[Parcel], token: TokenPort) -> None:
        known = {one.sop_uid: one for one in parcels}  # those without a receipt
        try:
            node = self._pacs.node(name)

            def started(uid: str) -> None:
                one = known[uid]
                known[uid] = self._change(one, state="sending", attempts=one.attempts + 1, why="")

            def told(receipt: Receipt) -> None:
                # First: a kill between the two sends it again, and never hides that it left.
                self._note("send" if receipt.confirmed else "send-refused", known[receipt.sop_uid])
                made = self._change(known[receipt.sop_uid], why=receipt.why, state="sent" if receipt.confirmed
                                    else "waiting" if receipt.later else "failed")
                del known[receipt.sop_uid]
                if made.state == "sent":
                    self._spool.drop(made.path)

            objects = [(one.sop_uid, Path(one.path)) for one in known.values()]
            self._peer.send(node, self._pacs.secrets(name), objects, token, started, told)
        except FineViewError as error:
            self._unsent(known, error.what)
            raise
        except BaseException:
            self._unsent(known, _BROKEN)
            raise
        self._unsent(known, _BROKEN)

    def _unsent(self, known: dict[str, Parcel], why: str) -> None:
        for uid, one in tuple(known.items()):
            if one.state == "sending":  # it may have left: nobody can say
                self._note("send-unconfirmed", one)
            known[uid] = self._change(one, state="waiting", why=why)

    def _recover(self) -> None:
        """What another run left behind: this one sends one thing at a time."""
        left = [one for one in self._store.parcels() if one.state == "sending"]
        for one in left:
            self._note("send-unconfirmed", one)
        self._store.put([replace(one, state="waiting", why=_ENDED) for one in left])
        # Only now: a program that may not write must not tidy up after the one that does.
        self._spool.keep_only({one.path for one in self._store.parcels()})

    def _change(self, parcel: Parcel, **changes: object) -> Parcel:
        made = replace(parcel, at=now_iso(), **changes)  # type: ignore[arg-type]
        self._store.put([made])
        self.changed(made)
        return made

    def _note(self, event: str, one: Parcel) -> None:
        if not self._journal.read_only:
            self._journal.audit(event, {"node": hashed(one.node), "object": one.sop_uid, "study": one.study_uid},
                                now_iso())

    def _chosen(self, batch: str | None, ids: Collection[str] | None = None) -> tuple[Parcel, ...]:
        return tuple(one for one in self._store.parcels()
                     if (batch is None or one.batch == batch) and (ids is None or one.id in ids))
