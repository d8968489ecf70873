"""A corrected layer line of a HEYEX volume is found again in another export of the same scan, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fineview.formats.archive import FileArchive
from fineview.services.annotate import Annotate
from fineview.services.jobs import Jobs
from fineview.services.open_study import OpenStudy
from fineview.services.session import Session
from fineview.services.thickness_desk import thickness_desk
from fineview.store.cellar import Cellar
from tests.formats.made_heyex import COLS, SCANS, reflectivity, vol

LINES = np.stack([np.full((SCANS, COLS), row, np.float32) for row in (4.0, 12.0)], axis=1)


class Seat:
    """A reader with one store, who opens files one after the other."""

    def __init__(self, store: Path, jobs: Jobs, mailbox: Any) -> None:
        self.journal, self.archive, self.session, self.mailbox = Cellar(store), FileArchive(), Session(), mailbox
        self.session.author = "Dr Reader"
        self.open = OpenStudy(self.session, jobs, self.archive, self.journal, store)
        self.desk = thickness_desk(self.session, jobs, self.archive, lambda _: None,  # type: ignore[arg-type,return-value]
                                   self.journal, Annotate(self.session, jobs, self.journal))

    def measured(self, path: Path) -> Any:
        self.open.paths([path])
        self.mailbox.pump(lambda: self.session.raster is not None and self.session.frame is not None
                          and self.session.frame.path == str(path) and not self.session.progress)
        self.desk.measure("file")
        self.mailbox.pump(lambda: self.session.thickness is not None and self.session.thickness.made is not None
                          and not self.session.progress)
        return self.session.thickness

    def close(self) -> None:
        self.archive.close()
        self.journal.close()


@pytest.fixture
def seat(tmp_path: Path, jobs: Jobs, mailbox: Any) -> Any:
    made = Seat(tmp_path / "store", jobs, mailbox)
    yield made
    jobs.close()
    made.close()


def corrected_frames(state: Any) -> list[int]:
    return sorted(state.lines.edited)


def test_another_export_of_the_same_scan(seat: Seat, tmp_path: Path) -> None:
    first, again, other = (tmp_path / name for name in ("eye.vol", "renamed.vol", "another.vol"))
    first.write_bytes(vol(lines=LINES))
    # Exported anew after the instrument drew a third line: other bytes, the same scan and visit.
    third = np.concatenate([LINES, np.full((SCANS, 1, COLS), 8.0, np.float32)], axis=1)
    again.write_bytes(vol(lines=third))
    other.write_bytes(vol(reflectivity(seed=9), lines=LINES))
    assert corrected_frames(seat.measured(first)) == []
    seat.open.show_frame(3)
    seat.mailbox.pump(lambda: seat.session.raster is not None)
    seat.desk.edits.bend("ILM", 8, 2.0, 3)
    seat.mailbox.pump(lambda: corrected_frames(seat.session.thickness) == [3])
    kept = seat.session.thickness.lines.rows["ILM"][3].copy()
    assert kept[8] == 2.0
    found = seat.measured(again)
    seat.mailbox.pump(lambda: corrected_frames(seat.session.thickness) == [3])
    found = seat.session.thickness
    assert np.allclose(found.lines.rows["ILM"][3], kept) and (found.lines.rows["ILM"][2] == 4.0).all()
    # Of the same visit, in the same place, another scan: nobody has corrected it.
    seat.measured(other)
    assert corrected_frames(seat.session.thickness) == [] and seat.session.layer_copies != ()
