"""DICOMweb services that lie, break off, refuse or send on.  A small real HTTP server plays them on loopback."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("dicomweb_client", reason="the package dicomweb-client is not installed")

from fineview.core.errors import FineViewError  # noqa: E402
from fineview.core.peer import Node, Query, Receipt, Secrets, Wish  # noqa: E402
from fineview.formats.pacs_process import Peers  # noqa: E402
from fineview.services.jobs import Token  # noqa: E402
from tests.formats import made  # noqa: E402

STUDY, SERIES, ONE, TWO = "1.2.3", "1.2.3.1", "1.2.3.4.1", "1.2.3.4.2"
Reply = tuple[int, str, bytes]


def row(**values: str) -> dict[str, Any]:
    tags = {"study": ("0020000D", "UI"), "series": ("0020000E", "UI"), "sop": ("00080018", "UI")}
    return {tags[name][0]: {"vr": tags[name][1], "Value": [value]} for name, value in values.items()}


def listed(*sops: str) -> Reply:
    return 200, "application/dicom+json", json.dumps([row(sop=one, series=SERIES) for one in sops]).encode()


def multipart(*objects: bytes) -> Reply:
    body = b"".join(b"--=_part\r\nContent-Type: application/dicom\r\n\r\n" + one + b"\r\n" for one in objects)
    return 200, 'multipart/related; type="application/dicom"; boundary="=_part"', body + b"--=_part--\r\n"


def as_file(sop: str, **values: Any) -> bytes:
    return made.as_bytes(made.image(sop=sop, **values))


@dataclass
class StandInWeb:
    """``answers``: (method and path pattern) -> reply, the first that fits; ``seen``: what came in."""

    answers: list[tuple[str, Callable[[], Reply]]]
    token: str = ""
    cut: bool = False
    seen: list[tuple[str, str, bytes]] = field(default_factory=list)
    port: int = 0

    def node(self, **changes: Any) -> Node:
        url = f"http://localhost:{self.port}/dicom-web"
        return Node(**{"name": "web", "kind": "web", "url": url, "patience_s": 5.0, **changes})  # type: ignore[arg-type]

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        size = int(handler.headers.get("Content-Length") or 0)
        asked = f"{handler.command} {handler.path}"
        self.seen.append((asked, handler.headers.get("Authorization", ""), handler.rfile.read(size)))
        if self.token and self.seen[-1][1] != f"Bearer {self.token}":
            status, kind, body = 401, "text/plain", b"no"
        else:
            status, kind, body = next((make() for pattern, make in self.answers if re.search(pattern, asked)),
                                      (404, "text/plain", b""))
        handler.send_response(status)
        handler.send_header("Location" if status in (302, 307) else "Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:len(body) // 2] if self.cut and status == 200 and b"--=_part" in body else body)
        handler.close_connection = True


@contextmanager
def serving(peer: StandInWeb, tls: ssl.SSLContext | None = None) -> Iterator[StandInWeb]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            peer.reply(self)

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    peer.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield peer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def peers(tmp_path: Path) -> Peers:
    return Peers(tmp_path / "inner" / "received")


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(FineViewError) as caught:
        act()
    assert caught.value.what.endswith(".") and caught.value.remedy.endswith(".") and "s3cret" not in str(caught.value)
    return caught.value.code


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_token_opens_the_door_and_a_wrong_one_is_told(peers: Peers) -> None:
    with serving(StandInWeb([("GET .*/studies", lambda: (200, "application/dicom+json", b"[]"))], "s3cret")) as peer:
        assert peers.find(peer.node(), Secrets("s3cret"), Query(), Token()).rows == ()
        for secrets in (Secrets(), Secrets("wrong")):
            asked = code_of(lambda secrets=secrets: peers.find(peer.node(), secrets, Query(), Token()))
            assert asked == "peer-unauthorised"
    assert [said for _, said, _ in peer.seen] == ["Bearer s3cret", "", "Bearer wrong"]


def test_a_token_never_travels_in_the_clear(peers: Peers) -> None:
    node = Node("far", "web", url="http://pacs.example/dicom-web", patience_s=2)
    assert code_of(lambda: peers.echo(node, Secrets("s3cret"), Token())) == "peer-token-in-the-clear"


def test_nothing_is_sent_on_to_another_address(peers: Peers) -> None:
    with serving(StandInWeb([])) as elsewhere, serving(StandInWeb(
            [("", lambda: (302, f"http://localhost:{elsewhere.port}/dicom-web/studies", b""))])) as peer:
        assert code_of(lambda: peers.echo(peer.node(), Secrets("s3cret"), Token())) == "peer-redirect"
    assert len(peer.seen) == 1 and elsewhere.seen == []


@pytest.mark.parametrize(("answer", "code"), [
    ((200, "application/dicom+json", b"{not json"), "peer-answer"), ((200, "text/html", b"[1, 2]"), "peer-answer"),
    ((500, "text/plain", b"oops"), "peer-answer"), ((404, "text/plain", b""), "peer-not-found"),
    ((200, "application/dicom+json", b"[" * 100_000), "peer-answer")])
def test_answers_that_make_no_sense(answer: Reply, code: str) -> None:
    """In this process, where a child would be started for each."""
    from fineview.formats import pacs_web, wire
    from fineview.formats.pacs_faults import as_peer_error

    with serving(StandInWeb([("", lambda: answer)])) as peer, pytest.raises(Exception) as caught:
        pacs_web.find(peer.node(), Secrets(), lambda said: None, wire.to_plain(Query()))  # type: ignore[arg-type]
    assert as_peer_error(caught.value)["code"] == code


def test_rows_of_wrong_types_and_paths_for_uids_are_left_out(peers: Peers) -> None:
    rows = [row(study="1.2.3"), row(study="../../up"), {"0020000D": 5}, {"0020000D": {"Value": [{"x": []}]}},
            {"0020000D": {"vr": "UI", "Value": ["1.2.5"]}, "00100010": {"Value": [
                {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": 7}]}},
            {"0020000D": {"vr": "UI", "Value": ["1.2.4"]}, "00100010": {"Value": [{"Alphabetic": "A^B\x1b[31m"}]},
             "00201208": {"Value": ["-7"]}}]
    with serving(StandInWeb([("", lambda: (200, "application/dicom+json", json.dumps(rows).encode()))])) as peer:
        found = peers.find(peer.node(), Secrets(), Query(), Token())
    assert [one.study_uid for one in found.rows] == ["1.2.3", "1.2.5", "1.2.4"] and found.refused == 3
    assert found.rows[1].patient_name == "Yamada^Tarou=山田^太郎"
    assert found.rows[2].patient_name == "A^B [31m" and found.rows[2].objects == 0


def test_objects_arrive_even_from_a_service_that_lists_the_same_page_for_ever(peers: Peers) -> None:
    page = [ONE, TWO] * 500  # a whole page, so that the next one is asked for
    gone = (404, "text/plain", b"")
    with serving(StandInWeb([(rf"instances/{ONE}$", lambda: multipart(as_file(ONE))), (r"instances/", lambda: gone),
                             ("/instances", lambda: listed(*page))])) as peer:
        done = peers.retrieve(peer.node(), Secrets(), Wish(STUDY), Token())
    assert [one.sop_uid for one in done.arrived] == [ONE] and done.promised == 2 and not done.complete
    assert [(one.sop_uid, one.code) for one in done.refused] == [(TWO, "not-sent")]
    assert files(peers.folder) == [hashlib.sha256(ONE.encode()).hexdigest() + ".dcm"]


@pytest.mark.parametrize(("answer", "code"), [
    (lambda: multipart(as_file(TWO)), "other-object"),
    (lambda: multipart(as_file(ONE, StudyInstanceUID="9.9")), "not-asked"),
    (lambda: multipart(b"MZ not dicom"), "not-an-image"),
    (lambda: multipart(as_file(ONE)[:-30]), "truncated"),
    (lambda: multipart(made.nested(300)), "nesting"),
], ids=["another object", "another study", "no DICOM", "cut short", "a bomb"])
def test_what_is_not_the_object_asked_for_is_refused(peers: Peers, tmp_path: Path, answer: Callable[[], Reply],
                                                     code: str) -> None:
    with serving(StandInWeb([(r"instances/", answer), ("/instances", lambda: listed(ONE))])) as peer:
        done = peers.retrieve(peer.node(), Secrets(), Wish(STUDY), Token())
    assert not done.arrived and [one.code for one in done.refused] == [code]
    assert files(tmp_path) == []


@pytest.mark.parametrize(("answer", "cut", "code"), [
    (lambda: multipart(as_file(ONE)), True, "peer-left"),
    (lambda: multipart(as_file(ONE), as_file(TWO)), False, "peer-answer"),
    (lambda: (200, "text/html", b"<html>"), False, "peer-answer"),
], ids=["dies in the middle", "two objects", "a web page"])
def test_a_broken_transfer_ends_with_a_reason(peers: Peers, tmp_path: Path, answer: Callable[[], Reply], cut: bool,
                                              code: str) -> None:
    with serving(StandInWeb([(r"instances/", answer), ("/instances", lambda: listed(ONE))], cut=cut)) as peer:
        assert code_of(lambda: peers.retrieve(peer.node(), Secrets(), Wish(STUDY), Token())) == code
    assert files(tmp_path) == []


def stored(uid: str) -> Reply:
    item = {"00081155": {"vr": "UI", "Value": [uid]}}
    return 200, "application/dicom+json", json.dumps({"00081199": {"vr": "SQ", "Value": [item]}}).encode()


FAILED = json.dumps({"00081198": {"Value": [{"00081155": {"Value": [ONE]}, "00081197": {"Value": [272]}}]}}).encode()


@pytest.mark.parametrize(("answer", "confirmed"), [
    (stored(ONE), True), (stored(TWO), False), ((200, "text/plain", b""), False), ((409, *stored(ONE)[1:]), False),
    ((503, "text/plain", b"busy"), False), ((200, "application/dicom+json", FAILED), False),
    ((200, "application/dicom+json", b"[1]"), False),
], ids=["named", "another named", "an empty 200", "a conflict", "busy", "among the failed", "no rows"])
def test_sent_is_what_the_service_names(answer: Reply, confirmed: bool) -> None:
    from fineview.formats.pacs_stow import receipt

    told = receipt(ONE, answer[0], answer[2])
    assert told.sop_uid == ONE and told.confirmed is confirmed and (confirmed or told.why.endswith("."))


def test_a_service_that_is_busy_is_asked_later(peers: Peers, tmp_path: Path) -> None:
    (tmp_path / "one.dcm").write_bytes(as_file(ONE))
    told: list[Receipt] = []
    with serving(StandInWeb([("POST .*/studies$", lambda: (503, "text/plain", b"busy"))])) as peer:
        peers.send(peer.node(), Secrets(), [(ONE, tmp_path / "one.dcm")], Token(), lambda uid: None, told.append)
    assert [(one.confirmed, one.later, "503" in one.why) for one in told] == [(False, True, True)]


def test_the_file_goes_out_to_the_byte_and_waits_for_its_name(peers: Peers, tmp_path: Path) -> None:
    (tmp_path / "one.dcm").write_bytes(as_file(ONE))
    (tmp_path / "two.dcm").write_bytes(as_file(TWO))
    told: list[Receipt] = []
    with serving(StandInWeb([("POST .*/studies$", lambda: stored(ONE))])) as peer:
        peers.send(peer.node(), Secrets(), [(ONE, tmp_path / "one.dcm"), (TWO, tmp_path / "two.dcm")], Token(),
                   lambda uid: None, told.append)
    assert [(one.sop_uid, one.confirmed) for one in told] == [(ONE, True), (TWO, False)]
    # The body, taken apart by the standard library's own parser, holds the file to the byte.
    body = peer.seen[0][2]
    boundary = body.split(b"\r\n", 1)[0][2:]
    message = email.message_from_bytes(b"Content-Type: multipart/related; boundary=" + boundary + b"\r\n\r\n" + body,
                                       policy=email.policy.HTTP)
    parts = list(message.iter_parts())  # type: ignore[attr-defined]
    assert [part.get_content_type() for part in parts] == ["application/dicom"]
    assert as_file(ONE) in body and len(body) == len(as_file(ONE)) + body.index(b"\r\n\r\n") + 4 + len(boundary) + 8
