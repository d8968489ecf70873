"""Two studies of one catalogue: each keeps its marks, suggestions and undo while the other one is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from fineview.core.dialogue import Question
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.image import Window
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameInfo, FrameKey, Patient, Series, Study
from fineview.services.annotate import Annotate
from fineview.services.at_study import AtStudy
from fineview.services.jobs import Jobs
from fineview.services.session import Session, Streaming
from fineview.services.wishes import ViewWishes
from fineview.store.cellar import Cellar

BOX = ((1.0, 2.0), (11.0, 22.0))


def study(uid: str, patient: str) -> Study:
    frames = tuple(FrameInfo(f"{uid}.dcm", i, f"{uid}.1", rows=40, cols=40) for i in range(9))
    return Study(uid, Patient(patient), series=(Series(f"{uid}.0", uid, "OPT", frames=frames, is_volume=True),))


FIRST, SECOND = study("1.1", "A"), study("1.2", "B")


class Desk:
    def __init__(self, folder: Path, jobs: Jobs, mailbox) -> None:
        self.journal, self.mailbox, self.session = Cellar(folder), mailbox, Session(author="Dr Reader")
        self.at = AtStudy(self.session, jobs, self.journal)
        self.annotate = Annotate(self.session, jobs, self.journal)

    def turn_to(self, study: Study) -> None:
        self.at.enter(study, study.series[0])
        self.mailbox.pump(lambda: self.session.study is study)
        self.mailbox.drain()


@pytest.fixture
def desk(tmp_path: Path, jobs: Jobs, mailbox):
    made = Desk(tmp_path, jobs, mailbox)
    yield made
    jobs.close()
    made.journal.close()


def suggestion() -> Finding:
    return Finding("s-1", "1.1", FrameKey("1.1.0", 4), Region.from_box(Box(5, 5, 4, 4)), "drusen", Origin.MODEL,
                   State.SUGGESTED, score=0.9, sop_uid="1.1.1", frame_in_file=4)


def test_marks_suggestions_and_undo_wait_for_their_study(desk) -> None:
    desk.turn_to(FIRST)
    session = desk.session
    desk.annotate.add(RegionKind.BOX, BOX, "cyst")
    desk.mailbox.pump(lambda: len(session.findings) == 1)
    session.findings += (suggestion(),)
    before, undo = session.findings, session.undo_name
    desk.turn_to(SECOND)
    assert (session.findings, session.undo_name) == ((), "")
    desk.annotate.add(RegionKind.BOX, BOX, "other")
    desk.mailbox.pump(lambda: len(session.findings) == 1)
    assert session.findings[0].study_uid == "1.2"
    desk.turn_to(FIRST)
    assert session.findings == before and session.undo_name == undo
    desk.annotate.undo()
    desk.mailbox.pump(lambda: session.findings == (suggestion(),))
    assert [one.label for one in desk.journal.findings("1.2")] == ["other"]


def test_a_mark_deleted_on_the_way_out_does_not_come_back(desk) -> None:
    desk.turn_to(FIRST)
    drawn = desk.annotate.add(RegionKind.BOX, BOX, "cyst")
    desk.mailbox.pump(lambda: len(desk.session.findings) == 1)
    desk.annotate.delete(drawn)
    desk.at.enter(SECOND, SECOND.series[0])  # before the store has acknowledged
    assert desk.session.left["1.1"].findings != ()
    desk.at.enter(FIRST, FIRST.series[0])
    desk.mailbox.pump(lambda: desk.session.findings == ())
    assert desk.journal.findings("1.1") == ()


def test_an_answer_on_its_way_is_given_up_aloud(desk) -> None:
    desk.turn_to(FIRST)
    desk.session.streaming = Streaming(Question("Is there fluid?", "1.1", FrameKey("1.1.0", 4)), "Ye")
    desk.at.enter(FIRST, FIRST.series[0], 5)
    assert desk.session.streaming is not None and not desk.session.notices  # the same study goes on
    desk.turn_to(SECOND)
    assert desk.session.streaming is None
    assert [one.code for one in desk.session.notices] == ["answer-given-up"]


def test_a_place_and_a_look_are_taken_up_again(desk) -> None:
    view = ViewWishes(window=Window(40, 80), inverted=True)
    desk.at.enter(FIRST, FIRST.series[0], 7, view)
    assert (desk.session.index, desk.session.view) == (7, view)
    desk.at.enter(FIRST, FIRST.series[0])
    assert (desk.session.index, desk.session.view) == (4, ViewWishes())  # the middle of nine, as the file says
    desk.at.enter(FIRST, FIRST.series[0], 99)
    assert desk.session.index == 8


def test_something_else_is_opened_and_nothing_of_it_stays(desk) -> None:
    desk.turn_to(FIRST)
    desk.session.findings = (suggestion(),)
    desk.turn_to(SECOND)
    desk.at.forget()
    assert desk.session.study is None and not desk.session.left
    desk.turn_to(FIRST)
    assert desk.session.findings == ()


def test_a_change_of_person_is_counted_and_a_change_of_study_is_not(desk) -> None:
    again = study("1.3", "A")
    for one, count in ((FIRST, 1), (again, 1), (SECOND, 2), (FIRST, 3)):
        desk.turn_to(one)
        assert desk.session.reviewed_patients == count


def test_two_people_under_one_study_uid_do_not_share_suggestions(desk) -> None:
    desk.turn_to(FIRST)
    desk.session.findings = (suggestion(),)
    desk.turn_to(study("1.1", "B"))
    assert desk.session.findings == ()
