"""TLS with a peer: the right certificate is taken; a wrong name, a stranger's, an old one and an old TLS are not."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

from fineview.core.errors import FineViewError  # noqa: E402
from fineview.core.peer import Node, Secrets, Wish  # noqa: E402
from fineview.formats.pacs_process import Peers  # noqa: E402
from fineview.services.jobs import Token  # noqa: E402
from tests.formats import made  # noqa: E402
from tests.formats.dcmtk import dcmtk  # noqa: E402
from tests.formats.pacs_certificates import Authority, needs_openssl  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, free_port, running  # noqa: E402

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


def test_a_dicomweb_service_is_held_to_the_same(ours: Authority, tmp_path: Path) -> None:
    pytest.importorskip("dicomweb_client", reason="the package dicomweb-client is not installed")
    from tests.formats.test_pacs_web import StandInWeb, serving

    cert, key = ours.sign("fineview", passphrase="open sesame")

    def code(context: ssl.SSLContext, **changes: Any) -> str:
        peer = StandInWeb([("GET .*/studies", lambda: (200, "application/dicom+json", b"[]"))], "t0ken")
        with serving(peer, context):
            node = Node(**{"name": "web", "kind": "web", "url": f"https://localhost:{peer.port}/x",  # type: ignore[arg-type]
                           "ca_file": str(ours.ca), "patience_s": 5.0, **changes})
            return asked(node, tmp_path, Secrets("t0ken", "open sesame"))

    demanding = server(ours)
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(ours.ca)
    assert code(server(ours)) == "answers"
    assert code(server(ours), ca_file="") == "peer-certificate"
    assert code(server(ours, "elsewhere.example")) == "peer-certificate"
    assert code(server(ours, days=-1)) == "peer-certificate"
    assert code(demanding, cert_file=str(cert), key_file=str(key)) == "answers"


def test_c_move_over_tls_takes_only_who_shows_a_certificate(ours: Authority, tmp_path: Path) -> None:
    """dcmtk's storescu delivers, once with a certificate that is trusted and once with one that is not."""
    storescu, port = dcmtk("storescu"), free_port()
    cert, key = ours.sign("localhost")
    stranger = Authority(tmp_path / "stranger")
    false_cert, false_key = stranger.sign("localhost")
    file = tmp_path / "one.dcm"
    file.write_bytes(made.as_bytes(made.image(sop="1.2.3.4.1")))
    codes: list[int] = []

    def deliver(event: Any) -> Any:
        for one, its_key in ((false_cert, false_key), (cert, key)):
            codes.append(subprocess.run([storescu, "-aec", "FINEVIEW", "+tls", str(its_key), str(one), "+cf",
                                         str(ours.ca), "localhost", str(port), str(file)], capture_output=True,
                                        check=False).returncode)
        yield None, None

    peer = StandIn([made.image(sop="1.2.3.4.1")])
    peer.moved = deliver  # type: ignore[method-assign]
    with running(peer, server(ours)):
        node = peer.node(tls=True, ca_file=str(ours.ca), cert_file=str(cert), key_file=str(key), move_port=port)
        done = Peers(tmp_path / "received").retrieve(node, Secrets(), Wish("1.2.3"), Token())
    assert codes[0] != 0 and codes[1] == 0
    assert done.complete and [one.known for one in done.arrived] == [False]


def test_an_old_tls_is_refused(ours: Authority, tmp_path: Path) -> None:
    old = server(ours)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with running(StandIn(), old) as peer:
        node = peer.node(tls=True, ca_file=str(ours.ca), patience_s=5.0)
        assert asked(node, tmp_path) == "peer-tls"
    pytest.importorskip("dicomweb_client", reason="the package dicomweb-client is not installed")
    from tests.formats.test_pacs_web import StandInWeb, serving

    with serving(StandInWeb([]), old) as service:
        web = Node("web", "web", url=f"https://localhost:{service.port}/x", ca_file=str(ours.ca), patience_s=5.0)
        assert asked(web, tmp_path, Secrets("t0ken")) == "peer-tls" and service.seen == []


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
