"""The outbox tries again by itself: with growing pauses, only what a person sent, and only after what may pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

pytest.importorskip("pynetdicom", reason="the package pynetdicom is not installed")

from fineview.core.errors import PeerProblem  # noqa: E402
from fineview.core.peer import Parcel  # noqa: E402
from fineview.services.jobs import Jobs  # noqa: E402
from fineview.services.outbox_pauses import PASSING, PAUSES_S, again, pause_s  # noqa: E402
from fineview.services.pacs_sending import PacsSending  # noqa: E402
from fineview.services.pacs_work import AGAIN, BOOK, SEND, PacsWork  # noqa: E402
from fineview.services.session import Session  # noqa: E402
from tests.formats import made  # noqa: E402
from tests.formats.pacs_stand_in import StandIn, running  # noqa: E402
from tests.services.conftest import Mailbox  # noqa: E402
from tests.services.test_outbox import Room  # noqa: E402

Object = tuple[str, str, Path]


class Desk:
    """The desk over a real outbox.  ``paused``: the attempts after which it paused."""

    def __init__(self, room: Room, jobs: Jobs, mailbox: Mailbox, pause: Callable[[int], float]) -> None:
        self.room, self.jobs, self.mailbox, self.paused = room, jobs, mailbox, list[int]()
        self.session = Session()
        self.work = PacsWork(self.session, jobs, lambda: (room.pacs, room.outbox))

        def counted(tries: int) -> float:
            self.paused.append(tries)
            return pause(tries)
        self.sending = PacsSending(self.work, cast(Any, None), lambda uid: (), counted)

    def settle(self, until: Callable[[], bool]) -> None:
        self.mailbox.pump(lambda: until() and not self.jobs.busy(SEND) and not self.jobs.busy(BOOK))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made_room = Room(tmp_path / "data")
    yield made_room
    made_room.cellar.close()


@pytest.fixture
def objects(tmp_path: Path) -> list[Object]:
    path = tmp_path / "1.dcm"
    path.write_bytes(made.as_bytes(made.image(sop="1.2.3.4.1")))
    return [("1.2.3.4.1", "1.2.3", path)]


def test_pauses_grow_and_the_last_one_stays() -> None:
    assert [pause_s(tries) for tries in (1, 2, 3, 99)] == [PAUSES_S[0], PAUSES_S[1], PAUSES_S[2], PAUSES_S[-1]]
    assert list(PAUSES_S) == sorted(set(PAUSES_S))


def test_only_what_was_asked_for_and_may_pass_is_tried() -> None:
    def parcel(name: str, state: str, node: str = "near") -> Parcel:
        return Parcel(name, "b", node, "1.2", "1", "/x", state)  # type: ignore[arg-type]
    parcels = [parcel("a", "waiting"), parcel("b", "sent"), parcel("c", "failed"), parcel("d", "waiting"),
               parcel("e", "waiting", "strict"), parcel("f", "waiting", "away")]
    broken = {"strict": PeerProblem("", "", "peer-certificate"), "away": PeerProblem("", "", "peer-unreachable")}
    assert again(parcels, {"a", "b", "c", "e", "f"}, broken) == {"a", "f"}
    assert not PASSING & {"peer-title", "peer-unauthorised", "peer-certificate", "peer-tls", "pacs-missing"}


def test_a_peer_that_comes_back_gets_it_without_being_asked(room: Room, objects: list[Object], jobs: Jobs,
                                                            mailbox: Mailbox) -> None:
    peer = StandIn()
    with running(peer):
        room.pacs.add(peer.node())
    room.outbox.post("stand-in", [("1.2.3.4.2", "1.2.3", objects[0][2])])  # of another day: nobody asks for it now
    with ExitStack() as peers:
        def comes_back(tries: int) -> float:
            if tries == 2:
                peers.enter_context(running(peer))
            return 0.0
        desk = Desk(room, jobs, mailbox, comes_back)
        desk.sending.send("stand-in", objects)
        desk.settle(lambda: room.states().get("1") == "sent")
        assert desk.paused == [1, 2] and room.states() == {"2": "waiting", "1": "sent"}
        desk.settle(lambda: desk.work.view.said == "1 of 1 objects sent and confirmed.")
    assert [one.code for one in desk.session.notices] == ["outbox-sent"]
    assert desk.work.view.next_try == "" and [one.SOPInstanceUID for one in peer.received] == ["1.2.3.4.1"]


def test_a_person_may_try_now_or_give_up(room: Room, objects: list[Object], jobs: Jobs, mailbox: Mailbox) -> None:
    peer = StandIn()
    with running(peer):
        room.pacs.add(peer.node())
    desk = Desk(room, jobs, mailbox, lambda tries: 3600.0)
    desk.sending.send("stand-in", objects)
    desk.settle(lambda: desk.paused == [1])
    assert desk.work.view.next_try and desk.jobs.busy(AGAIN)
    assert desk.work.view.problem is not None and desk.work.view.problem.code == "peer-unreachable"
    with running(peer):
        desk.sending.retry()
        desk.settle(lambda: room.states() == {"1": "sent"})
    assert desk.work.view.next_try == "" and not desk.jobs.busy(AGAIN)
    desk.sending.send("stand-in", objects)
    desk.settle(lambda: desk.paused == [1, 1])
    waiting = {one.id for one in room.outbox.parcels() if one.state == "waiting"}
    desk.sending.give_up(waiting)
    desk.settle(lambda: [one.state for one in room.outbox.parcels()] == ["sent"])
    assert [one.detail["object"] for one in room.cellar.audit_events() if one.event == "send-given-up"] == [
        "1.2.3.4.1"]
    assert room.held() == 0 and objects[0][2].is_file()


def test_a_wrong_title_is_not_tried_again(room: Room, objects: list[Object], jobs: Jobs, mailbox: Mailbox) -> None:
    with running(StandIn(), require_called_aet=True) as peer:
        room.pacs.add(peer.node(called="NOBODY"))
        desk = Desk(room, jobs, mailbox, lambda tries: 0.0)
        desk.sending.send("stand-in", objects)
        desk.settle(lambda: desk.work.view.problem is not None)
    assert desk.paused == [] and room.states() == {"1": "waiting"} and not desk.jobs.busy(AGAIN)


def test_a_peer_that_has_no_room_for_now_gets_it_later(room: Room, objects: list[Object], jobs: Jobs, mailbox: Mailbox
                                                      ) -> None:
    answers = [0xA700]

    def makes_room(tries: int) -> float:
        assert [(one.state, one.attempts) for one in room.outbox.parcels()] == [("waiting", tries)]
        assert "A700h" in room.outbox.parcels()[0].why
        answers[0] = 0xA700 if tries == 1 else 0x0000
        return 0.0

    with running(StandIn(store=lambda event: answers[0])) as peer:
        room.pacs.add(peer.node())
        desk = Desk(room, jobs, mailbox, makes_room)
        desk.sending.send("stand-in", objects)
        desk.settle(lambda: room.states() == {"1": "sent"})
    assert desk.paused == [1, 2] and [one.attempts for one in room.outbox.parcels()] == [3]


def test_what_is_sent_meanwhile_goes_after_what_is_under_way(room: Room, objects: list[Object], jobs: Jobs,
                                                             mailbox: Mailbox, tmp_path: Path) -> None:
    second = tmp_path / "2.dcm"
    second.write_bytes(made.as_bytes(made.image(sop="1.2.3.4.2")))
    desk = Desk(room, jobs, mailbox, lambda tries: 0.0)
    sent_second: list[bool] = []

    def store(event: Any) -> int:
        if not sent_second:
            sent_second.append(True)
            jobs.post(lambda: desk.sending.send("stand-in", [("1.2.3.4.2", "1.2.3", second)]))
        return 0x0000

    with running(StandIn(store=store)) as peer:
        room.pacs.add(peer.node())
        desk.sending.send("stand-in", objects)
        desk.settle(lambda: room.states() == {"1": "sent", "2": "sent"})
    assert [one.attempts for one in room.outbox.parcels()] == [1, 1]


def test_what_is_refused_or_breaks_off_is_in_the_audit_trail(room: Room, objects: list[Object], jobs: Jobs,
                                                             mailbox: Mailbox) -> None:
    answers = [0xC000]

    def store(event: Any) -> int:
        if answers[0] == 1:
            event.assoc.abort()
        return answers[0]

    with running(StandIn(store=store)) as peer:
        room.pacs.add(peer.node())
        desk = Desk(room, jobs, mailbox, lambda tries: 3600.0)
        desk.sending.send("stand-in", objects)
        desk.settle(lambda: room.states() == {"1": "failed"})
        answers[0] = 1
        desk.sending.retry()
        desk.settle(lambda: desk.paused == [1])
    assert [one.event for one in room.cellar.audit_events() if one.event.startswith("send")] == [
        "send-refused", "send-unconfirmed"]


def test_the_peer_is_asked_whether_it_lists_what_it_confirmed(room: Room, objects: list[Object], jobs: Jobs,
                                                              mailbox: Mailbox) -> None:
    with running(StandIn()) as peer:
        room.pacs.add(peer.node())
        desk = Desk(room, jobs, mailbox, lambda tries: 3600.0)
        desk.sending.send("stand-in", objects)
        desk.settle(lambda: room.states() == {"1": "sent"})
        desk.sending.check()
        desk.settle(lambda: desk.work.view.said == "0 of 1 sent objects are listed by their peers.")
        assert "does not list it" in room.outbox.parcels()[0].why
        peer.holds = peer.received
        desk.sending.check()
        desk.settle(lambda: desk.work.view.said == "1 of 1 sent objects are listed by their peers.")
    assert [one.event for one in room.cellar.audit_events() if one.event == "send-not-listed"] == ["send-not-listed"]
