"""A study that opens while it arrives, over real files: what a person looks at stays, and it was opened once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fineview.core.peer import Arrived
from fineview.formats.archive import FileArchive
from fineview.services.growing import Growing
from fineview.services.jobs import Jobs
from fineview.services.open_study import OpenStudy
from fineview.services.session import Session
from fineview.store.cellar import Cellar
from tests.formats import made
from tests.services.conftest import Mailbox


class Room:
    def __init__(self, folder: Path, jobs: Jobs, mailbox: Mailbox) -> None:
        self.received, self.jobs, self.mailbox = folder / "received", jobs, mailbox
        self.received.mkdir()
        self.archive, self.cellar, self.session = FileArchive(), Cellar(folder / "data"), Session()
        self.opening = OpenStudy(self.session, jobs, self.archive, self.cellar, folder)
        self.growing = Growing(jobs, self.opening)

    def arrives(self, number: int) -> None:
        path = self.received / f"{number}.dcm"
        path.write_bytes(made.as_bytes(made.image(sop=f"1.2.3.4.{number}", InstanceNumber=number)))
        self.growing.arrived(Arrived(f"1.2.3.4.{number}", str(path), 1, image=True))

    def settle(self) -> None:
        lanes = ("open", "frame", "preload", "thumbnails", "journal")
        self.mailbox.pump(lambda: self.session.raster is not None and not any(map(self.jobs.busy, lanes)))
        self.mailbox.drain()

    @property
    def frames(self) -> list[str]:
        assert self.session.series is not None
        return [Path(frame.path).stem for frame in self.session.series.frames]

    @property
    def shown(self) -> str:
        assert self.session.frame is not None
        return Path(self.session.frame.path).stem


@pytest.fixture
def room(tmp_path: Path, jobs: Jobs, mailbox: Mailbox) -> Iterator[Room]:
    made_room = Room(tmp_path, jobs, mailbox)
    yield made_room
    jobs.close()
    made_room.archive.close()
    made_room.cellar.close()


def test_the_first_image_is_shown_at_once_and_stays_while_more_comes(room: Room) -> None:
    room.arrives(5)
    room.settle()
    assert room.frames == ["5"] and room.shown == "5"
    for number in (2, 9, 7):
        room.arrives(number)
    room.growing.ended()
    room.settle()
    assert room.frames == ["2", "5", "7", "9"] and room.shown == "5"
    assert [one.event for one in room.cellar.audit_events()] == ["open"]
    assert len(room.cellar.recent_studies()) == 1


def test_another_study_that_a_person_opens_meanwhile_stays(room: Room, tmp_path: Path) -> None:
    room.arrives(1)
    room.settle()
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.dcm").write_bytes(made.as_bytes(made.image(sop="9.9.1", StudyInstanceUID="9.9")))
    room.opening.paths([other])
    room.settle()
    room.arrives(2)
    room.growing.ended()
    room.settle()
    assert room.shown == "x"
    room.opening.close_study()
    room.growing.ended()
    assert room.session.study is None


def test_nothing_that_came_opens_nothing(room: Room) -> None:
    room.growing.ended()
    room.mailbox.drain()
    assert room.session.study is None and not room.session.notices
