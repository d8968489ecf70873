"""Two visits from the instrument's own files to a signed change, over a restart, by the real application."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fineview.gui.theme import apply_theme
from tests.formats import made_heyex
from tests.journeys.conftest import Clinician, leave, seat
from tests.services.made_visits import hill

pytestmark = pytest.mark.slow

# 27 B-scans of 132 A-scans: 6.5 x 6.55 mm about (3.5, 3.5) mm of a localizer of 250 pixels of 0.028 mm.
COLS, SCANS, ACROSS_MM, STEP_MM, PX_MM = 132, 27, 0.05, 0.25, 0.028
FIRST, SECOND = struct.pack("<I24sd", 4, b"", 45000.0), struct.pack("<I24sd", 5, b"", 45400.0)
SWELLING = hill(60.0, (2.5, 3.5), 0.4)  # temporal of the fovea in a right eye


@pytest.fixture
def visits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """300 um, then 300 um with a swelling; on the second picture the eye lies 10 pixels further to the right."""
    for name, value in (("COLS", COLS), ("SCANS", SCANS), ("ROWS", 120), ("SLO", 250), ("SLO_MM", PX_MM),
                        ("ACROSS_MM", ACROSS_MM), ("STEP_MM", STEP_MM)):
        monkeypatch.setattr(made_heyex, name, value)
    folder = tmp_path / "visits"
    folder.mkdir()
    for name, off, swollen in (("first", 0.0, False), ("second", 10 * PX_MM, True)):
        tops = [6.75 - STEP_MM * n for n in range(SCANS)]
        places = [(0.2 + off, y, 0.2 + COLS * ACROSS_MM + off, y) for y in tops]
        # The first and last A-scan lie at the ends of the line.
        x, y = np.meshgrid(np.linspace(0.2, 0.2 + COLS * ACROSS_MM, COLS), tops)
        um = 300.0 + (SWELLING(x, y) if swollen else 0.0)
        lines = np.full((SCANS, 3, COLS), 10.0, np.float32)
        lines[:, 1] = 10.0 + um / (made_heyex.DEPTH_MM * 1000)
        data = made_heyex.vol(lines=lines, places=places, eye=b"OD")
        assert data.count(FIRST) == 1
        (folder / f"{name}.vol").write_bytes(data.replace(FIRST, SECOND) if swollen else data)
    return folder


@pytest.fixture
def store(tmp_path: Path, qapp: object) -> Iterator[Path]:
    apply_theme(qapp, "dark")
    yield tmp_path / "store"


def opened(qtbot, store: Path, visits: Path) -> Clinician:
    person = seat(qtbot, store)
    person.opens(visits)
    return person


def shows(person: Clinician, date: str, modality: str) -> None:
    study = next(one for one in person.session.catalogue.studies if one.date == date)
    series = next(one for one in study.series if one.modality == modality)
    person.bench.open.show_series(series.uid)
    person.wait(lambda: person.session.raster is not None and person.session.series.uid == series.uid
                and not person.session.progress)


def test_two_visits_to_a_signed_change_over_a_restart(qtbot, store: Path, visits: Path, tmp_path: Path) -> None:
    person = opened(qtbot, store, visits)
    for date, x in (("20230315", 125.0), ("20240418", 135.0)):
        shows(person, date, "OP")
        person.bench.annotate.mark_fovea(x, 125.0)
        person.wait(lambda: any(one.label == "fovea" for one in person.session.findings))
    shows(person, "20240418", "OPT")
    panel = person.window.thickness
    person.window.tabs.setCurrentWidget(panel)
    panel.against.first.click()
    person.wait(lambda: person.session.thickness is not None and person.session.thickness.change is not None)
    told = person.session.thickness.change.told
    assert told.alignment.by == "fovea" and told.alignment.shift_mm == pytest.approx((-10 * PX_MM, 0.0), abs=1e-6)
    assert told.before.device.maker == "Heidelberg Engineering" and told.why_not == ""
    # 0.060 mm x 2 pi (0.4 mm)^2.
    assert told.change_mm3 == pytest.approx(0.06 * 2 * np.pi * 0.16, abs=0.002)
    assert told.field("outer nasal").change_um == pytest.approx(0.0, abs=0.1)
    swollen = told.field("inner temporal").change_um
    panel.report.click()
    person.wait(panel.report.isChecked)
    leave(person)

    again = opened(qtbot, store, visits)
    shows(again, "20240418", "OPT")
    again.wait(lambda: bool(again.session.kept_grids))
    written: list[Path] = []
    again.bench.report.export(tmp_path / "out", ("pdf", "json", "epdf"), done=written.extend)
    again.wait(lambda: bool(written))
    leave(again)
    assert [path.name for path in written] == ["report.pdf", "report.json", "report.pdf.dcm"]
    report = json.loads(written[1].read_text())
    fields = {one["name"]: one["change_um"] for one in report["grids"][0]["change"]["fields"]}
    assert fields["inner temporal"] == pytest.approx(swollen, abs=0.01) and swollen > 20
    assert [one["name"] for one in report["figures"]] == ["finding-1", "thickness-1", "change-1"]
