"""Gestures that come faster than the disk: each starts from what the one before has left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fineview.core.region import RegionKind
from fineview.services.jobs import Jobs
from tests.services.test_annotate import BOX, STUDY, Desk


@pytest.fixture
def desk(tmp_path: Path, jobs: Jobs, mailbox):
    made = Desk(tmp_path, jobs, mailbox)
    yield made
    jobs.close()
    made.journal.close()


def test_two_undos_at_once_undo_two_steps(desk) -> None:
    for label in ("drusen", "fluid"):
        desk.annotate.add(RegionKind.BOX, BOX, label)
    desk.settle(2)
    desk.annotate.undo()
    desk.annotate.undo()
    desk.settle(0)
    assert desk.stored() == () and desk.session.undo_name == ""
    desk.annotate.redo()
    desk.annotate.redo()
    desk.settle(2)
    assert [one.label for one in desk.stored()] == ["drusen", "fluid"]


def test_an_edit_does_not_undo_the_one_before_it(desk) -> None:
    drawn = desk.annotate.add(RegionKind.BOX, BOX)
    desk.annotate.label(drawn, "fluid")
    desk.annotate.note(drawn, "sharp edge")
    desk.mailbox.pump(lambda: "note" in desk.session.undo_name)
    (kept,) = desk.stored()
    assert (kept.label, kept.note) == ("fluid", "sharp edge") and desk.session.findings == (kept,)


def test_a_mark_that_is_saved_late_does_not_show_in_another_study(desk) -> None:
    drawn = desk.annotate.add(RegionKind.BOX, BOX, "drusen")
    desk.session.study = replace(STUDY, uid="9.9")
    desk.mailbox.pump(lambda: not desk.annotate._writing)
    assert desk.session.findings == () and desk.session.undo_name == ""
    assert [one.id for one in desk.stored()] == [drawn]


def test_a_failed_step_does_not_stop_the_next(desk) -> None:
    desk.journal.close()
    desk.annotate.add(RegionKind.BOX, BOX, "drusen")
    desk.annotate.add(RegionKind.BOX, BOX, "fluid")
    desk.mailbox.pump(lambda: bool(desk.session.notices))
    desk.mailbox.pump(lambda: not desk.annotate._waiting and not desk.annotate._writing)
    assert desk.session.findings == () and desk.session.notices[0].code == "store-closed"
