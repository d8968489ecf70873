"""C-STORE: objects leave as the bytes they are on disk, and count as sent once the peer has confirmed each.

The file's own data set is not decoded: its encoding is kept, and an encoding that the peer does not take is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from pynetdicom import build_context, evt
from pynetdicom.association import Association

from fineview.core.errors import PeerProblem
from fineview.core.peer import Node, Receipt, Secrets
from fineview.formats import pacs_faults, wire
from fineview.formats.pacs_association import associated, status_of
from fineview.formats.pacs_leaving import Object, readable
from fineview.formats.pacs_say import Say
from fineview.formats.pacs_watch import Watch
from fineview.formats.values import text

_CONTEXTS = 128
# PS3.4 table B.2-1: taken, with something changed or left out.
_TAKEN = {0x0000: "", 0xB000: "The peer changed some values.", 0xB006: "The peer left some values out.",
          0xB007: "The peer says that the data set does not match its class."}
_NO_ROOM = 0xA7
_REASONS = {_NO_ROOM: "it is out of resources", 0xA9: "the object does not match its class",
            0xC0: "it cannot understand it", 0x01: "it does not want it"}


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
        return Receipt(one.sop_uid, False, f"The peer refused it: {why} (status {status:04X}h).",
                       later=status >> 8 == _NO_ROOM)
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
