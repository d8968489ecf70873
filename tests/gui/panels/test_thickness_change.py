"""Two visits open: one click to the map of what changed, the table, and everything that takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from fineview.core.device import Device
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.layers import LayerLine
from fineview.core.report import GridEntry
from fineview.core.study import Catalogue, FrameInfo, Laterality, Study
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.panels.thickness import Thickness
from fineview.gui.theme import apply_theme
from fineview.services.grid_entry import entries_of
from fineview.services.workbench import Workbench
from tests.gui import scene

Settle = Callable[[Callable[[], bool]], None]
FRAMES = 17
# 119 steps of 0.06 mm along, 16 of 0.45 mm across, rows of 10 um, 100 localizer pixels of 0.08 mm.
OWN = Spacing(0.01, 0.06, 0.45, ScaleSource.CALIBRATED)
MAKER = Device("Maker", "One", "1.0")


class Visits(scene.ArrayArchive):
    """2024: 300 um.  2025: 340 um.  The other eye: 310 um.  A visit by another maker.  A file without lines."""

    rows = {"now": (10, 44), "then": (10, 40), "left": (10, 41), "zeiss": (10, 40), "bare": None}

    def scan(self, paths: object, token: object) -> Iterator[Catalogue]:
        found = scene.catalogue()
        now = self._study(found.studies[0], "now", "20250301")
        left = self._study(found.studies[0], "left", "20250301", side="L").series
        others = (self._study(now, "then", "20240301"), self._study(now, "zeiss", "20230301", Device("Zeiss", "C")),
                  self._study(now, "bare", "20220301"))
        yield replace(found, studies=(replace(now, series=(*now.series, *left)), *others))

    def _study(self, like: Study, name: str, date: str, device: Device = MAKER, side: str = "R") -> Study:
        volume, photo = like.series[:2]
        lines = [((9.0, 8.0 + 5.2 * i), (99.0, 8.0 + 5.2 * i)) for i in range(FRAMES)]
        frames = tuple(FrameInfo(f"{name}.dcm", i, name, rows=scene.ROWS, cols=scene.COLS, spacing=OWN,
                                 scan_line=line) for i, line in enumerate(lines))
        picture = replace(photo.frames[0], spacing=Spacing(0.08, 0.08, None, ScaleSource.CALIBRATED))
        eye = Laterality(side, "header")  # type: ignore[arg-type]
        return replace(like, uid=f"study {name}", date=date, series=(
            replace(volume, uid=name, frames=frames, spacing=OWN, device=device, laterality=eye,
                    localizer_uid=f"photo {name}"),
            replace(photo, uid=f"photo {name}", frames=(picture,), laterality=eye)))

    def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
        found = self.rows[frame.path.removesuffix(".dcm")]
        named = zip(("ILM", "BM"), found or (), strict=False)
        return tuple(LayerLine(name, np.full(scene.COLS, row, np.float32), "file", "Maker 1.0") for name, row in named)


@pytest.fixture
def bench(qtbot: QtBot, qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    monkeypatch.setattr(scene, "ArrayArchive", Visits)
    mailbox = Mailbox()
    made = scene.workbench(mailbox.post, tmp_path)
    yield made
    made.close()
    made.annotate._journal.close()
    mailbox.deleteLater()


@pytest.fixture
def window(bench: Workbench, qapp: object, settle: Settle) -> Iterator[MainWindow]:
    apply_theme(qapp, "dark")
    made = MainWindow(bench, first_run=False)
    made.resize(1280, 800)
    made.show()
    bench.open.sample()
    settle(lambda: bench.session.raster is not None and not bench.session.progress)
    made.tabs.setCurrentWidget(made.thickness)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def panel(window: MainWindow) -> Thickness:
    return window.thickness


def compared(bench: Workbench) -> bool:
    now = bench.session.thickness
    return now is not None and now.change is not None and not bench.session.progress


def choose(panel: Thickness, words: str) -> None:
    next(one for one in panel.against.menu.actions() if words in one.text()).trigger()


def table(panel: Thickness) -> dict[str, tuple[str, ...]]:
    cells = [[panel.changes.item(row, column).text() for column in range(5)] for row in range(10)]
    return {name: tuple(rest) for name, *rest in cells}


def test_one_click_to_the_map_of_the_change(panel: Thickness, bench: Workbench, settle: Settle) -> None:
    assert panel.against.first.text() == "Compare with 2024-03-01" and panel.parts.isHidden()
    panel.against.first.click()
    settle(lambda: compared(bench))
    told = table(panel)
    sides = ("nasal", "superior", "temporal", "inferior")
    fields = {"centre", *(f"{ring} {side}" for ring in ("inner", "outer") for side in sides)}
    assert {name: told[name] for name in fields} == dict.fromkeys(fields, ("300", "340", "+40", "+13"))
    # 0.30 and 0.34 mm over a disc of 3 mm radius.
    assert told["volume, mm\u00b3"] == ("8.48", "9.61", "+1.13", "+13")
    assert "300 \u2192 340 \u00b5m: +40 \u00b5m (+13 %)" in panel.headline.text().replace("\u00a0", " ")
    assert panel.picture.change.isChecked() and panel.table.isHidden() and not panel.changes.isHidden()
    assert (panel.picture.low.text(), panel.picture.high.text()) == ("\u221250", "+50 \u00b5m")
    words = panel.words.text()
    assert "then: 2024-03-01, right eye (OD), Maker One, software 1.0; ILM to BM, lines by Maker 1.0" in words
    assert "two scans of an unchanged eye differ" in words.lower() and "uncertain" in panel.laid.text()
    assert panel.map.overlay.empty is False


def test_everything_fits_into_a_small_window(panel: Thickness, bench: Workbench, settle: Settle) -> None:
    panel.against.first.click()
    settle(lambda: compared(bench))
    room = panel.viewport().width()
    assert panel.widget().minimumSizeHint().width() <= room and panel.widget().width() == room
    widths = [panel.changes.columnWidth(column) for column in range(5) if not panel.changes.isColumnHidden(column)]
    assert sum(widths) <= panel.changes.viewport().width()
    longest = panel.changes.fontMetrics().horizontalAdvance("outer temporal")
    assert widths[0] >= longest


def test_the_switch_and_the_way_back(panel: Thickness, bench: Workbench, settle: Settle) -> None:
    panel.against.first.click()
    settle(lambda: compared(bench))
    panel.picture.thickness.click()
    assert panel.picture.high.text() == "500 \u00b5m"
    panel.picture.change.click()
    assert panel.picture.high.text() == "+50 \u00b5m"
    panel.against.alone.click()
    assert bench.session.thickness is not None and bench.session.thickness.compared is None
    settle(lambda: panel.picture.high.text() == "500 \u00b5m")
    assert not panel.table.isHidden() and panel.changes.isHidden()
    assert not panel.against.first.isHidden()


def test_a_moved_grid_is_compared_again(panel: Thickness, bench: Workbench, settle: Settle) -> None:
    panel.against.first.click()
    settle(lambda: compared(bench))
    bench.thickness.move_centre((5.4, 4.0))
    settle(lambda: table(panel)["outer nasal"][1] == "\u2013")
    told = table(panel)
    # Nothing but the grids' centres aligns the two: the earlier one's stays in the middle of its scan.
    assert told["outer nasal"] == ("300", "\u2013", "\u2013", "\u2013") and told["centre"][2] == "+40"
    assert panel.picture.change.isChecked()


def test_other_makers_get_a_sentence_and_no_number(panel: Thickness, bench: Workbench, settle: Settle) -> None:
    choose(panel, "2023-03-01")
    settle(lambda: compared(bench))
    assert "different makers: Zeiss C; Maker One" in panel.apart.text() and not panel.apart.isHidden()
    assert table(panel)["centre"] == ("300", "340", "\u2013", "\u2013")
    assert "+" not in panel.headline.text() and panel.picture._switch.isHidden()
    assert panel.picture.high.text() == "500 \u00b5m"


def test_a_volume_without_lines_says_so_and_the_shown_one_stays(panel: Thickness, bench: Workbench, settle: Settle
                                                               ) -> None:
    choose(panel, "2022-03-01")
    settle(lambda: bench.session.thickness is not None and bench.session.thickness.apart is not None)
    assert "holds no layer lines" in panel.apart.text() and "model's lines" in panel.apart.text()
    assert not panel.table.isHidden() and "340" in panel.headline.text()


def test_the_other_eye_is_offered_last_and_named(panel: Thickness, bench: Workbench, settle: Settle) -> None:
    offered = [one.text() for one in panel.against.menu.actions() if one.text()]
    assert "the other eye: left eye (OS), mirrored" in offered[-1] and offered[0].startswith("2024-03-01 (earlier)")
    choose(panel, "the other eye")
    settle(lambda: compared(bench))
    assert panel.picture.change.text() == "Difference" and table(panel)["inner nasal"] == ("310", "340", "+30", "+10")
    assert panel.changes.horizontalHeaderItem(1).text() == "OS" and "no change in time" in panel.words.text()


def test_a_file_that_does_not_name_the_eye_is_offered_nothing(panel: Thickness, bench: Workbench) -> None:
    session = bench.session
    assert session.series is not None
    session.series = replace(session.series, laterality=Laterality())
    session.pulse()
    assert bench.thickness.compare.choices() == ()


def entry(bench: Workbench) -> GridEntry:
    return entries_of(bench.session.kept_grids)[0]


def test_the_comparison_enters_and_leaves_the_report_with_the_grid(panel: Thickness, bench: Workbench, settle: Settle
                                                                   ) -> None:
    panel.against.first.click()
    settle(lambda: compared(bench))
    panel.report.click()
    settle(lambda: panel.report.isChecked())
    told = entry(bench).change
    assert told is not None and told.field("centre").change_um == pytest.approx(40.0, abs=0.01)
    held = entry(bench).change_map
    assert held is not None and np.nanmax(held.open().values) == pytest.approx(40.0, abs=0.06)
    bench.open.close_study()
    settle(lambda: bench.session.study is None)
    bench.open.sample()
    settle(lambda: bool(bench.session.kept_grids) and bench.session.raster is not None and not bench.session.progress)
    panel.measure.click()
    settle(lambda: bench.session.thickness is not None and bench.session.thickness.made is not None)
    # Measured as before: what was signed stays, though nothing was compared again.
    assert entry(bench).change == told
    panel.against.first.click()
    settle(lambda: compared(bench))
    panel.against.alone.click()
    settle(lambda: entry(bench).change is None)
    assert panel.report.isChecked() and entry(bench).change_map is None


def test_a_key_compares_with_the_visit_before(window: MainWindow, panel: Thickness, bench: Workbench, settle: Settle
                                              ) -> None:
    window.tabs.setCurrentWidget(window.chat)
    window.desk.compare_thickness()
    settle(lambda: compared(bench))
    assert window.tabs.currentWidget() is panel and table(panel)["centre"][2] == "+40"


def test_a_key_with_nothing_to_compare_says_so(window: MainWindow, bench: Workbench) -> None:
    session = bench.session
    session.catalogue = replace(session.catalogue, studies=(replace(session.catalogue.studies[0],
                                                                    series=session.catalogue.studies[0].series[:2]),))
    window.desk.compare_thickness()
    assert "no other volume" in session.notices[-1].what
