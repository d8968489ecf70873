"""Comparing from the desk: where the other visit's lines, marks and corrections come from, and what ends it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fineview.core.change import GridChange
from fineview.core.finding import Finding, Origin, State
from fineview.core.image import Raster
from fineview.core.kept_grid import KeptGrid
from fineview.core.layer_copy import LayerCopy
from fineview.core.layers import LayerLine
from fineview.core.region import Region, RegionKind
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Series, Study
from fineview.services.annotate import Annotate
from fineview.services.jobs import Jobs
from fineview.services.session import Session
from fineview.services.thickness_desk import ThicknessDesk, thickness_desk
from fineview.store.cellar import Cellar
from tests.services.conftest import Mailbox
from tests.services.made_visits import COLS, SPACING, WHO, flat, photo, visit
from tests.services.test_thickness import LinesEngine

AT = "2026-03-04T10:00:00+01:00"


class Lines:
    """ILM at row 50; BM 300 um below in 2024, 340 um in 2025.  Nothing is in the file where ``silent``."""

    def __init__(self, silent: bool = False) -> None:
        self.silent, self.reached, self.go = silent, threading.Event(), threading.Event()
        self.go.set()

    def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
        if frame.path == "then.vol":
            self.reached.set()
            self.go.wait(30)
        rows = {"ILM": 50.0, "BM": 125.0 if frame.path == "then.vol" else 135.0}
        return () if self.silent else tuple(LayerLine(name, np.full(COLS, row, np.float32), "file", "Maker 1")
                                            for name, row in rows.items())

    def read_frame(self, frame: FrameInfo) -> Raster:
        return Raster(np.full((200, COLS), 7, np.uint8))


class Drawing(LinesEngine):
    """ILM and BM 300 um apart on every B-scan it is shown."""

    def layers(self, encoding: int) -> dict[str, Any]:
        return {"ILM": np.full(COLS, 50, np.float32), "BM": np.full(COLS, 125, np.float32)}

    def domain(self, encoding: int) -> Mapping[str, float]:
        return {"fundus": 0.0, "oct": 0.9, "other": 0.1}


def study(name: str, date: str) -> Study:
    volume = replace(visit(flat(1.0), name).series, localizer_uid=f"photo {name}", study_uid=f"study {name}")
    picture = Series(f"photo {name}", volume.study_uid, "OP", rows=1000, cols=1000, frames=(photo("p"),),
                     spacing=SPACING)
    return Study(f"study {name}", WHO, date, series=(volume, picture))


THEN, NOW = study("then", "20240101"), study("now", "20250101")


class Desk:
    """The desk over both visits, the later one shown."""

    def __init__(self, jobs: Jobs, mailbox: Mailbox, folder: Path, archive: Lines) -> None:
        self.session, self.journal, self.mailbox, self.jobs = Session(), Cellar(folder), mailbox, jobs
        engine: Any = Drawing()
        self.desk: ThicknessDesk = thickness_desk(self.session, jobs, archive, lambda _: engine,  # type: ignore[arg-type]
                                                  self.journal, Annotate(self.session, jobs, self.journal))
        self.session.catalogue = Catalogue((THEN, NOW))
        self.session.study, self.session.series = NOW, NOW.series[0]
        self.session.pulse()

    def compare(self) -> GridChange:
        self.desk.compare.choose("then", self.desk.measure)
        self.mailbox.pump(lambda: self.session.thickness is not None and self.session.thickness.change is not None
                          and not self.session.progress)
        assert self.session.thickness is not None and self.session.thickness.change is not None
        return self.session.thickness.change.told


@pytest.fixture
def archive() -> Lines:
    return Lines()


@pytest.fixture
def at(jobs: Jobs, mailbox: Mailbox, tmp_path: Path, archive: Lines) -> Iterator[Desk]:
    made = Desk(jobs, mailbox, tmp_path, archive)
    yield made
    archive.go.set()
    jobs.close()
    made.journal.close()


def test_both_are_measured_at_one_gesture(at: Desk) -> None:
    told = at.compare()
    assert (told.before.date, told.after.date) == ("20240101", "20250101")
    assert [one.change_um for one in told.fields] == pytest.approx([40.0] * 9, abs=0.01)
    assert told.before.told.by == told.after.told.by == "Maker 1" and told.alignment.by == "centre"


def test_marks_and_corrections_of_the_other_visit_are_read_from_the_journal(at: Desk) -> None:
    for owner, x in ((THEN, 530.0), (NOW, 500.0)):
        at.journal.record("add", None, Finding(
            f"f {owner.uid}", owner.uid, FrameKey(owner.series[1].uid, 0), Region(RegionKind.POINT, ((x, 500.0),)),
            "fovea", Origin.PERSON, State.ACCEPTED), AT)
    at.journal.record_line("move BM", None, LayerCopy("l", THEN.uid, FrameKey("then", 18), "BM", (125.0,) * COLS, "M",
                                                      "A", AT, AT, None, 18), AT)
    at.session.findings = at.journal.findings(NOW.uid)
    told = at.compare()
    # 30 pixels of 0.01 mm.
    assert told.alignment.by == "fovea" and told.alignment.shift_mm == pytest.approx((0.3, 0.0))
    assert told.before.told.edited == 1 and told.after.told.edited == 0


def test_what_a_model_drew_is_compared_with_what_it_draws(jobs: Jobs, mailbox: Mailbox, tmp_path: Path) -> None:
    at = Desk(jobs, mailbox, tmp_path, Lines(silent=True))
    try:
        told = at.compare()
        assert {told.before.told.source, told.after.told.source} == {"model"}
        assert told.before.told.by == told.after.told.by == "retina-x abababab"
        assert [one.change_um for one in told.fields] == pytest.approx([0.0] * 9, abs=0.01)
    finally:
        jobs.close()
        at.journal.close()


def test_stop_comparing_ends_the_reading(at: Desk, archive: Lines) -> None:
    archive.go.clear()
    at.desk.compare.choose("then", at.desk.measure)
    at.mailbox.pump(archive.reached.is_set)
    at.desk.compare.drop()
    archive.go.set()
    at.mailbox.pump(lambda: not at.session.progress)
    assert at.session.thickness is not None and at.session.thickness.made is not None
    assert at.session.thickness.compared is None and at.session.thickness.apart is None


def test_another_study_ends_it_too(at: Desk, archive: Lines) -> None:
    archive.go.clear()
    at.desk.compare.choose("then", at.desk.measure)
    at.mailbox.pump(archive.reached.is_set)
    at.session.study, at.session.series = THEN, THEN.series[0]
    at.session.pulse()
    assert not at.jobs.busy("thickness-change")
    archive.go.set()
    at.mailbox.pump(lambda: not at.session.progress)
    assert at.session.thickness is None


def test_candidates_are_this_patient_s_volumes_earlier_visits_first(at: Desk) -> None:
    older, later = study("older", "20220101"), study("later", "20260101")
    stranger = replace(study("stranger", "20240601"), patient=replace(WHO, id="9"))
    left = replace(THEN.series[0], uid="left", laterality=replace(THEN.series[0].laterality, value="L"))
    silent = replace(THEN.series[0], uid="silent", laterality=replace(THEN.series[0].laterality, value=None))
    then = replace(THEN, series=(*THEN.series, left, silent))
    at.session.catalogue = Catalogue((older, later, stranger, then, NOW))
    found = at.desk.compare.choices()
    assert [(one.series.uid, one.when, one.same_eye) for one in found] == [
        ("then", "earlier", True), ("older", "earlier", True), ("later", "later", True), ("left", "earlier", False)]


def test_lines_of_another_hand_are_drawn_on_both_sides_again(at: Desk) -> None:
    assert at.compare().after.told.source == "file"
    at.desk.measure("model")
    at.mailbox.pump(lambda: at.session.thickness is not None and at.session.thickness.change is not None
                    and at.session.thickness.made is not None
                    and at.session.thickness.made.provenance.source == "model" and not at.session.progress)
    assert at.session.thickness is not None and at.session.thickness.change is not None
    told = at.session.thickness.change.told
    assert told.before.told.source == told.after.told.source == "model"
    assert [one.change_um for one in told.fields] == pytest.approx([0.0] * 9, abs=0.01)


def test_a_kept_centre_waits_for_the_same_b_scans(at: Desk) -> None:
    at.compare()
    at.desk.move_centre((5.2, 5.0))
    at.mailbox.pump(lambda: at.desk.keeping.centre("now") is not None)
    assert at.desk.keeping.centre("now") == ((5.2, 5.0), "the person's choice")
    fewer = replace(NOW.series[0], frames=NOW.series[0].frames[3:])
    at.session.study = replace(NOW, series=(fewer, NOW.series[1]))
    assert at.desk.keeping.centre("now") is None


def test_files_that_do_not_say_whose_they_are_offer_nothing_of_other_studies(at: Desk) -> None:
    nobody = tuple(replace(one, patient=replace(WHO, id="", name="")) for one in (THEN, NOW))
    second = replace(NOW.series[0], uid="second")
    shown = replace(nobody[1], series=(*NOW.series, second))
    at.session.catalogue, at.session.study = Catalogue((nobody[0], shown)), shown
    assert [one.series.uid for one in at.desk.compare.choices()] == ["second"]


def test_where_a_person_put_the_other_visits_grid_counts_too(at: Desk) -> None:
    """Both grids were put on the fovea by hand: what is compared lies there, not in the middle of the other scan."""
    frames = len(THEN.series[0].frames)
    at.journal.record_grid("move the grid", None, KeptGrid(THEN.uid, "then", (5.3, 5.0), frames=frames), AT)
    at.desk.keeping.move("now", (5.0, 5.0))
    at.mailbox.pump(lambda: at.desk.keeping.centre("now") is not None)
    told = at.compare()
    assert told.alignment.by == "centre" and told.alignment.shift_mm == pytest.approx((0.3, 0.0))
    at.desk.compare.drop()
    # Other B-scans were open then: its place says nothing of these.
    at.journal.record_grid("move the grid", None, KeptGrid(THEN.uid, "then", (5.3, 5.0), frames=frames + 1), AT)
    assert at.compare().alignment.shift_mm != pytest.approx((0.3, 0.0))
