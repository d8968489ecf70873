"""Opening real files through the real archive: first image, the rest, broken neighbours, another patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fineview.formats.archive import FileArchive
from fineview.imaging.png import png
from fineview.services.jobs import Jobs
from fineview.services.open_study import OpenStudy
from fineview.services.preload import outwards
from fineview.services.session import Session
from fineview.store.cellar import Cellar


class Door:
    def __init__(self, folder: Path, jobs: Jobs, mailbox) -> None:
        self.journal, self.archive = Cellar(folder / "store"), FileArchive()
        self.session, self.mailbox = Session(), mailbox
        self.open = OpenStudy(self.session, jobs, self.archive, self.journal, folder)

    def settled(self) -> bool:
        return not self.session.progress and self.session.raster is not None


@pytest.fixture
def door(tmp_path: Path, jobs: Jobs, mailbox):
    made = Door(tmp_path, jobs, mailbox)
    yield made
    jobs.close()
    made.archive.close()
    made.journal.close()


def picture(path: Path, value: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(png(np.full((12, 17, 3), value, np.uint8)))
    return path


def test_a_broken_file_among_good_ones(door, tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.png", 10)
    picture(tmp_path / "in" / "b.png", 20)
    (tmp_path / "in" / "c.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    door.open.paths([tmp_path / "in"])
    door.mailbox.pump(door.settled)
    assert sum(len(study.series) for study in door.session.catalogue.studies) == 2
    (problem,) = door.session.catalogue.problems
    assert problem.path.endswith("c.png") and problem.what and problem.remedy
    assert any(notice.code == "some-problems" for notice in door.session.notices)
    assert door.session.raster.pixels.shape == (12, 17, 3)


def test_an_empty_folder_is_one_sentence(door, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    door.open.paths([tmp_path / "empty"])
    door.mailbox.pump(lambda: bool(door.session.notices))
    (notice,) = door.session.notices
    assert notice.code == "empty" and notice.what.endswith(".") and notice.remedy
    assert door.session.study is None


def test_another_patient_is_counted_and_nothing_is_carried_over(door, tmp_path: Path) -> None:
    door.open.paths([picture(tmp_path / "x" / "a.png", 10)])
    door.mailbox.pump(door.settled)
    first = door.session.study.uid
    door.open.paths([picture(tmp_path / "y" / "b.png", 90)])
    door.mailbox.pump(lambda: door.settled() and door.session.study.uid != first)
    assert int(door.session.raster.pixels[0, 0, 0]) == 90
    assert door.session.answers == () and door.session.findings == ()


def test_a_file_deleted_while_open_says_so(door, tmp_path: Path) -> None:
    path = picture(tmp_path / "x" / "a.png", 10)
    door.open.paths([path])
    door.mailbox.pump(door.settled)
    door.session.rasters.clear()
    path.unlink()
    door.open.show_frame(0)
    door.mailbox.pump(lambda: bool(door.session.frame_problem))
    (notice,) = door.session.frame_problem.values()
    assert notice.code == "gone" and notice.remedy


def test_opened_studies_are_remembered(door, tmp_path: Path) -> None:
    path = picture(tmp_path / "x" / "a.png", 10)
    door.open.paths([path])
    door.mailbox.pump(lambda: bool(door.open.recent()))
    assert door.open.recent()[0][2] == (str(path),)


def test_neighbours_come_first() -> None:
    assert list(outwards(2, 5)) == [3, 1, 4, 0]
    assert sorted(outwards(0, 7)) == list(range(1, 7))
