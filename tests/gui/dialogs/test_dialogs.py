"""The pages: intended use, export, labels, about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.region import Region
from fineview.core.study import FrameKey
from fineview.gui.dialogs.about import About
from fineview.gui.dialogs.export import ExportReport, contents_words, target_words
from fineview.gui.dialogs.intended_use import IntendedUse
from fineview.gui.dialogs.labels import EditLabels
from fineview.gui.main_window import MainWindow
from fineview.services.workbench import Workbench
from tests.gui.scene import suggestion
from tests.reports.sample_grids import grid_entry

KEY = FrameKey("scan", 2)
Settle = Callable[[Callable[[], bool]], None]


def own(name: str, label: str, sop_uid: str | None = "1.2.1") -> Finding:
    return Finding(name, "study-1", KEY, Region.from_box(Box(1, 1, 9, 9)), label, Origin.PERSON, State.ACCEPTED,
                   sop_uid=sop_uid)


def keep(qtbot: QtBot, dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)


def test_the_note_must_be_acknowledged(qtbot: QtBot) -> None:
    told: list[bool] = []
    note = IntendedUse(lambda: told.append(True), None)
    keep(qtbot, note)
    assert not note.go.isEnabled()
    note.understood.setChecked(True)
    note.go.click()
    assert told == [True]


class Settings:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def setting(self, name: str) -> str | None:
        return self.kept.get(name)

    def set_setting(self, name: str, value: str) -> None:
        self.kept[name] = value


@pytest.mark.parametrize("understood", [True, False])
def test_first_run(qtbot: QtBot, bench: Workbench, understood: bool) -> None:
    settings = Settings()
    window = MainWindow(bench, first_run=True, preferences=settings)
    qtbot.addWidget(window)
    window.show()
    window.begin()
    note = window.findChild(IntendedUse)
    if understood:
        note.understood.setChecked(True)
        note.go.click()
    else:
        note.reject()
    assert (settings.kept.get("intended-use") is not None) is understood
    assert window.isVisible() is understood
    window.close()


def test_what_enters_the_report_is_said() -> None:
    words = contents_words((own("1", "fluid"), own("2", ""), suggestion(KEY),
                            replace(suggestion(KEY, 2), state=State.REJECTED)))
    assert words.splitlines() == ["Accepted findings that enter the report: 1.",
                                  "Marks without a label that stay out until they have one: 1.",
                                  "Suggestions that nobody reviewed and that stay out: 1."]


def test_whether_the_thickness_grid_enters_is_said() -> None:
    compared = grid_entry()
    assert contents_words((), (compared,), True).splitlines()[1] == (
        "Thickness grid that enters the report: right eye (OD), ILM to BM, with the change since 2024-01-10.")
    alone = contents_words((), (replace(compared, change=None),), True)
    assert alone.endswith("right eye (OD), ILM to BM.")
    assert contents_words((), (), True).endswith("The thickness grid stays out: it is not ticked \"in the report\".")
    assert "grid" not in contents_words((), (), False)


def test_what_will_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    assert target_words(str(tmp_path), ("pdf", "json", "sr")) == (
        f"Writes report.pdf, report.json, report.dcm into {tmp_path}. Replaces report.json.")
    assert target_words(str(tmp_path), ()) == "Choose a folder and at least one format."


def test_secondary_capture_is_asked_only_where_it_is_needed(qtbot: QtBot, bench: Workbench) -> None:
    bench.session.findings = (own("1", "fluid", sop_uid=None),)
    page = ExportReport(bench, None)
    keep(qtbot, page)
    page.show()
    assert not page.capture.isVisible()
    page.boxes["sr"].setChecked(True)
    assert page.capture.isVisible()
    page.folder.setText("")
    assert not page.go.isEnabled()


def test_a_name_is_remembered_for_the_report(qtbot: QtBot, bench: Workbench, tmp_path: Path) -> None:
    page = ExportReport(bench, None)
    keep(qtbot, page)
    page.folder.setText(str(tmp_path))
    page.author.setText("  B. Reader ")
    page.accept()
    assert bench.session.author == "B. Reader"


def test_no_report_is_written_of_a_study_that_came_behind_the_page(window: MainWindow, qtbot: QtBot, bench: Workbench,
                                                                    tmp_path: Path, settle: Settle) -> None:
    """A study that is retrieved opens by itself: what was written on the page is about the one before."""
    page = ExportReport(bench, None)
    keep(qtbot, page)
    page.folder.setText(str(tmp_path / "report"))
    page.summary.setPlainText("Fluid in the right eye.")
    shown = bench.session.study
    assert shown is not None
    bench.session.study = replace(shown, uid="2.25.7", patient=replace(shown.patient, name="Doe^John", id="99"))
    page.accept()
    assert [one.code for one in bench.session.notices if one.level == "error"] == ["another-study"]
    assert not (tmp_path / "report").exists() and "report" not in bench.session.progress
    bench.session.study = shown
    page.boxes["pdf"].setChecked(False)
    page.boxes["json"].setChecked(True)
    page.accept()
    settle(lambda: (tmp_path / "report" / "report.json").is_file() and "report" not in bench.session.progress)


def test_labels_are_edited_as_a_list(qtbot: QtBot, bench: Workbench, settle: Settle) -> None:
    page = EditLabels(bench, None)
    keep(qtbot, page)
    page.text.setPlainText("fluid\n\nscar \nfluid")
    page.accept()
    settle(lambda: bench.annotate.labels() == ("fluid", "scar"))


def test_about_says_research_use(qtbot: QtBot) -> None:
    page = About((("Model card", "retina-s"),), None, None)
    keep(qtbot, page)
    words = [label.text() for label in page.findChildren(QLabel)]
    assert "Research use only. Not for diagnosis or treatment." in words and "retina-s" in words
    assert "Apache-2.0" in words
