"""Marks on a real journal: what is shown is on disk, every step undoes, a model's layer stays its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fineview.core.evidence import ModelIdentity
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameInfo, FrameKey, Patient, Series, Study
from fineview.services.annotate import Annotate
from fineview.services.jobs import Jobs
from fineview.services.session import Session
from fineview.store.cellar import Cellar

FRAMES = tuple(FrameInfo("a.dcm", i, "1.2.3.4", rows=100, cols=100) for i in range(40))
SERIES = Series("1.2.3", "1.2", "OPT", frames=FRAMES, is_volume=True)
STUDY = Study("1.2", Patient("A"), series=(SERIES,))
MODEL = ModelIdentity("retina-s", "1", "ab" * 32)
BOX = ((1.0, 2.0), (11.0, 22.0))


class Desk:
    def __init__(self, folder: Path, jobs: Jobs, mailbox) -> None:
        self.journal = Cellar(folder)
        self.session = Session(study=STUDY, series=SERIES, index=30, author="Dr Reader")
        self.annotate = Annotate(self.session, jobs, self.journal)
        self.mailbox = mailbox

    def settle(self, count: int) -> None:
        self.mailbox.pump(lambda: len(self.session.findings) == count)

    def stored(self) -> tuple[Finding, ...]:
        return self.journal.findings("1.2")


@pytest.fixture
def desk(tmp_path: Path, jobs: Jobs, mailbox):
    made = Desk(tmp_path, jobs, mailbox)
    yield made
    jobs.close()
    made.journal.close()


def suggestion() -> Finding:
    return Finding("s-1", "1.2", FrameKey("1.2.3", 30), Region.from_box(Box(5, 5, 4, 4)), "drusen", Origin.MODEL,
                   State.SUGGESTED, score=0.9, model=MODEL, sop_uid="1.2.3.4", frame_in_file=30)


def test_a_mark_is_shown_only_once_it_is_on_disk(desk) -> None:
    drawn = desk.annotate.add(RegionKind.BOX, BOX, "drusen")
    assert desk.session.findings == ()
    desk.settle(1)
    assert desk.stored() == desk.session.findings
    mark = desk.session.findings[0]
    assert (mark.id, mark.author, mark.state, mark.frame.index) == (drawn, "Dr Reader", State.ACCEPTED, 30)
    assert desk.session.selected == drawn


def test_steps_have_names(desk) -> None:
    drawn = desk.annotate.add(RegionKind.ELLIPSE, BOX)
    desk.settle(1)
    desk.annotate.reshape(drawn, Region(RegionKind.ELLIPSE, ((2, 2), (9, 9))))
    desk.mailbox.pump(lambda: "move" in desk.session.undo_name)
    assert desk.session.undo_name == "Undo: move ellipse on frame 31"
    desk.annotate.undo()
    desk.mailbox.pump(lambda: desk.session.redo_name != "")
    assert desk.session.redo_name == "Redo: move ellipse on frame 31"
    assert desk.session.findings[0].region.points == BOX


def test_twenty_mixed_edits_undo_to_the_start(desk) -> None:
    desk.session.findings = start = (suggestion(),)
    for number in range(6):
        desk.annotate.add(RegionKind.BOX, ((number, 0), (number + 5, 5)), "fluid")
        desk.settle(number + 2)
    ids = [finding.id for finding in desk.session.findings[1:]]
    steps = 6
    for finding_id in ids[:4]:
        desk.annotate.label(finding_id, "drusen")
        desk.annotate.note(finding_id, "sharp edge")
        steps += 2
    desk.annotate.accept("s-1")
    desk.annotate.reject("s-1")
    desk.annotate.reshape("s-1", Region.from_box(Box(0, 0, 1, 1)))
    for finding_id in ids[:3]:
        desk.annotate.delete(finding_id)
        steps += 1
    desk.mailbox.pump(lambda: len(desk.session.findings) == 4)
    for left in range(steps + 3, 0, -1):
        before = desk.session.undo_name
        assert before, left
        desk.annotate.undo()
        desk.mailbox.pump(lambda left=left: len(desk.annotate._done) == left - 1)
    assert desk.session.undo_name == ""
    assert desk.session.findings == start
    assert desk.stored() == start


def test_accepting_keeps_what_the_model_said(desk) -> None:
    desk.session.findings = (suggestion(),)
    desk.annotate.accept("s-1")
    desk.mailbox.pump(lambda: desk.session.findings[0].state is State.ACCEPTED)
    kept = desk.stored()[0]
    assert (kept.model, kept.score, kept.author, kept.origin) == (MODEL, 0.9, "Dr Reader", Origin.MODEL)


def test_editing_a_suggestion_keeps_the_original(desk) -> None:
    desk.session.findings = (suggestion(),)
    desk.annotate.reshape("s-1", Region.from_box(Box(6, 6, 8, 8)))
    desk.mailbox.pump(lambda: desk.session.findings[0].state is State.EDITED)
    assert desk.stored()[0].original == suggestion().region


def test_deleting_a_suggestion_rejects_it(desk) -> None:
    desk.session.findings = (suggestion(),)
    desk.annotate.delete("s-1")
    desk.mailbox.pump(lambda: desk.session.findings[0].state is State.REJECTED)
    assert not desk.session.findings[0].in_report


def test_a_second_fovea_moves_the_first(desk) -> None:
    desk.annotate.mark_fovea(10, 10)
    desk.settle(1)
    desk.annotate.mark_fovea(20, 30)
    desk.mailbox.pump(lambda: desk.session.findings[0].region.points == ((20, 30),))
    assert len(desk.session.findings) == 1


def test_a_read_only_store_says_not_saved_and_shows_nothing_new(tmp_path: Path, jobs: Jobs, mailbox) -> None:
    first = Cellar(tmp_path)
    second = Desk(tmp_path, jobs, mailbox)
    second.annotate.add(RegionKind.BOX, BOX, "drusen")
    mailbox.pump(lambda: bool(second.session.notices))
    assert second.session.findings == ()
    assert second.session.notices[0].code == "store-busy"
    jobs.close()
    second.journal.close()
    first.close()


def test_steps_of_another_study_are_not_undone_here(desk) -> None:
    desk.annotate.add(RegionKind.BOX, BOX, "drusen")
    desk.settle(1)
    desk.session.study = replace(STUDY, uid="9.9")
    desk.annotate.undo()
    desk.mailbox.drain()
    assert len(desk.stored()) == 1


def test_the_label_list_is_the_persons(desk) -> None:
    assert "drusen" in desk.annotate.labels()
    desk.annotate.set_labels(("naevus", " naevus ", "", "scar"))
    desk.mailbox.pump(lambda: desk.annotate.labels() == ("naevus", "scar"))
