"""Layer lines of a file beside the picture: a real archive, a file whose lines are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fineview.core.layers import LayerLine
from fineview.formats.archive import FileArchive
from fineview.services.file_lines import words_of
from fineview.services.jobs import Jobs
from fineview.services.open_study import OpenStudy
from fineview.services.session import Session
from fineview.services.snapshot import snapshot
from fineview.store.cellar import Cellar
from tests.formats.made_heyex import COLS, drawn, vol


class Door:
    def __init__(self, folder: Path, jobs: Jobs, mailbox) -> None:
        self.journal, self.archive = Cellar(folder / "store"), FileArchive()
        self.session, self.mailbox = Session(), mailbox
        self.open = OpenStudy(self.session, jobs, self.archive, self.journal, folder)

    def show(self, path: Path) -> None:
        self.open.paths([path])
        self.mailbox.pump(lambda: self.known() and not self.session.progress)

    def known(self) -> bool:
        return self.session.raster is not None and self.session.frame_key in self.session.lines


@pytest.fixture
def door(tmp_path: Path, jobs: Jobs, mailbox):
    made = Door(tmp_path, jobs, mailbox)
    yield made
    jobs.close()
    made.archive.close()
    made.journal.close()


def test_lines_of_the_shown_scan_follow_the_frame(door, tmp_path: Path) -> None:
    (tmp_path / "eye.vol").write_bytes(vol())
    door.show(tmp_path / "eye.vol")
    state = snapshot(door.session)
    assert state.index == 2 and [line.name for line in state.lines] == ["ILM", "RNFL"]
    assert np.nanmax(state.lines[0].row_px) == drawn()[2, 0, 0]
    assert state.lines_text == "Layer lines in the file: ILM, RNFL (Heidelberg HEYEX, HSF-OCT-103)"
    assert state.localizer is not None and state.localizer.description == "Infrared localizer"
    assert state.frame is not None and state.frame.scan_line is not None
    assert state.frame.scan_line[0][1] == pytest.approx(14)
    door.open.show_frame(4)
    door.mailbox.pump(door.known)
    assert np.nanmax(snapshot(door.session).lines[0].row_px) == drawn()[4, 0, 0]


def test_not_wished_for_or_held_away(door, tmp_path: Path) -> None:
    (tmp_path / "eye.vol").write_bytes(vol())
    door.show(tmp_path / "eye.vol")
    door.session.overlays_hidden = True
    assert (snapshot(door.session).lines, snapshot(door.session).lines_text) == ((), "")
    door.session.overlays_hidden = False
    door.session.overlay = replace(door.session.overlay, lines=False)
    door.open.show_frame(0)
    door.mailbox.pump(lambda: door.session.raster is not None)
    assert snapshot(door.session).lines == () and door.session.frame_key not in door.session.lines


def test_lines_that_cannot_be_read_cost_no_picture(door, tmp_path: Path) -> None:
    (tmp_path / "eye.vol").write_bytes(vol())
    door.show(tmp_path / "eye.vol")
    (tmp_path / "eye.vol").write_bytes(vol()[:5000])
    door.session.lines.clear()
    door.session.pulse()
    door.mailbox.pump(door.known)
    assert snapshot(door.session).image is not None and snapshot(door.session).lines == ()
    assert [notice.code for notice in door.session.notices] == ["changed"]


def test_the_localizer_is_not_asked(door, tmp_path: Path) -> None:
    (tmp_path / "eye.vol").write_bytes(vol())
    door.show(tmp_path / "eye.vol")
    door.open.show_series(door.session.study.series[1].uid)
    door.mailbox.pump(lambda: door.session.raster is not None)
    assert not door.known()


def test_who_drew_what() -> None:
    def line(name: str, by: str) -> LayerLine:
        return LayerLine(name, np.zeros(COLS, np.float32), "file", by)

    assert words_of([line("ILM", "A"), line("RPE", "A, by hand"), line("BM", "A")]) == (
        "Layer lines in the file: ILM, BM (A); RPE (A, by hand)")
    assert (words_of([line("ILM", "")]), words_of([])) == ("Layer lines in the file: ILM", "")
