"""Whatever talking to a peer may raise, as sentences with a remedy.  Never a header, an address line or a secret."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Any

from fineview.core.errors import FineViewError, LimitExceeded, PeerProblem, StorageProblem
from fineview.core.peer import Node
from fineview.formats import limits

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def as_peer_error(error: BaseException) -> dict[str, Any]:
    """Family, code, what and remedy of anything that an operation may raise."""
    known = _known(error)
    return {"family": type(known).__name__, **known.as_dict()}


def _known(error: BaseException) -> FineViewError:
    if isinstance(error, FineViewError):
        return error
    if isinstance(error, MemoryError):
        return LimitExceeded(f"The peer's answer needs more memory than the limit of "
                             f"{limits.in_words(limits.MEMORY_BYTES)}.", "Ask for less at once.", "limit")
    if isinstance(error, OSError) and error.errno in FULL:
        return disk_full()
    return answer_unreadable(type(error).__name__)


def disk_full() -> StorageProblem:
    return StorageProblem("Not stored: the disk is full.",
                          "Free some space and retrieve again; what has arrived is kept.", "disk-full")


def left_without(package: str) -> PeerProblem:
    return PeerProblem(f"Talking to a PACS needs the package \"{package}\", which is not installed.",
                       "Install it with: pip install 'fineview[pacs]'.", "pacs-missing")


def answer_unreadable(why: str) -> PeerProblem:
    return PeerProblem(f"The peer's answer could not be understood ({why}).",
                       "Ask the administrator of the PACS to look at its log.", "peer-answer")


def left() -> PeerProblem:
    return PeerProblem("The peer closed the connection before it had finished.",
                       "Try again; what had arrived or was confirmed is kept.", "peer-left")


def silent(node: Node) -> PeerProblem:
    return PeerProblem(f"The peer did not answer within {node.patience_s:g} s.",
                       "Check that it is running, or give the node more patience.", "peer-silent")


def redirected() -> PeerProblem:
    return PeerProblem("The peer sends on to another address, and nothing is sent where nobody asked for.",
                       "Give the node the final address of the service.", "peer-redirect")


def unauthorised(status: int) -> PeerProblem:
    return PeerProblem(f"The peer refuses us (HTTP {status}): the token is missing, wrong or too old.",
                       "Ask the administrator for a new token and add the node again.", "peer-unauthorised")


def http_status(status: int) -> PeerProblem:
    if status in (401, 403):
        return unauthorised(status)
    if status == 404:
        return PeerProblem("The peer knows nothing at that address (HTTP 404).",
                           "Check the node's address, and whether the study is still there.", "peer-not-found")
    return PeerProblem(f"The peer could not do this (HTTP {status}).",
                       "Try again later, or ask the administrator of the PACS.", "peer-answer")


def unreachable(node: Node, error: BaseException | None) -> PeerProblem:
    """The sentence for a connection that did not come about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return PeerProblem(f"The certificate of {node.name} is not trusted: {error.verify_message or error.reason}.",
                           "Ask the administrator for the certificate that signs it and name that file in the node.",
                           "peer-certificate")
    if isinstance(error, ssl.SSLError):
        return PeerProblem(f"No secure connection to {node.name} came about ({error.reason or 'TLS refused'}).",
                           "Check that the peer speaks TLS 1.2 or newer on this port, and whether it asks for a "
                           "certificate of ours.", "peer-tls")
    if isinstance(error, socket.gaierror):
        return PeerProblem(f"No machine is known under the name in node {node.name}.", "Check the node's address.",
                           "peer-unreachable")
    if isinstance(error, TimeoutError):
        return PeerProblem(f"{node.name} did not answer within {node.patience_s:g} s.",
                           "Check the address and whether a firewall stands between.", "peer-unreachable")
    return PeerProblem(f"{node.name} cannot be reached.",
                       "Check its address and port, and that it is running.", "peer-unreachable")
