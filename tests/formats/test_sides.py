"""Which side: eyes, paired parts of the body, and what has no side; said as the file says it, never guessed."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from fineview.core.study import Catalogue, Laterality, Patient, Series, Study
from fineview.formats.laterality import laterality_of
from fineview.formats.values import Groups
from fineview.gui.panels.banner import PatientBanner
from fineview.gui.panels.studies import series_words
from fineview.services.session import Session
from fineview.services.snapshot import snapshot
from tests.formats.made import image


def told(modality: str, part: str = "", side: str = "") -> Laterality:
    made = image(Modality=modality, BodyPartExamined=part, Laterality=side)
    return laterality_of(made, Groups(made), "x.dcm")


@pytest.mark.parametrize(("modality", "part", "side", "words", "missing"), [
    ("OPT", "", "", "side unknown", True), ("OP", "", "R", "right eye (OD)", False),
    ("MR", "BRAIN", "", "side unknown", False), ("CT", "", "", "side unknown", False),
    ("CT", "CHEST", "", "side unknown", False), ("MR", "KNEE", "", "side unknown", True),
    ("MR", "KNEE", "R", "right side", False), ("MG", "", "L", "left side", False), ("MG", "", "", "side unknown", True),
    ("CT", "ORBIT", "", "side unknown", True), ("CR", "HAND", "B", "both sides", False),
    # A picture of an unknown kind may show an eye: that its side is unknown is worth a warning.
    ("OT", "", "", "side unknown", True), ("", "", "", "side unknown", True)])
def test_what_is_said_and_whether_it_is_missing(modality: str, part: str, side: str, words: str, missing: bool) -> None:
    found = told(modality, part, side)
    assert (found.words, found.missing) == (words, missing)


@pytest.mark.parametrize(("modality", "part", "side", "name", "listed"), [
    ("CT", "", "", "quiet", "CT, 1 x 1"), ("MR", "KNEE", "", "warning", "MR, side unknown, 1 x 1"),
    ("MR", "KNEE", "L", "", "MR, left side, 1 x 1"), ("OP", "", "", "warning", "OP, side unknown, 1 x 1"),
    ("OP", "", "L", "", "OP, OS, 1 x 1")])
def test_a_warning_only_where_a_side_is_missing(qtbot: QtBot, modality: str, part: str, side: str, name: str,
                                                listed: str) -> None:
    series = Series("1", "2", modality, rows=1, cols=1, laterality=told(modality, part, side))
    study = Study("2", Patient("A"), series=(series,))
    banner = PatientBanner()
    qtbot.addWidget(banner)
    session = Session(catalogue=Catalogue((study,)), study=study, series=series)
    banner.show_state(snapshot(session), banner.WATCHES)
    assert banner.eye.objectName() == name and listed in series_words(series)
