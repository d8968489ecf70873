"""TLS with a peer: 1.2 or newer, its certificate and name checked, our own certificate where it asks for one."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from fineview.core.errors import RequestProblem
from fineview.core.peer import Node, Secrets


def client_tls(node: Node, secrets: Secrets) -> ssl.SSLContext:
    """TLS 1.2 or newer, certificate and name of the peer checked.  Raises ``RequestProblem`` ``certificate-file``."""
    with _certificates():
        context = ssl.create_default_context(cafile=node.ca_file or None)
        _own(context, node, secrets)
    return context


def server_tls(node: Node, secrets: Secrets) -> ssl.SSLContext:
    """The same for the peer's own connections to us (C-MOVE); the peer must show a certificate that is trusted."""
    if not node.cert_file:
        raise RequestProblem("C-MOVE over TLS needs a certificate of our own.",
                             "Give the node a certificate and key, or let it use C-GET.", "certificate-file")
    with _certificates():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=node.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        _own(context, node, secrets)
    return context


def _own(context: ssl.SSLContext, node: Node, secrets: Secrets) -> None:
    if node.cert_file:
        # A function: without it OpenSSL would ask a terminal that nobody sees.
        context.load_cert_chain(node.cert_file, node.key_file or None, lambda: secrets.passphrase)


@contextmanager
def _certificates() -> Iterator[None]:
    try:
        yield
    except OSError as error:  # ssl.SSLError is one
        raise RequestProblem("The node's certificate or key file cannot be used.",
                             "Check the files, and the passphrase of the key.", "certificate-file") from error
