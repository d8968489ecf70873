"""One association with a DIMSE peer: negotiated, or refused with the reason in a sentence (PS3.8 section 9.3)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE, _config
from pynetdicom.association import Association

from fineview.core.errors import PeerProblem
from fineview.core.peer import Node, Secrets
from fineview.formats import pacs_faults
from fineview.formats.pacs_tls import client_tls

# Identifiers hold names: nothing of them may reach a log.
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
_config.STORE_SEND_CHUNKED_DATASET = _config.STORE_RECV_CHUNKED_DATASET = True
_config.CODECS = ("ascii", "utf-8", "latin-1")

Handlers = list[tuple[Any, ...]]
_CONNECT_S = 10.0
_GOODBYE_S = 2.0


def entity(node: Node) -> AE:
    """Our own application entity, with the node's patience."""
    made = AE(ae_title=node.calling)
    made.connection_timeout = min(_CONNECT_S, node.patience_s)
    made.acse_timeout = made.network_timeout = node.patience_s
    made.dimse_timeout = None  # a large object may take long while it moves; ``pacs_watch`` tells silence from work
    made.maximum_pdu_size = 1 << 17
    return made


@contextmanager
def associated(node: Node, secrets: Secrets, contexts: Sequence[Any], roles: Sequence[Any] = (),
               handlers: Handlers | None = None) -> Iterator[Association]:
    """An established association, released at the end and aborted after a failure.  Raises ``PeerProblem``."""
    assoc = _associate(node, secrets, contexts, roles, handlers)
    try:
        yield assoc
    except BaseException:
        assoc.abort()
        raise
    if assoc.is_established:
        # All is said: a peer that does not answer the goodbye spoils nothing.
        assoc.acse_timeout = min(_GOODBYE_S, node.patience_s / 2)
        assoc.release()


def _associate(node: Node, secrets: Secrets, contexts: Sequence[Any], roles: Sequence[Any],
               handlers: Handlers | None) -> Association:
    tls = (client_tls(node, secrets), node.host) if node.tls else None
    try:
        assoc = entity(node).associate(node.host, node.port, contexts=list(contexts), ae_title=node.called,
                                       ext_neg=list(roles), tls_args=tls, evt_handlers=handlers or [])
    except OSError as error:  # a name that nobody knows
        raise pacs_faults.unreachable(node, error) from error
    if assoc.is_established:
        return assoc
    if assoc.is_rejected:
        raise _rejection(node, assoc)
    if assoc.rejected_contexts and not assoc.accepted_contexts:
        raise PeerProblem(f"{node.name} offers none of the services that are needed here.",
                          "Ask the administrator of the PACS what it lets this machine do.", "peer-service")
    trouble = _trouble(node, secrets)
    if trouble is not None:
        raise trouble
    raise PeerProblem(f"{node.name} broke off before we were let in.",
                      "Check the titles of both sides, and whether the peer wants TLS on this port.", "peer-refused")


def _rejection(node: Node, assoc: Association) -> PeerProblem:
    said = assoc.acceptor.primitive
    source, reason = getattr(said, "result_source", None), getattr(said, "diagnostic", None)
    if (source, reason) == (1, 7):
        return PeerProblem(f"{node.name} does not answer to the title \"{node.called}\".",
                           "Ask for the peer's application entity title and correct the node.", "peer-title")
    if (source, reason) == (1, 3):
        return PeerProblem(f"{node.name} does not know us under the title \"{node.calling}\".",
                           "Ask the administrator to enter this title and this machine's address.", "peer-title")
    busy = source == 3
    return PeerProblem(f"{node.name} refused the association{' for now: it is busy' if busy else ''}.",
                       "Try again later." if busy else
                       "Ask the administrator whether this machine is entered in the PACS.", "peer-refused")


def _trouble(node: Node, secrets: Secrets) -> PeerProblem | None:
    """Why there was no connection: pynetdicom logs it and says only that there is none."""
    try:
        with socket.create_connection((node.host, node.port), min(_CONNECT_S, node.patience_s)) as plain:
            if node.tls:
                with client_tls(node, secrets).wrap_socket(plain, server_hostname=node.host) as shielded:
                    # TLS 1.3 tells of a missing certificate of ours only when the first byte is read.
                    shielded.settimeout(0.5)
                    _first_byte(shielded)
    except OSError as error:
        return pacs_faults.unreachable(node, error)
    return None


def _first_byte(shielded: ssl.SSLSocket) -> None:
    try:
        shielded.recv(1)
    except TimeoutError:
        return


def status_of(answer: Any) -> int:
    """The status of a response; raises ``PeerProblem`` ``peer-left`` where the peer went away without one."""
    status = getattr(answer, "Status", None)
    if status is None:
        raise pacs_faults.left()
    return int(status)
