"""The desk of thickness while studies come and go."""

from __future__ import annotations

import threading
from typing import Any

from fineview.core.layers import LayerLine
from fineview.core.study import FrameInfo, Patient, Study
from fineview.services.annotate import Annotate
from fineview.services.jobs import Jobs
from fineview.services.session import Session
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
