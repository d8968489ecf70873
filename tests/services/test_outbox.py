"""The outbox with a real store and a real peer on loopback: sent is what was confirmed, and nothing is forgotten."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

from fineview.core.errors import Cancelled, FineViewError, PeerProblem, RequestProblem, StorageProblem  # noqa: E402
from fineview.core.peer import Node, Secrets, Wish  # noqa: E402
from fineview.formats.pacs_process import Peers  # noqa: E402
from fineview.services.jobs import Token  # noqa: E402
from fineview.services.outbox import Outbox  # noqa: E402
from fineview.services.pacs import Pacs  # noqa: E402
from fineview.services.spool import Spool  # noqa: E402
from fineview.store.cellar import Cellar  # noqa: E402
from fineview.store.vault import KeyringVault  # noqa: E402
from tests.formats import made  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, running  # noqa: E402

ROOT = Path(__file__).parents[2]


class Room:
    """The services over one data folder, as the app builds them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cellar = Cellar(folder)
        peers = Peers(folder / "received")
        self.pacs = Pacs(peers, self.cellar.outbox, KeyringVault(), self.cellar)
        self.outbox = Outbox(self.pacs, peers, self.cellar.outbox, self.cellar, Spool(folder / "outbox"))

    def states(self) -> dict[str, str]:
        return {one.sop_uid[-1]: one.state for one in self.outbox.parcels()}

    def held(self) -> int:
        return len(list((self.folder / "outbox").glob("*")))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made_room = Room(tmp_path / "data")
    yield made_room
    made_room.cellar.close()


@pytest.fixture
def objects(tmp_path: Path) -> list[tuple[str, str, Path]]:
    out = []
    for number in (1, 2, 3):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(made.as_bytes(made.image(sop=f"1.2.3.4.{number}")))
        out.append((f"1.2.3.4.{number}", "1.2.3", path))
    return out


def test_refused_objects_fail_and_a_retry_sends_them(room: Room, objects: list[tuple[str, str, Path]]) -> None:
    answer = {"1.2.3.4.2": 0xC000}
    with running(StandIn(store=lambda event: answer.get(event.request.AffectedSOPInstanceUID, 0x0000))) as peer:
        room.pacs.add(peer.node())
        batch = room.outbox.post("stand-in", objects)
        assert room.states() == {"1": "waiting", "2": "waiting", "3": "waiting"} and not peer.received
        for _, _, path in objects:
            path.unlink()  # a ZIP that was closed, a stick that was pulled
        room.outbox.deliver(Token(), batch)
        assert room.states() == {"1": "sent", "2": "failed", "3": "sent"} and room.held() == 1
        assert "C000h" in room.outbox.parcels()[1].why
        answer.clear()
        assert room.outbox.retry() == 1
        assert [one.state for one in room.outbox.deliver(Token())] == ["sent"]
    assert sorted(one.SOPInstanceUID for one in peer.received) == ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"]
    assert [one.attempts for one in room.outbox.parcels()] == [1, 2, 1] and room.held() == 0
    events = [one for one in room.cellar.audit_events() if one.event == "send"]
    assert sorted(one.detail["object"] for one in events) == ["1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"]
    assert room.outbox.forget() == 3 and room.outbox.parcels() == ()


def test_a_peer_that_is_away_or_breaks_off_leaves_the_rest_waiting(room: Room, objects: list[tuple[str, str, Path]]
                                                                    ) -> None:
    vice = [True]

    def store(event: Any) -> int:
        if vice[0] and event.request.AffectedSOPInstanceUID == "1.2.3.4.2":
            event.assoc.abort()
        return 0x0000

    peer = StandIn(store=store)
    with running(peer):
        room.pacs.add(peer.node())
    room.outbox.post("stand-in", objects)
    with pytest.raises(PeerProblem) as caught:
        room.outbox.deliver(Token())
    assert caught.value.code == "peer-unreachable" and set(room.states().values()) == {"waiting"}
    with running(peer):
        with pytest.raises(PeerProblem) as caught:
            room.outbox.deliver(Token())
        assert caught.value.code == "peer-left"
        assert room.states() == {"1": "sent", "2": "waiting", "3": "waiting"}
        vice[0] = False
        room.outbox.deliver(Token())
    assert set(room.states().values()) == {"sent"}


def test_cancel_leaves_nothing_between_two_states(room: Room, objects: list[tuple[str, str, Path]]) -> None:
    hold, token = threading.Event(), Token()

    def store(event: Any) -> int:
        if event.request.AffectedSOPInstanceUID == "1.2.3.4.2":
            token.cancel()
            hold.wait(20)
        return 0x0000

    with running(StandIn(store=store)) as peer:
        room.pacs.add(peer.node())
        room.outbox.post("stand-in", objects)
        with pytest.raises(Cancelled):
            room.outbox.deliver(token)
        hold.set()
    assert room.states() == {"1": "sent", "2": "waiting", "3": "waiting"}


SENDING = """
import sys
from pathlib import Path
from tests.services.test_outbox import Room
from fineview.services.jobs import Token
room = Room(Path(sys.argv[1]))
room.outbox.deliver(Token())
"""


def test_killed_while_sending_the_outbox_still_knows(tmp_path: Path, objects: list[tuple[str, str, Path]]) -> None:
    reached, hold = threading.Event(), threading.Event()

    def store(event: Any) -> int:
        if event.request.AffectedSOPInstanceUID == "1.2.3.4.2" and not hold.is_set():
            reached.set()
            hold.wait(30)
        return 0x0000

    with running(StandIn(store=store)) as peer:
        room = Room(tmp_path / "data")
        room.pacs.add(peer.node(patience_s=30))
        room.outbox.post("stand-in", objects)
        room.cellar.close()
        peer.closed.clear()
        app = subprocess.Popen([sys.executable, "-c", SENDING, str(tmp_path / "data")], cwd=ROOT,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert reached.wait(60)
        app.send_signal(signal.SIGKILL)
        app.wait()
        assert peer.closed.wait(15)  # the network child has gone with its parent, though nobody answered it
        hold.set()
        again = Room(tmp_path / "data")
        assert again.states() == {"1": "sent", "2": "sending", "3": "waiting"}
        again.outbox.deliver(Token())
        assert again.states() == {"1": "sent", "2": "sent", "3": "sent"}
        assert [one.attempts for one in again.outbox.parcels()] == [1, 2, 1]
        again.cellar.close()


def test_a_retrieval_that_was_cancelled_is_in_the_audit_trail_with_what_came(room: Room) -> None:
    token, hold = Token(), threading.Event()

    def slowly(one: Any) -> str:
        if one.SOPInstanceUID == "1.2.3.4.2":
            hold.wait(20)
        return str(one.SOPInstanceUID)

    with running(StandIn([made.image(sop=f"1.2.3.4.{n}") for n in (1, 2)], announce=slowly)) as peer:
        room.pacs.add(peer.node())
        with pytest.raises(Cancelled):
            room.pacs.retrieve("stand-in", Wish("1.2.3"), token, lambda one: token.cancel())
        hold.set()
        with pytest.raises(PeerProblem):
            room.pacs.retrieve("stand-in", Wish("1.2.99"), Token())
    [event] = [one for one in room.cellar.audit_events() if one.event == "retrieve"]
    assert (event.detail["study"], event.detail["objects"], event.detail["refused"]) == ("1.2.3", "1", "broken off")
    assert len(list((room.folder / "received").iterdir())) == 1  # no empty folder of what is not there


def test_what_cannot_be_is_refused_before_anything_is_connected(room: Room) -> None:
    def code(act: Any) -> str:
        with pytest.raises(FineViewError) as caught:
            act()
        return caught.value.code

    assert code(lambda: room.pacs.node("nobody")) == "no-node"
    assert code(lambda: room.outbox.post("nobody", [])) == "no-node"
    far = Node("far", "web", url="http://pacs.example/dicom-web")
    assert code(lambda: room.pacs.add(far, Secrets("t0ken"))) == "token-in-the-clear"
    for bad in ("ftp://x/y", "https://", "https://user:pw@x/y", "https://x/y?z=1", "http://x:99999/"):
        assert code(lambda bad=bad: room.pacs.add(Node("n", "web", url=bad))) == "node"
    for changes in ({"port": 0}, {"called": ""}, {"called": "A" * 17}, {"called": "A\\B"}, {"host": "a b"}):
        good = {"name": "n", "host": "h", "port": 104, "called": "P"}
        assert code(lambda changes=changes, good=good: room.pacs.add(Node(**{**good, **changes}))) == "node"
    assert room.pacs.nodes() == ()
    room.pacs.add(Node("n", host="h", port=104, called="P"))
    for uid in ("", "../../x", "1.2.03", "1..2", "1.2." + "3" * 61, "1.2.3\n"):
        assert code(lambda uid=uid: room.pacs.retrieve("n", Wish(uid), Token())) == "uid"


def test_a_name_taken_twice_is_replaced_and_removed_with_its_secrets(room: Room) -> None:
    room.pacs.add(Node("n", "web", url="https://one.example/x"), Secrets("t0ken"))
    room.pacs.add(Node("n", "web", url="https://two.example/x"))
    assert [one.url for one in room.pacs.nodes()] == ["https://two.example/x"]
    assert room.pacs.secrets("n") == Secrets()  # a token is for the peer that gave it, and for no other
    room.pacs.add(Node("n", "web", url="https://two.example/x"), Secrets("t0ken"))
    room.pacs.remove("n")
    assert room.pacs.nodes() == () and room.pacs.secrets("n") == Secrets()
    with pytest.raises(RequestProblem):
        room.pacs.remove("n")


def test_what_is_no_uid_is_not_passed_over_in_silence(room: Room, objects: list[tuple[str, str, Path]],
                                                      tmp_path: Path) -> None:
    path = tmp_path / "odd.dcm"
    path.write_bytes(objects[1][2].read_bytes().replace(b"1.2.3.4.2", b"1.2.3.042"))  # a leading zero
    with running(StandIn()) as peer:
        room.pacs.add(peer.node())
        room.outbox.post("stand-in", [objects[0], ("1.2.3.042", "1.2.3", path)])
        room.outbox.deliver(Token())
    assert [str(one.SOPInstanceUID) for one in peer.received] == ["1.2.3.4.1"]
    good, odd = room.outbox.parcels()
    assert (good.state, odd.state, odd.sop_uid) == ("sent", "failed", "1.2.3.042") and "UIDs" in odd.why


def test_what_left_is_in_the_audit_trail_before_it_counts_as_sent(room: Room, objects: list[tuple[str, str, Path]]
                                                                  ) -> None:
    seen: list[int] = []
    with running(StandIn()) as peer:
        room.pacs.add(peer.node())
        room.outbox.post("stand-in", objects)
        room.outbox.changed = lambda one: seen.append(
            sum(event.event == "send" for event in room.cellar.audit_events())) if one.state == "sent" else None
        room.outbox.deliver(Token())
    assert seen == [1, 2, 3]


def test_files_of_a_program_that_was_killed_while_it_posted_are_let_go(room: Room,
                                                                       objects: list[tuple[str, str, Path]]) -> None:
    room.pacs.add(Node("n", host="127.0.0.1", port=9, called="P", patience_s=1))
    Spool(room.folder / "outbox").keep(objects[0][2], "of-no-batch", "1.2.3.4.1")
    room.outbox.post("n", objects[1:])
    assert room.held() == 3
    with pytest.raises(PeerProblem):
        room.outbox.deliver(Token())
    assert room.held() == 2 and all(Path(one.path).is_file() for one in room.outbox.parcels())


def test_a_second_program_leaves_the_files_of_the_first_alone(room: Room, objects: list[tuple[str, str, Path]]) -> None:
    Spool(room.folder / "outbox").keep(objects[0][2], "being-posted", "1.2.3.4.1")
    second = Room(room.folder)
    try:
        with pytest.raises(StorageProblem):
            second.outbox.deliver(Token())
    finally:
        second.cellar.close()
    assert room.held() == 1


def test_a_study_that_is_away_is_no_half_batch(room: Room, objects: list[tuple[str, str, Path]]) -> None:
    room.pacs.add(Node("n", host="h", port=104, called="P"))
    objects[2][2].unlink()
    with pytest.raises(FineViewError):
        room.outbox.post("n", objects)
    assert room.outbox.parcels() == () and room.held() == 0
