"""A picture archive (PACS) at the other end of a network: how to reach it, what to ask for, what came and went.

Nothing here opens a connection.  UIDs follow PS3.5 section 9; an object whose UID is none is refused everywhere.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from fineview.core.errors import RequestProblem

NodeKind = Literal["dimse", "web"]
Level = Literal["patient", "study", "series"]
ParcelState = Literal["waiting", "sending", "sent", "failed"]

_UID = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+", re.ASCII)
_TITLE = re.compile(r"[ -\[\]-~]{1,16}", re.ASCII)
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def is_uid(text: str) -> bool:
    """PS3.5 section 9.1: numbers without leading zeros, joined by dots, at most 64 characters."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def hashed_name(uid: str) -> str:
    """The name under which something from a peer is kept: never one that the peer chose."""
    return hashlib.sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Node:
    """One peer.  ``dimse``: host, port and titles; ``web``: ``url`` of the DICOMweb service.  Holds no secret.

    ``called``: the peer's title, ``calling``: ours.  ``ca_file``: certificates to trust instead of the system's;
    ``cert_file``, ``key_file``: our own, where the peer wants one.  ``move_port``: where we listen while objects
    are asked for with C-MOVE; 0: C-GET is used.  ``patience_s``: silence after which the peer counts as gone.
    """

    name: str
    kind: NodeKind = "dimse"
    host: str = ""
    port: int = 0
    called: str = ""
    calling: str = "FINEVIEW"
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    move_port: int = 0
    url: str = ""
    patience_s: float = 30.0

    @property
    def address(self) -> str:
        """For people: where it is, and how."""
        if self.kind == "web":
            return self.url
        return f"{self.called}@{self.host}:{self.port}" + (" with TLS" if self.tls else "")

    @property
    def shielded(self) -> bool:
        """Nobody on the way can read along: TLS, or this machine itself."""
        if self.kind == "web":
            parts = urlsplit(self.url)
            return parts.scheme == "https" or (parts.hostname or "") in _LOCAL
        return self.tls or self.host in _LOCAL


def checked(node: Node) -> Node:
    """The node as given.  Raises ``RequestProblem`` ``node`` where it cannot be one."""
    faults = [words for words, bad in (
        ("a name of 1 to 64 printable characters", not (0 < len(node.name) <= 64 and node.name.isprintable())),
        ("a patience above 0 s", not 0 < node.patience_s <= 3600),
        *(_web_faults(node) if node.kind == "web" else _dimse_faults(node))) if bad]
    if faults:
        raise RequestProblem(f"The PACS node is not complete: it needs {' and '.join(faults)}.",
                             "Correct it and add it again.", "node")
    return node


def _web_faults(node: Node) -> tuple[tuple[str, bool], ...]:
    try:
        parts = urlsplit(node.url)
        bad = (parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None
               or bool(parts.query or parts.fragment) or (parts.port or 1) < 1)
    except ValueError:
        bad = True
    return (("an address http(s)://HOST[:PORT]/PATH without user, query or fragment", bad),)


def _dimse_faults(node: Node) -> tuple[tuple[str, bool], ...]:
    return (("a host", not node.host or not node.host.isprintable() or " " in node.host),
            ("a port from 1 to 65535", not 1 <= node.port <= 65535),
            ("a port from 1 to 65535 to listen on", not 0 <= node.move_port <= 65535),
            ("application entity titles of 1 to 16 characters",
             not all(_TITLE.fullmatch(one) and one.strip() for one in (node.called, node.calling))))


@dataclass(frozen=True, slots=True)
class Secrets:
    """What proves who we are; lives in the operating system's keyring and on no disk of ours."""

    token: str = ""
    passphrase: str = ""

    def __repr__(self) -> str:
        return "Secrets(...)"


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; "" asks for everything.  ``*`` and ``?`` are wildcards (PS3.4 C.2.2.2).

    ``dates``: YYYYMMDD or a range YYYYMMDD-YYYYMMDD, open at either end.  ``limit``: matches to take at most.
    """

    level: Level = "study"
    patient_id: str = ""
    patient_name: str = ""
    study_uid: str = ""
    accession: str = ""
    dates: str = ""
    modality: str = ""
    limit: int = 200


def checked_query(query: Query) -> Query:
    """The query as given.  Raises ``RequestProblem`` where the peer could only answer nonsense."""
    if query.study_uid and not is_uid(query.study_uid):
        raise RequestProblem("That is not the UID of a study.", "A UID is made of numbers and dots.", "uid")
    if query.level == "series" and not query.study_uid:
        raise RequestProblem("Series are listed of one study.", "Give the study's UID.", "query")
    if query.dates and not re.fullmatch(r"\d{8}|\d{8}-|-\d{8}|\d{8}-\d{8}", query.dates, re.ASCII):
        raise RequestProblem("The date is not YYYYMMDD or a range of two.", "Example: 20260101-20261231.", "query")
    if not 1 <= query.limit <= 5000:
        raise RequestProblem("The number of matches must lie from 1 to 5000.", "Give another limit.", "query")
    return query


@dataclass(frozen=True, slots=True)
class Match:
    """One row of an answer, as the peer tells it; "" where it is silent.  ``objects``: 0 where it is silent."""

    study_uid: str = ""
    series_uid: str = ""
    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    date: str = ""
    description: str = ""
    modality: str = ""
    accession: str = ""
    number: str = ""
    objects: int = 0


@dataclass(frozen=True, slots=True)
class Matches:
    """``cut``: the peer had more than the limit.  ``refused``: rows left out because their UID is none."""

    rows: tuple[Match, ...] = ()
    cut: bool = False
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What to retrieve: a study, or one series of it.  ``patient_id``: whose it is by the list, "" where unknown."""

    study_uid: str
    series_uid: str = ""
    patient_id: str = ""


def checked_wish(wish: Wish) -> Wish:
    """The wish as given.  Raises ``RequestProblem`` ``uid``."""
    if not is_uid(wish.study_uid) or (wish.series_uid and not is_uid(wish.series_uid)):
        raise RequestProblem("That is not the UID of a study or series.", "A UID is made of numbers and dots.", "uid")
    return wish


@dataclass(frozen=True, slots=True)
class Arrived:
    """An object that was stored: ``path`` is made of hashes.  ``known``: the same bytes were there before.

    ``image``: it has pixels.  ``stranger``: it names another patient than the list, or than the first that came.
    """

    sop_uid: str
    path: str
    size: int
    known: bool = False
    image: bool = False
    stranger: bool = False


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """An object that was not stored, and why.  ``sop_uid`` "": what the peer gave as its UID is none."""

    sop_uid: str
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """``promised``: objects the peer said it has; ``complete``: every one of them arrived and none was refused."""

    folder: str
    arrived: tuple[Arrived, ...] = ()
    refused: tuple[TurnedAway, ...] = ()
    promised: int = 0
    complete: bool = False

    @property
    def strangers(self) -> int:
        """Objects under this study's UID that name another patient."""
        return sum(one.stranger for one in self.arrived)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One object on its way to a peer.  "sent" only once the peer has confirmed this very object.

    ``why``: the reason of the last failure, or the remark of a peer that took it with a warning.  ``batch`` groups
    what was sent by one gesture.  ``kind``: what it is, for people.
    """

    id: str
    batch: str
    node: str
    sop_uid: str
    study_uid: str
    path: str
    state: ParcelState = "waiting"
    attempts: int = 0
    why: str = ""
    at: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the peer said to one object: ``confirmed`` or not, with the reason.

    ``later``: not for now, because the peer has no room or no time for it.
    """

    sop_uid: str
    confirmed: bool
    why: str = ""
    later: bool = False
