"""C-GET and C-MOVE: a study or series comes to us, each object checked before the peer hears that it was taken."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from fineview.core.errors import PeerProblem, RequestProblem
from fineview.core.peer import Node, Secrets, Wish
from fineview.formats import wire
from fineview.formats.pacs_association import associated, entity, status_of
from fineview.formats.pacs_find import instances
from fineview.formats.pacs_inbox import Inbox
from fineview.formats.pacs_say import Say
from fineview.formats.pacs_syntaxes import storage_contexts
from fineview.formats.pacs_tls import server_tls
from fineview.formats.pacs_watch import Watch

_PENDING = (0xFF00, 0xFF01)
_REFUSED = 0xA900  # "data set does not match" (PS3.4 table B.2-1): the peer counts the object as not taken
_ADVICE = {0xA701: "It has no resources for it now.", 0xA702: "It could not do all of it.",
           0xA801: "It does not know the title under which we listen."}
MOVED_TITLE = 0xA801


def retrieve(node: Node, secrets: Secrets, say: Say, wish: Any, arriving: str, target: str) -> None:
    asked = wire.from_plain(Wish, wish)
    tempfile.tempdir = arriving  # where pynetdicom collects an object until it is whole
    watch = Watch(node, say)
    promised = instances(node, secrets, asked, watch)
    if not promised:
        raise PeerProblem("The peer has nothing under that UID.", "Search again: it may have been moved or deleted.",
                          "peer-not-found")
    say({"promised": len(promised)})
    inbox = Inbox(asked, Path(target), say, frozenset(promised))
    watch.received = inbox.count
    _bring(node, secrets, asked, inbox, watch, promised, say)
    inbox.close()


def _bring(node: Node, secrets: Secrets, wish: Wish, inbox: Inbox, watch: Watch, promised: Mapping[str, str],
           say: Say) -> None:
    """C-MOVE where the node has a port for it, C-GET where it has none or the peer does not offer C-MOVE."""
    if node.move_port:
        try:
            _move(node, secrets, wish, inbox, watch, promised, say)
            return
        except PeerProblem as error:
            if error.code != "peer-service":
                raise
    _get(node, secrets, wish, inbox, watch, promised, say)


def _get(node: Node, secrets: Secrets, wish: Wish, inbox: Inbox, watch: Watch, promised: Mapping[str, str],
         say: Say) -> None:
    model = StudyRootQueryRetrieveInformationModelGet
    classes = sorted(set(promised.values()))
    contexts = [build_context(model), *storage_contexts(classes, 127)]
    # Each class once, although it stands in several contexts (PS3.7 D.3.3.4).
    roles = [build_role(uid, scp_role=True) for uid in dict.fromkeys(str(one.abstract_syntax) for one in contexts[1:])]
    handlers = [*watch.handlers(), (evt.EVT_C_STORE, _taking(inbox, say))]
    with associated(node, secrets, contexts, roles, handlers) as assoc:
        _refuse_without(assoc, model, node, "C-GET", "Give the node a port to listen on, so that C-MOVE is used.")
        _follow(assoc.send_c_get(_identifier(wish), model), inbox)


def _move(node: Node, secrets: Secrets, wish: Wish, inbox: Inbox, watch: Watch, promised: Mapping[str, str],
          say: Say) -> None:
    model = StudyRootQueryRetrieveInformationModelMove
    receiver = entity(node)
    receiver.require_called_aet = True
    receiver.supported_contexts = storage_contexts(sorted(set(promised.values())), None)
    try:
        server = receiver.start_server(("", node.move_port), block=False, evt_handlers=[
            *watch.handlers(), (evt.EVT_C_STORE, _taking(inbox, say))],
            ssl_context=server_tls(node, secrets) if node.tls else None)
    except OSError as error:
        raise RequestProblem(f"Port {node.move_port} cannot be listened on: another program has it.",
                             "Give the node another port, and enter it in the PACS.", "port-taken") from error
    assert server is not None
    try:
        with associated(node, secrets, [build_context(model)], handlers=watch.handlers()) as assoc:
            _refuse_without(assoc, model, node, "C-MOVE", "Remove the port from the node, so that C-GET is used.")
            _follow(assoc.send_c_move(_identifier(wish), node.calling, model), inbox)
    finally:
        server.shutdown()


def _taking(inbox: Inbox, say: Say) -> Callable[[Any], int]:
    def take(event: Any) -> int:
        try:
            uid = event.request.AffectedSOPInstanceUID
            return _REFUSED if inbox.take(str(uid or ""), Path(event.dataset_path)) else 0x0000
        except BaseException as error:
            say.fail(error)

    return take


def _follow(answers: Any, inbox: Inbox) -> None:
    """Wait for the end; a failure with nothing sent is one of the whole, else each object has its verdict."""
    for answer, _ in answers:
        status = status_of(answer)
        if status not in _PENDING and status != 0x0000 and not inbox.heard:
            raise PeerProblem(f"The peer could not hand it over (status {status:04X}h). {_ADVICE.get(status, '')}"
                              .strip(), "Ask the administrator to enter our title, address and port in the PACS."
                              if status == MOVED_TITLE else "Try again, or ask the administrator of the PACS.",
                              "peer-answer")


def _refuse_without(assoc: Association, model: str, node: Node, service: str, remedy: str) -> None:
    if not any(one.abstract_syntax == model for one in assoc.accepted_contexts):
        raise PeerProblem(f"{node.name} does not offer {service}.", remedy, "peer-service")


def _identifier(wish: Wish) -> Dataset:
    keys = Dataset()
    keys.QueryRetrieveLevel = "SERIES" if wish.series_uid else "STUDY"
    keys.StudyInstanceUID = wish.study_uid
    if wish.series_uid:
        keys.SeriesInstanceUID = wish.series_uid
    return keys
