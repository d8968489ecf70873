"""Panes over the real services: one is active, the others stand still, linked ones follow, newest wins."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fineview.core.errors import InputProblem
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box, ScaleSource, Spacing
from fineview.core.image import Raster, Window
from fineview.core.region import Region, RegionKind
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Laterality, Patient, Series, Study
from fineview.services.annotate import Annotate
from fineview.services.hanging import Hanging
from fineview.services.hanging_rules import DEFAULT_RULES
from fineview.services.jobs import Jobs
from fineview.services.open_study import OpenStudy
from fineview.services.pane_desk import PaneDesk
from fineview.services.pane_view import panes_state
from fineview.services.panes import Panes, SeriesFrame
from fineview.services.session import Session
from fineview.services.settings import Settings
from fineview.services.snapshot import snapshot
from fineview.store.cellar import Cellar

SPACING = Spacing(0.004, 0.012, 0.2, ScaleSource.CALIBRATED)


def eye(study: str, side: str, count: int = 9, localizer: str | None = None) -> Series:
    frames = tuple(FrameInfo(f"{study}.{side}", i, f"{study}.{side}", rows=8, cols=16, spacing=SPACING,
                             scan_line=((2.0, 5.0 + i), (30.0, 5.0 + i))) for i in range(count))
    return Series(f"{study}.{side}", study, "OPT", "macula", rows=8, cols=16, frames=frames, is_volume=True,
                  laterality=Laterality(side, "header"), localizer_uid=localizer)  # type: ignore[arg-type]


def photo(uid: str, study: str) -> Series:
    return Series(uid, study, "OP", rows=32, cols=32, frames=(FrameInfo(uid, 0, uid, rows=32, cols=32),))


ANNA = Study("1", Patient("Muster^Anna", "4711"), "20260304", series=(eye("1", "R", localizer="1.p"), eye("1", "L"),
                                                                      photo("1.p", "1")))
JOHN = Study("2", Patient("Doe^John", "99"), "20260304", series=(eye("2", "R", 5),))


class Files:
    """``slow``: frames wait for ``go``.  ``read``: which were decoded, in order."""

    def __init__(self) -> None:
        self.slow, self.go, self.read = False, threading.Event(), []
        self.broken: set[tuple[str, int]] = set()
        self.studies: tuple[Study, ...] = (ANNA, JOHN)

    def scan(self, paths: Sequence[Path], token: object) -> Iterator[Catalogue]:
        yield Catalogue(self.studies)

    def read_frame(self, frame: FrameInfo) -> Raster:
        if self.slow:
            assert self.go.wait(20)
        self.read.append((frame.path, frame.frame_in_file))
        if (frame.path, frame.frame_in_file) in self.broken:
            raise InputProblem("It is broken.", "Copy it.", "broken")
        return Raster(np.full((frame.rows, frame.cols), frame.frame_in_file + 10, np.uint8))


class Desk:
    def __init__(self, folder: Path, jobs: Jobs, mailbox) -> None:
        self.mailbox, self.journal, self.files, self.session = mailbox, Cellar(folder), Files(), Session()
        self.open = OpenStudy(self.session, jobs, self.files, self.journal, folder)  # type: ignore[arg-type]
        self.annotate = Annotate(self.session, jobs, self.journal)
        self.panes = PaneDesk(self.session, jobs, self.files, self.open)  # type: ignore[arg-type]
        self.hanging = Hanging(self.session, self.panes, self.open, Settings(self.journal, lambda: jobs))
        self.jobs = jobs

    def opened(self) -> Desk:
        self.open.paths([Path("x")])
        self.mailbox.pump(lambda: not self.session.progress and len(self.session.thumbnails) == 4 and all(
            one.loaded for one in panes_state(self.session).panes if one.series and one.number != self.active))
        return self

    @property
    def active(self) -> int:
        return self.session.panes.active

    def indices(self) -> list[int | None]:
        contents = [self.session.pane(number).content for number in range(self.session.panes.count)]
        return [one.index if one is not None else None for one in contents]

    def state(self, number: int):
        return panes_state(self.session).panes[number]


@pytest.fixture
def desk(tmp_path: Path, jobs: Jobs, mailbox) -> Iterator[Desk]:
    made = Desk(tmp_path, jobs, mailbox)
    yield made
    made.files.go.set()
    jobs.close()
    made.journal.close()


def test_both_eyes_hang_when_opened_and_scroll_together(desk) -> None:
    desk.opened()
    # Right eye, left eye, below the right one its photograph.
    assert desk.session.panes.layout == "2x2" and desk.active == 0
    assert [one.series.uid if one.series else None for one in panes_state(desk.session).panes] == [
        "1.R", "1.L", "1.p", None]
    assert desk.indices() == [4, 4, 0, None]
    desk.open.step(-3)
    assert desk.indices() == [1, 1, 0, None]
    desk.panes.link()
    desk.open.step(2)
    assert desk.indices() == [3, 1, 0, None]
    desk.panes.link()  # linked again from where they are: two apart
    desk.open.step(2)
    assert desk.indices() == [5, 3, 0, None]
    desk.panes.step(1, 1)  # the wheel over the other pane leads too
    assert desk.indices() == [6, 4, 0, None]


def test_the_end_of_a_stack_is_not_the_end_of_the_distance(desk) -> None:
    desk.opened()
    desk.panes.link()
    desk.open.show_frame(2)
    desk.panes.link()
    desk.open.show_frame(8)
    assert desk.indices()[:2] == [8, 8]
    desk.open.show_frame(2)
    assert desk.indices()[:2] == [2, 4]


def test_another_pane_becomes_active_and_nothing_of_the_first_is_lost(desk) -> None:
    desk.opened()
    session = desk.session
    desk.panes.put(1, "2.R")
    desk.panes.link()
    desk.open.show_frame(7)
    session.view = replace(session.view, window=Window(12, 4), inverted=True)
    desk.annotate.add(RegionKind.BOX, ((1.0, 2.0), (5.0, 6.0)), "cyst")
    desk.mailbox.pump(lambda: len(session.findings) == 1)
    session.findings += (Finding("s-1", "1", FrameKey("1.R", 7), Region.from_box(Box(1, 1, 2, 2)), "drusen",
                                 Origin.MODEL, State.SUGGESTED, sop_uid="1.R", frame_in_file=7),)
    marks, view = session.findings, session.view
    desk.panes.activate(1)
    desk.mailbox.pump(lambda: session.raster is not None)
    assert (session.study, session.series.uid, session.index, session.findings) == (JOHN, "2.R", 2, ())
    # The first one still shows its frame, its look and its marks.
    first = desk.state(0)
    assert (first.key, first.view, [found for _, found in first.findings]) == (FrameKey("1.R", 7), view, list(marks))
    assert first.loaded and panes_state(session).people == 2
    desk.annotate.add(RegionKind.BOX, ((1.0, 2.0), (5.0, 6.0)), "other")
    desk.mailbox.pump(lambda: len(session.findings) == 1)
    desk.panes.activate(0)
    desk.mailbox.pump(lambda: session.raster is not None and session.findings == marks)
    assert (session.study, session.index, session.view) == (ANNA, 7, view)
    assert [found.label for _, found in desk.state(1).findings] == ["other"]


def test_two_studies_that_name_nobody_may_be_two_peoples(desk) -> None:
    desk.files.studies = tuple(replace(one, patient=Patient()) for one in (ANNA, JOHN))
    desk.opened()
    desk.panes.put(1, "1.L")
    assert panes_state(desk.session).people == 1
    desk.panes.put(1, "2.R")
    assert panes_state(desk.session).people == 2


def test_newest_wins_under_a_fast_wheel(desk) -> None:
    desk.opened()
    desk.panes.link()
    desk.session.rasters.clear()
    desk.files.slow, desk.files.read = True, []
    desk.panes.go(1, 0)
    for index in range(1, 9):
        desk.panes.go(1, index)
    desk.files.go.set()
    desk.mailbox.pump(lambda: desk.state(1).loaded)
    assert desk.indices()[1] == 8 and desk.state(1).key == FrameKey("1.L", 8)
    decoded = [index for path, index in desk.files.read if path == "1.L"]
    assert 8 in decoded and not {1, 2, 3, 4, 5} & set(decoded)  # 0 was under way; 7 and 6 may follow the last one


def test_a_frame_that_cannot_be_read_says_so_in_its_pane(desk) -> None:
    desk.files.broken = {("1.L", 7)}
    desk.opened()
    desk.open.show_frame(7)
    desk.mailbox.pump(lambda: desk.state(1).problem is not None)
    assert desk.state(1).problem.what == "It is broken." and desk.session.raster is not None
    desk.open.show_frame(6)
    desk.mailbox.pump(lambda: desk.state(1).loaded)
    assert desk.state(1).problem is None


def test_layouts_fill_with_the_same_patient_and_shrink_to_the_active_one(desk) -> None:
    desk.hanging.set_rules(tuple(replace(rule, layout="1x1", fill="one") for rule in DEFAULT_RULES))
    desk.opened()
    assert desk.session.panes.layout == "1x1"
    desk.panes.layout("2x2")
    assert [one.series.uid if one.series else None for one in panes_state(desk.session).panes] == [
        "1.R", "1.p", "1.L", None]
    desk.panes.next()
    desk.panes.next()
    assert desk.active == 2 and desk.session.series.uid == "1.L"
    desk.panes.layout("1x1")
    assert desk.active == 0 and desk.session.series.uid == "1.L" and desk.indices() == [4]
    desk.panes.layout("1x2")
    assert [one.series.uid for one in panes_state(desk.session).panes] == ["1.L", "1.p"]
    desk.panes.put(3, "1.R")
    assert desk.session.panes.layout == "2x2" and desk.state(3).series.uid == "1.R"


def test_rules_are_kept_and_hang_what_is_open(desk) -> None:
    desk.opened()
    desk.hanging.set_rules(tuple(replace(rule, layout="2x1", fill="sides") if rule.modality == "OPT" else rule
                                 for rule in DEFAULT_RULES))
    assert desk.session.panes.layout == "2x1" and desk.indices() == [4, 4]
    desk.mailbox.pump(lambda: desk.journal.setting("hanging") is not None)
    assert desk.hanging.rules[0].layout == "2x1"
    desk.hanging.set_rules(DEFAULT_RULES)
    assert desk.session.panes.layout == "2x2" and desk.hanging.rules == DEFAULT_RULES


def test_something_else_is_opened(desk) -> None:
    desk.opened()
    desk.panes.layout("1x2")
    desk.files.studies = (JOHN,)
    desk.open.paths([Path("y")])
    desk.mailbox.pump(lambda: desk.session.study is JOHN and not desk.session.progress)
    assert desk.session.panes.layout == "1x1" and desk.indices() == [2]
    desk.open.close_study()
    assert desk.session.panes == Panes()


def test_scan_lines_on_the_localizer_of_another_pane(desk) -> None:
    desk.opened()
    desk.open.show_frame(6)
    state = desk.state(2)
    assert state.here == ((2.0, 11.0), (30.0, 11.0)) and state.volume.uid == "1.R" and state.jumps == 0
    desk.panes.activate(1)  # the left eye has none: the right eye's stays where it was
    state = desk.state(2)
    assert state.here is None and state.cuts == (((2.0, 11.0), (30.0, 11.0)),)
    desk.panes.go(0, 2)
    assert desk.state(2).cuts == (((2.0, 7.0), (30.0, 7.0)),)


def test_contents_that_nobody_knows_show_nothing(desk) -> None:
    desk.opened()
    session = desk.session
    session.panes = session.panes.put(1, replace(session.panes.panes[1], content=SeriesFrame("gone", 3)))
    session.pulse()
    assert desk.state(1).series is None
    desk.panes.activate(1)
    assert desk.active == 0


def test_frames_of_all_panes_are_loaded_behind_the_window(desk) -> None:
    desk.opened()
    rasters = desk.session.rasters
    assert all(FrameKey(uid, index) in rasters for uid in ("1.R", "1.L") for index in range(9))
    assert FrameKey("2.R", 0) not in rasters
    desk.panes.put(3, "2.R")  # of another patient's study
    desk.mailbox.pump(lambda: all(FrameKey("2.R", index) in rasters for index in range(5)))


def test_a_series_that_grows_beside_the_active_one_keeps_its_frame_and_shows_no_other_ones_pixels(desk) -> None:
    """Pixels of the files say which frame they are of: number in the file + 10."""
    whole = eye("1", "L")
    part = replace(whole, frames=whole.frames[4:])
    desk.files.studies = (replace(ANNA, series=(ANNA.series[0], part, ANNA.series[2])), JOHN)
    desk.opened()
    desk.panes.link()
    desk.panes.go(1, 1)  # frame 5 of the file
    desk.mailbox.pump(lambda: desk.state(1).loaded)
    desk.files.slow = True
    desk.panes.step(1, 1)  # frame 6 is on its way, and those round it, by the numbers of the part
    desk.files.studies = (ANNA, JOHN)
    desk.open.again(Path("x"))
    desk.mailbox.pump(lambda: desk.session.catalogue.studies == (ANNA, JOHN))
    desk.files.go.set()
    desk.mailbox.pump(lambda: desk.state(1).loaded and not desk.jobs.busy("pane-1") and not desk.jobs.busy("preload"))
    assert desk.state(1).key == FrameKey("1.L", 6)
    held = {key.index: int(raster.pixels[0, 0]) for key, raster in desk.session.rasters.items()
            if key.series_uid == "1.L"}
    assert held and held == {index: index + 10 for index in held}


def test_marks_have_one_number_in_the_list_and_in_every_pane(desk) -> None:
    """A suggestion that is not listed is not drawn beside either, and takes no number."""
    desk.opened()
    desk.panes.link()
    session, box = desk.session, Region.from_box(Box(1, 1, 2, 2))
    unsure, sure = (Finding(f"s-{score}", "1", FrameKey("1.L", 4), box, "drusen", Origin.MODEL, State.SUGGESTED,
                            score=score) for score in (0.2, 0.9))
    mine = Finding("p-1", "1", FrameKey("1.L", 4), box, "drusen", Origin.PERSON, State.ACCEPTED)
    session.findings, session.least_score = (unsure, sure, mine), 0.5
    assert [found.id for found in snapshot(session).findings] == ["s-0.9", "p-1"]
    assert [(number, found.id) for number, found in desk.state(1).findings] == [(1, "s-0.9"), (2, "p-1")]
    session.overlay = replace(session.overlay, suggestions=False)
    assert [(number, found.id) for number, found in desk.state(1).findings] == [(2, "p-1")]
