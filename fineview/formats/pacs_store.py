"""C-STORE: objects leave as the bytes they are on disk, and count as sent once the peer has confirmed each.

The file's own data set is not decoded: its encoding is kept, and an encoding that the peer does not take is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pynetdicom import build_context, evt
from pynetdicom.association import Association

from fineview.core.errors import FineViewError, PeerProblem
from fineview.core.peer import Node, Receipt, Secrets, is_uid
from fineview.formats import pacs_faults, wire
from fineview.formats.pacs_association import associated, status_of
from fineview.formats.pacs_say import Say
from fineview.formats.pacs_watch import Watch
from fineview.formats.part10 import open_dicom
from fineview.formats.values import text

_CONTEXTS = 128
# PS3.4 table B.2-1: taken, with something changed or left out.
_TAKEN = {0x0000: "", 0xB000: "The peer changed some values.", 0xB006: "The peer left some values out.",
          0xB007: "The peer says that the data set does not match its class."}
_REASONS = {0xA7: "it is out of resources", 0xA9: "the object does not match its class",
            0xC0: "it cannot understand it", 0x01: "it does not want it"}


@dataclass(frozen=True, slots=True)
class Object:
    """A file that may leave.  ``kind``: SOP class UID."""

    sop_uid: str
    path: str
    kind: str
    syntax: str


def send(node: Node, secrets: Secrets, say: Say, objects: list[list[str]]) -> None:
    ready = list(readable(objects, say))
    watch = Watch(node, say)
    for group in _by_contexts(ready):
        kinds = dict.fromkeys((one.kind, one.syntax) for one in group)
        contexts = [build_context(kind, [syntax]) for kind, syntax in kinds]
        confirmed: list[str] = []
        handlers = [*watch.handlers(), (evt.EVT_DIMSE_RECV, lambda event, into=confirmed: _note(event.message, into))]
        try:
            with associated(node, secrets, contexts, handlers=handlers) as assoc:
                for one in group:
                    say({"starting": one.sop_uid})
                    say({"receipt": wire.to_plain(_store(assoc, one, confirmed))})
        except PeerProblem as error:
            if error.code != "peer-service":
                raise
            for one in group:
                say({"receipt": wire.to_plain(Receipt(one.sop_uid, False, _unwanted(one)))})


def readable(objects: list[list[str]], say: Say) -> Iterator[Object]:
    """The files that still hold what was put into the outbox; the others get their receipt at once."""
    for uid, path in objects:
        try:
            one = examine(Path(path))
            if one.sop_uid != uid:
                raise PeerProblem("The file now holds another object.", "", "changed")
            yield one
        except FineViewError as error:
            say({"receipt": wire.to_plain(Receipt(uid, False, error.what))})
        except OSError:
            say({"receipt": wire.to_plain(Receipt(uid, False, "The file is no longer there."))})


def examine(path: Path) -> Object:
    """UIDs and transfer syntax of a file.  Raises ``FineViewError`` where it cannot be sent."""
    opened = open_dicom(str(path))
    with opened.source:
        uid, kind = text(opened.dataset, "SOPInstanceUID"), text(opened.dataset, "SOPClassUID")
        meta = opened.dataset.file_meta
        said = text(meta, "MediaStorageSOPInstanceUID")
        syntax = text(meta, "TransferSyntaxUID")
    if not (is_uid(uid) and is_uid(kind)):
        raise PeerProblem("Its UIDs are missing or no UIDs.", "Ask its sender for another copy.", "uid")
    if not opened.front.has_meta or said != uid or text(meta, "MediaStorageSOPClassUID") != kind:
        raise PeerProblem("Its file header and its data set name different objects.",
                          "Ask its sender for another copy.", "uid")
    return Object(uid, str(path), kind, syntax)


def _by_contexts(objects: Sequence[Object]) -> Iterator[list[Object]]:
    """Groups that one association can carry: at most 128 pairs of class and syntax."""
    pairs = iter(dict.fromkeys((one.kind, one.syntax) for one in objects))
    while some := set(islice(pairs, _CONTEXTS)):
        yield [one for one in objects if (one.kind, one.syntax) in some]


def _store(assoc: Association, one: Object, confirmed: list[str]) -> Receipt:
    if not assoc.is_established:
        raise pacs_faults.left()
    if not any((str(c.abstract_syntax), str(c.transfer_syntax[0])) == (one.kind, one.syntax)
               for c in assoc.accepted_contexts):
        return Receipt(one.sop_uid, False, _unwanted(one))
    confirmed.clear()
    status = status_of(assoc.send_c_store(one.path))
    if status not in _TAKEN:
        why = _REASONS.get(status >> 8, "it gives no reason")
        return Receipt(one.sop_uid, False, f"The peer refused it: {why} (status {status:04X}h).")
    if any(uid != one.sop_uid for uid in confirmed):
        return Receipt(one.sop_uid, False, "The peer confirmed another object.")
    return Receipt(one.sop_uid, True, _TAKEN[status])


def _unwanted(one: Object) -> str:
    return f"The peer does not take objects of this kind in this encoding (transfer syntax {one.syntax})."


def _note(message: Any, into: list[str]) -> None:
    """The UID that a response names; it may be silent (PS3.7 table 9.1-1)."""
    uid = text(message.command_set, "AffectedSOPInstanceUID")
    if uid:
        into.append(uid)
