"""A file that does not say which eye it shows: "side unknown" on screen, in lists and in the report; no guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.region import Region
from fineview.core.study import FrameKey
from fineview.formats.archive import FileArchive
from fineview.gui.panels.banner import PatientBanner
from fineview.gui.panels.studies import series_words
from fineview.reports.sheet import sheet
from fineview.services.compose_report import ReportRequest, compose
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all
from fineview.services.session import Session
from fineview.services.snapshot import snapshot
from tests.formats.real_files import shared

EYE_AT = 84  # of the side in a HEYEX header


def of_no_side(folder: Path) -> Path:
    """The real volume, its two letters for the side taken out; the name would tell a reader who guesses."""
    held = bytearray(shared("A_ophthalmic/heyex_vol/test_volume.vol").read_bytes())
    assert held[EYE_AT:EYE_AT + 2] == b"OD"
    held[EYE_AT:EYE_AT + 2] = b"\0\0"
    path = folder / "right.vol"
    path.write_bytes(held)
    return path


@pytest.mark.parametrize("which", ["volume", "picture"])
def test_it_is_said_wherever_the_eye_is_named(qtbot: QtBot, tmp_path: Path, which: str) -> None:
    path = of_no_side(tmp_path) if which == "volume" else shared("A_ophthalmic/bscan_tiff/exampleOCTimage0001.tif")
    archive = FileArchive()
    try:
        found = scan_all(archive, [path], Token())
        study, session = found.studies[0], Session()
        series = study.series[0]
        session.catalogue, session.study, session.series = found, study, series
        state = snapshot(session)
        banner = PatientBanner()
        qtbot.addWidget(banner)
        banner.show_state(state, banner.WATCHES)
        assert banner.eye.text() == "side unknown" and "side unknown" in series_words(series)
        mark = Finding("p-1", study.uid, FrameKey(series.uid, 0), Region.from_box(Box(4, 4, 9, 9)), "drusen",
                       Origin.PERSON, State.ACCEPTED, author="Dr Reader")
        report = compose(ReportRequest(study, (mark,), (), (), "Dr Reader", "2026-03-04T10:00:00+01:00", "test"),
                         archive, Token())
    finally:
        archive.close()
    told = sheet(report)
    assert ("Eye", "side unknown") in told.banner and [row.side for row in told.rows] == ["side unknown"]
    assert "Side unknown: the file does not say which eye this is." in report.warnings
