"""A DIMSE peer for tests: pynetdicom's own acceptor on a real socket, honest or as bad as a test wants it.

It stands in where Orthanc is missing, and for what Orthanc would never do.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom import config
from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from fineview.core.peer import Node

TITLE = "STANDIN"


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@dataclass
class StandIn:
    """``holds``: what it lists and hands over.  The other fields are its vices.

    ``announce``: UID it gives for an object in C-STORE, in place of its own.  ``surplus``: handed over though never
    listed.  ``lacks``: services (SOP classes) that it does not offer.  ``dies_after``: objects after which it breaks
    the connection.  ``store``: what it answers to C-STORE.
    """

    holds: list[Dataset] = field(default_factory=list)
    listed: Callable[[Dataset], str] = lambda one: str(one.SOPInstanceUID)
    announce: Callable[[Dataset], str] | None = None
    surplus: list[Dataset] = field(default_factory=list)
    dies_after: int | None = None
    lacks: tuple[str, ...] = ()
    status: int = 0x0000
    store: Callable[[Any], Any] = lambda event: 0x0000
    echo: Callable[[Any], int] = lambda event: 0x0000
    move: Callable[[Dataset], None] | None = None
    received: list[Dataset] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def node(self, **changes: Any) -> Node:
        return Node(**{"name": "stand-in", "host": "localhost", "port": self.port, "called": TITLE,  # type: ignore[arg-type]
                       "patience_s": 20.0, **changes})

    def find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        keys, seen = event.identifier, set()
        for one in self.holds:
            row = Dataset()
            row.QueryRetrieveLevel = keys.QueryRetrieveLevel
            if "SpecificCharacterSet" in one:
                row.SpecificCharacterSet = one.SpecificCharacterSet
            row.PatientName, row.PatientID = one.PatientName, one.PatientID
            if keys.QueryRetrieveLevel != "PATIENT":
                if keys.StudyInstanceUID not in ("", one.StudyInstanceUID):
                    continue
                row.StudyInstanceUID = one.StudyInstanceUID
            if keys.QueryRetrieveLevel in ("SERIES", "IMAGE"):
                row.SeriesInstanceUID = one.SeriesInstanceUID
            if keys.QueryRetrieveLevel == "IMAGE":
                if one.SeriesInstanceUID != keys.SeriesInstanceUID:
                    continue
                row.SOPInstanceUID, row.SOPClassUID = self.listed(one), one.SOPClassUID
            if str(row) not in seen:
                seen.add(str(row))
                yield 0xFF00, row

    def get(self, event: Any) -> Iterator[Any]:
        series = event.identifier.get("SeriesInstanceUID", "")
        wanted = [one for one in self.holds if one.StudyInstanceUID == event.identifier.StudyInstanceUID
                  and series in ("", one.SeriesInstanceUID)]
        yield len(wanted) + len(self.surplus)
        for number, one in enumerate([*wanted, *self.surplus]):
            if number == self.dies_after:
                event.assoc.abort()
                return
            sent = one
            if self.announce is not None:
                # The request's UID is taken from what is yielded: the wire then says another than the data set.
                sent = _Liar(one, self.announce(one))
            yield 0xFF00, sent
        if self.status:
            yield self.status, None

    def moved(self, event: Any) -> Iterator[Any]:
        assert self.move is not None
        yield None, None  # destination unknown: pynetdicom ends with A801h
        self.move(event.identifier)

    def stored(self, event: Any) -> Any:
        answer = self.store(event)
        if answer == 0x0000:
            made = event.dataset
            made.file_meta = event.file_meta
            self.received.append(made)
        return answer


class _Liar(Dataset):
    """A data set whose SOPInstanceUID depends on who asks: the library is told one, its encoding holds the other."""

    def __init__(self, one: Dataset, announced: str) -> None:
        super().__init__(one)
        self.file_meta = one.file_meta
        object.__setattr__(self, "announced", announced)

    def __getattribute__(self, name: str) -> Any:
        if name == "SOPInstanceUID":
            return object.__getattribute__(self, "announced")
        return super().__getattribute__(name)


@contextmanager
def running(peer: StandIn, tls: ssl.SSLContext | None = None, **entity: Any) -> Iterator[StandIn]:
    """Listen on loopback until the block ends.  ``entity``: attributes of the AE, such as whom it demands to be."""
    log = logging.getLogger("pynetdicom")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    # A peer that lies about UIDs must be able to write them.
    modes = config.settings.reading_validation_mode, config.settings.writing_validation_mode
    config.settings.reading_validation_mode = config.settings.writing_validation_mode = config.IGNORE
    made = AE(ae_title=TITLE)
    made.acse_timeout = made.dimse_timeout = made.network_timeout = 20
    for name, value in entity.items():
        setattr(made, name, value)
    for model in (Verification, PatientRootQueryRetrieveInformationModelFind,
                  StudyRootQueryRetrieveInformationModelFind, StudyRootQueryRetrieveInformationModelGet,
                  StudyRootQueryRetrieveInformationModelMove):
        if model not in peer.lacks:
            made.add_supported_context(model)
    for context in AllStoragePresentationContexts:
        made.add_supported_context(context.abstract_syntax, _SYNTAXES, scu_role=True, scp_role=True)
    peer.port = peer.port or free_port()
    server = made.start_server(("127.0.0.1", peer.port), block=False, ssl_context=tls, evt_handlers=[
        (evt.EVT_C_ECHO, lambda event: peer.echo(event)), (evt.EVT_C_FIND, peer.find), (evt.EVT_C_GET, peer.get),
        (evt.EVT_C_MOVE, peer.moved), (evt.EVT_C_STORE, peer.stored),
        (evt.EVT_CONN_CLOSE, lambda event: peer.closed.set())])
    assert server is not None
    try:
        yield peer
    finally:
        server.shutdown()
        made.shutdown()
        log.setLevel(before)
        config.settings.reading_validation_mode, config.settings.writing_validation_mode = modes


_SYNTAXES = [f"1.2.840.10008.1.2{end}" for end in (".1", "", ".4.50", ".4.80", ".4.90")]
