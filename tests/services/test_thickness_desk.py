"""The desk of thickness while studies come and go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fineview.core.layers import LayerLine
from fineview.core.study import FrameInfo, Patient, Series, Study
from fineview.services.annotate import Annotate
from fineview.services.jobs import Jobs
from fineview.services.session import Session
from fineview.services.slab import TOP, Edge, Slab
from fineview.services.thickness_desk import thickness_desk
from fineview.store.cellar import Cellar
from tests.services.conftest import Mailbox
from tests.services.test_thickness import LinesArchive, photo, volume


class SlowArchive(LinesArchive):
    """Gives the lines of the first B-scan once it is let."""

    def __init__(self) -> None:
        self.reached, self.go, self.read = threading.Event(), threading.Event(), 0

    def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
        self.read += 1
        self.reached.set()
        self.go.wait(30)
        return super().read_layers(frame)


def test_another_study_ends_what_was_measured_of_the_one_before(jobs: Jobs, mailbox: Mailbox, tmp_path: Any) -> None:
    session, archive, journal = Session(), SlowArchive(), Cellar(tmp_path)
    desk: Any = thickness_desk(session, jobs, archive, lambda _: None, journal,  # type: ignore[arg-type]
                               Annotate(session, jobs, journal))
    try:
        session.study, session.series = Study("s", Patient(), series=(volume(), photo())), volume()
        session.pulse()
        desk.measure("file")
        assert archive.reached.wait(30)
        session.study = Study("another", Patient())
        session.series = None
        session.pulse()
        assert not jobs.busy("thickness")
        archive.go.set()
        mailbox.pump(lambda: "thickness" not in session.progress)
        assert archive.read == 1 and session.thickness is None and session.kept_grids == ()
    finally:
        archive.go.set()
        jobs.close()
        journal.close()


@pytest.fixture
def at(jobs: Jobs, mailbox: Mailbox, tmp_path: Any) -> Iterator[tuple[Any, Session]]:
    session, journal = Session(), Cellar(tmp_path)
    desk = thickness_desk(session, jobs, LinesArchive(), lambda _: None, journal,  # type: ignore[arg-type]
                          Annotate(session, jobs, journal))
    yield desk, session
    jobs.close()
    journal.close()


def turn_to(session: Session, series: Series) -> None:
    session.study, session.series = Study("s", Patient(), series=(series, photo())), series
    session.pulse()


def test_a_volume_that_grows_is_measured_again_and_not_shown_by_its_part(at: Any, mailbox: Mailbox) -> None:
    desk, session = at
    whole = volume()
    turn_to(session, replace(whole, frames=whole.frames[2:]))
    desk.measure("file")
    desk.front.look(Slab(Edge(TOP, 10.0, "px"), Edge(TOP, 20.0, "px")), "mean")
    mailbox.pump(lambda: session.thickness is not None and session.thickness.made is not None and desk.front.seen)
    assert session.thickness.made.values_um.shape[0] == len(whole.frames) - 2
    turn_to(session, whole)
    assert session.thickness.made is None and session.thickness.drawn is None and desk.front.seen is None
    assert session.thickness.problem[1] == "Measure it again."
    desk.measure("file")
    mailbox.pump(lambda: session.thickness is not None and session.thickness.made is not None)
    assert session.thickness.made.values_um.shape[0] == len(whole.frames) and session.thickness.problem is None


def test_what_was_measured_of_a_part_that_has_grown_meanwhile_is_dropped(jobs: Jobs, mailbox: Mailbox,
                                                                         tmp_path: Any) -> None:
    session, archive, journal = Session(), SlowArchive(), Cellar(tmp_path)
    desk: Any = thickness_desk(session, jobs, archive, lambda _: None, journal,  # type: ignore[arg-type]
                               Annotate(session, jobs, journal))
    try:
        whole = volume()
        turn_to(session, replace(whole, frames=whole.frames[2:]))
        desk.measure("file")
        assert archive.reached.wait(30)
        turn_to(session, whole)
        archive.go.set()
        mailbox.pump(lambda: "thickness" not in session.progress)
        assert session.thickness.made is None and session.thickness.problem[1] == "Measure it again."
    finally:
        archive.go.set()
        jobs.close()
        journal.close()


def test_a_study_that_is_opened_again_is_not_shown_as_it_was_measured_before(at: Any, mailbox: Mailbox) -> None:
    """Its files may hold something else by now."""
    desk, session = at
    turn_to(session, volume())
    desk.measure("file")
    mailbox.pump(lambda: session.thickness is not None and session.thickness.made is not None)
    session.openings += 1  # as ``AtStudy.forget`` does
    turn_to(session, volume())
    assert session.thickness is None
