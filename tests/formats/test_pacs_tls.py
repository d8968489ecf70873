"""TLS with a peer: the right certificate is taken; a wrong name, a stranger's, an old one and an old TLS are not."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

from fineview.core.errors import FineViewError  # noqa: E402
from fineview.core.peer import Node, Secrets  # noqa: E402
from fineview.formats.pacs_process import Peers  # noqa: E402
from fineview.services.jobs import Token  # noqa: E402
from tests.formats.pacs_certificates import Authority, needs_openssl  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, running  # noqa: E402

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


def server(authority: Authority, host: str = "localhost", days: int = 2) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign(host, days))
    return context


def asked(node: Node, folder: Path, secrets: Secrets | None = None) -> str:
    """"answers", or the code of the refusal."""
    try:
        return Peers(folder).echo(node, secrets or Secrets(), Token())
    except FineViewError as error:
        assert error.what.endswith(".") and error.remedy.endswith(".")
        return error.code


def test_a_trusted_peer_is_talked_to_and_others_are_not(ours: Authority, tmp_path: Path) -> None:
    def code(context: ssl.SSLContext, **changes: Any) -> str:
        with running(StandIn(), context) as peer:
            return asked(peer.node(**{"tls": True, "ca_file": str(ours.ca), "patience_s": 5.0, **changes}), tmp_path)

    assert code(server(ours)) == "answers"
    assert code(server(ours), ca_file="") == "peer-certificate"  # not of an authority the system knows
    assert code(server(ours, "elsewhere.example")) == "peer-certificate"
    assert code(server(ours, days=-1)) == "peer-certificate"
    assert code(server(ours), tls=False) != "answers"  # plain DICOM to a port that wants TLS


def test_an_old_tls_is_refused(ours: Authority, tmp_path: Path) -> None:
    old = server(ours)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with running(StandIn(), old) as peer:
        node = peer.node(tls=True, ca_file=str(ours.ca), patience_s=5.0)
        assert asked(node, tmp_path) == "peer-tls"


def test_a_peer_that_wants_our_certificate_gets_it(ours: Authority, tmp_path: Path) -> None:
    demanding = server(ours)
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(ours.ca)
    cert, key = ours.sign("fineview", passphrase="open sesame")
    with running(StandIn(), demanding) as peer:
        node = peer.node(tls=True, ca_file=str(ours.ca), patience_s=5.0, cert_file=str(cert), key_file=str(key))
        assert asked(node, tmp_path, Secrets(passphrase="open sesame")) == "answers"
        assert asked(node, tmp_path, Secrets(passphrase="wrong")) == "certificate-file"
        bare = peer.node(tls=True, ca_file=str(ours.ca), patience_s=5.0)
        assert asked(bare, tmp_path) in ("peer-tls", "peer-refused", "peer-left")
