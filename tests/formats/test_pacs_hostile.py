"""Services that mean harm: parts without an end, wrong boundaries, endless bodies, other addresses, and silence."""

from __future__ import annotations

import logging
import os
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")
pytest.importorskip("dicomweb_client", reason="the package dicomweb-client is not installed")

from fineview.core.errors import Cancelled, FineViewError, LimitExceeded, PeerProblem  # noqa: E402
from fineview.core.peer import Node, Query, Secrets, Wish  # noqa: E402
from fineview.formats import pacs_inbox, pacs_parts, pacs_web, wire  # noqa: E402
from fineview.formats.pacs_process import Peers  # noqa: E402
from fineview.services.jobs import Token  # noqa: E402
from tests.formats import made  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, running  # noqa: E402
from tests.formats.test_pacs_lists import NoWatch, Said  # noqa: E402
from tests.formats.test_pacs_web import ONE, SERIES, STUDY, Reply, StandInWeb, as_file, listed, serving  # noqa: E402

SECRET = Secrets("s3cret")
WISH = Wish(STUDY, SERIES)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# -- multipart ---------------------------------------------------------------------------------------------------
class Counted:
    """Chunks without an end; ``taken``: how many anybody wanted."""

    def __init__(self, first: bytes, then: bytes) -> None:
        self._chunks = self._all(first, then)
        self.taken = 0

    def _all(self, first: bytes, then: bytes) -> Iterator[bytes]:
        yield first
        yield from repeat(then)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.taken += 1
        return next(self._chunks)


@pytest.mark.parametrize("first", [b"--b\r\nX-Long: ", b"--other\r\n\r\n", b"no part at all", b""],
                         ids=["a header without end", "another boundary", "no part", "nothing"])
def test_an_answer_without_its_part_is_left_after_a_few_kilobytes(first: bytes) -> None:
    chunks = Counted(first, b"a" * 1024)
    with pytest.raises(PeerProblem) as caught:
        list(pacs_parts.only_part(iter(chunks), b"b"))
    assert caught.value.code == "peer-answer" and chunks.taken <= 20


def test_a_part_ends_at_its_boundary_wherever_chunks_are_cut() -> None:
    whole = b"--b\r\nContent-Type: application/dicom\r\n\r\n--b\r\n-\r\n--c\r\n--b--\r\n" + b"and more" * 100
    for size in (1, 2, 3, 7, 1000):
        chunks = (whole[at:at + size] for at in range(0, len(whole), size))
        assert b"".join(pacs_parts.only_part(chunks, b"b")) == b"--b\r\n-\r\n--c"
    # What follows the end is not read: a service that talks on for ever is not listened to.
    chunks = Counted(whole, b"more")
    list(pacs_parts.only_part(iter(chunks), b"b"))
    assert chunks.taken == 1


class Endless(StandInWeb):
    """Sends an object that does not end, until nobody listens any more."""

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        if "/instances/" not in handler.path:
            super().reply(handler)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", 'multipart/related; type="application/dicom"; boundary=b')
        handler.end_headers()
        handler.close_connection = True
        try:
            handler.wfile.write(b"--b\r\nContent-Type: application/dicom\r\n\r\n")
            while True:
                handler.wfile.write(bytes(1 << 16))
        except OSError:
            return


def test_an_object_without_end_is_left_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(NoWatch):
        received: Callable[[int], None]

        def came(self, size: int) -> None:
            self.received(size)

    monkeypatch.setattr(pacs_inbox, "OBJECT_BYTES", 4 << 20)
    monkeypatch.setattr(pacs_web, "Watch", Counting)
    for name in ("arriving", "kept"):
        (tmp_path / name).mkdir()
    with serving(Endless([("/instances", lambda: listed(ONE))])) as peer, pytest.raises(LimitExceeded):
        pacs_web.retrieve(peer.node(), Secrets(), Said(), wire.to_plain(WISH), str(tmp_path / "arriving"),
                          str(tmp_path / "kept"))
    assert files(tmp_path / "kept") == []
    assert sum(path.stat().st_size for path in (tmp_path / "arriving").iterdir()) < 5 << 20


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_list_without_end_is_left_at_the_limit(packed: bool, monkeypatch: pytest.MonkeyPatch,
                                                 caplog: pytest.LogCaptureFixture) -> None:
    """A packed one costs the service nothing: what counts is its size once it is unpacked."""
    class EndlessList(StandInWeb):
        sent = 0

        def reply(self, handler: BaseHTTPRequestHandler) -> None:
            packer, blank = zlib.compressobj(wbits=31), bytes(1 << 20).replace(b"\0", b" ")
            handler.send_response(200)
            handler.send_header("Content-Type", "application/dicom+json")
            if packed:
                handler.send_header("Content-Encoding", "gzip")
            handler.end_headers()
            handler.close_connection = True
            try:
                while self.sent < 400:  # MB once unpacked: a reader without a limit ends too, and takes it all
                    self.sent += 1
                    handler.wfile.write(packer.compress(blank) if packed else blank)
            except OSError:
                return

    caplog.set_level(logging.CRITICAL, "retrying")
    with serving(EndlessList([])) as peer, pytest.raises(LimitExceeded) as caught:
        pacs_web.find(peer.node(), Secrets(), Said(), wire.to_plain(Query()))
    assert "limit 64.0 MB" in caught.value.what


# -- other addresses -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("what", ["find", "retrieve", "object", "frames", "send", "echo", "listed"])
def test_no_question_and_no_token_goes_to_another_address(what: str, status: int, tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch,
                                                          caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "retrying")  # in the child nobody hears it
    monkeypatch.setattr(pacs_web, "Watch", NoWatch)
    monkeypatch.setattr("fineview.formats.pacs_stow.Watch", NoWatch)
    monkeypatch.setattr(NoWatch, "moved", lambda *_: None, raising=False)
    monkeypatch.setattr(NoWatch, "came", lambda *_: None, raising=False)
    file = tmp_path / "one.dcm"
    file.write_bytes(as_file(ONE))
    with serving(StandInWeb([])) as elsewhere:
        away: Reply = (status, f"http://localhost:{elsewhere.port}/dicom-web/studies", b"")
        lists = [("/instances[?]", lambda: listed(ONE))] if what == "object" else []
        with serving(StandInWeb([*lists, ("", lambda: away)], "s3cret")) as peer:
            node, said, folder = peer.node(), Said(), str(tmp_path)
            acts: dict[str, Callable[[], None]] = {
                "find": lambda: pacs_web.find(node, SECRET, said, wire.to_plain(Query())),
                "retrieve": lambda: pacs_web.retrieve(node, SECRET, said, wire.to_plain(WISH), folder, folder),
                "object": lambda: pacs_web.retrieve(node, SECRET, said, wire.to_plain(WISH), folder, folder),
                "frames": lambda: pacs_web.frames(node, SECRET, said, wire.to_plain(WISH), ONE, [1], folder, folder),
                "send": lambda: pacs_web.pacs_stow.send(node, SECRET, said, [[ONE, str(file)]]),
                "listed": lambda: pacs_web.listed(node, SECRET, said, [STUDY]),
                "echo": lambda: pacs_web.echo(node, SECRET, said)}
            with pytest.raises(PeerProblem) as caught:
                acts[what]()
        assert caught.value.code == "peer-redirect" and "s3cret" not in str(caught.value)
        assert peer.seen[-1][1] == "Bearer s3cret" and elsewhere.seen == []


def test_a_path_for_an_object_is_asked_of_nobody(tmp_path: Path) -> None:
    peer = StandInWeb([("/instances", lambda: listed("../../../etc/passwd", "/etc/x", "1.2.03", "%2e%2e"))])
    with serving(peer), pytest.raises(FineViewError) as caught:
        Peers(tmp_path / "inner").retrieve(peer.node(), Secrets(), WISH, Token())
    assert caught.value.code == "peer-not-found" and files(tmp_path) == []
    assert all("passwd" not in asked and "%2e" not in asked for asked, _, _ in peer.seen)


# -- silence -------------------------------------------------------------------------------------------------------
@contextmanager
def silent() -> Iterator[tuple[int, threading.Event]]:
    """(port, "somebody came"): takes every connection and says nothing."""
    came, done = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        links = []

        def take() -> None:
            while not done.is_set():
                try:
                    links.append(server.accept()[0])
                    came.set()
                except TimeoutError:
                    continue
        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield server.getsockname()[1], came
        finally:
            done.set()
            thread.join()
            for one in links:
                one.close()


def nodes(port: int, patience_s: float) -> dict[str, Node]:
    return {"dimse": Node("n", host="127.0.0.1", port=port, called="P", patience_s=patience_s),
            "web": Node("n", "web", url=f"http://127.0.0.1:{port}/x", patience_s=patience_s)}


@pytest.mark.parametrize("kind", ["dimse", "web"])
def test_who_takes_the_connection_and_says_nothing_is_left(kind: str, tmp_path: Path) -> None:
    with silent() as (port, _), pytest.raises(PeerProblem) as caught:
        Peers(tmp_path).retrieve(nodes(port, 0.5)[kind], Secrets(), WISH, Token())
    assert caught.value.code in ("peer-silent", "peer-refused", "peer-unreachable")


@pytest.mark.parametrize("kind", ["dimse", "web"])
def test_waiting_for_silence_can_be_cancelled(kind: str, tmp_path: Path) -> None:
    token = Token()
    with silent() as (port, came):
        waiter = threading.Thread(target=lambda: (came.wait(30), token.cancel()))
        waiter.start()
        with pytest.raises(Cancelled):
            Peers(tmp_path).retrieve(nodes(port, 300)[kind], Secrets(), WISH, token)
        waiter.join()
    assert files(tmp_path) == []


def test_who_falls_silent_in_the_middle_is_left_with_what_came(tmp_path: Path) -> None:
    hold = threading.Event()

    def stalls(one: Any) -> str:
        if one.SOPInstanceUID != ONE:
            hold.wait(30)
        return str(one.SOPInstanceUID)

    with running(StandIn([made.image(sop=ONE), made.image(sop="1.2.3.4.2")], announce=stalls)) as peer:
        with pytest.raises(PeerProblem) as caught:
            Peers(tmp_path).retrieve(peer.node(patience_s=1.0), Secrets(), Wish(STUDY), Token())
        hold.set()
    assert caught.value.code == "peer-silent"
    assert [one.suffix for one in tmp_path.rglob("*") if one.is_file()] == [".dcm"]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("kind", ["dimse", "web"])
def test_no_secret_stands_where_other_users_or_programs_can_read_it(kind: str, tmp_path: Path,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINEVIEW_PACS_TOKEN", "s3cret")
    token, read = Token(), list[bytes]()

    def look(came: threading.Event) -> None:
        came.wait(30)
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f" {os.getpid()} " in (folder / "stat").read_text()[:80] and folder.name != str(os.getpid()):
                    read.extend((folder / name).read_bytes() for name in ("cmdline", "environ"))
        token.cancel()

    with silent() as (port, came):
        looker = threading.Thread(target=look, args=(came,))
        looker.start()
        with pytest.raises(Cancelled):
            Peers(tmp_path).echo(nodes(port, 300)[kind], Secrets("s3cret", "s3cret"), token)
        looker.join()
    assert any(b"pacs_child" in one for one in read) and not any(b"s3cret" in one for one in read)
