"""The panel over a volume whose file holds flat lines: numbers, jumps, a dragged centre, what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.image import Raster
from fineview.core.layers import LayerLine
from fineview.core.report import GridEntry
from fineview.core.study import Catalogue, FrameInfo, FrameKey
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.panels.thickness import Thickness
from fineview.gui.theme import apply_theme
from fineview.services.grid_entry import entries_of
from fineview.services.workbench import Workbench
from tests.gui import scene

Settle = Callable[[Callable[[], bool]], None]
FRAMES = 17
# 119 steps of 0.054 mm along, 16 of 0.4 mm across: 6.43 x 6.4 mm, 100 localizer pixels of 0.08 mm.
OWN = Spacing(0.01, 0.054, 0.4, ScaleSource.CALIBRATED)


class Lined(scene.ArrayArchive):
    """The small study with a volume of 17 B-scans; ILM at row 10, BM at row 40: 300 um."""

    def scan(self, paths: object, token: object) -> Iterator[Catalogue]:
        found = scene.catalogue()
        volume, photo = found.studies[0].series
        lines = [((9.8, 10.0 + 5.0 * i), (90.1, 10.0 + 5.0 * i)) for i in range(FRAMES)]
        frames = tuple(FrameInfo("scan.dcm", i, "1.2.1", rows=scene.ROWS, cols=scene.COLS, spacing=OWN, scan_line=line)
                       for i, line in enumerate(lines))
        picture = replace(photo.frames[0], spacing=Spacing(0.08, 0.08, None, ScaleSource.CALIBRATED))
        study = replace(found.studies[0], series=(replace(volume, frames=frames, spacing=OWN),
                                                  replace(photo, frames=(picture,))))
        yield replace(found, studies=(study, *found.studies[1:]))

    def read_layers(self, frame: FrameInfo) -> tuple[LayerLine, ...]:
        return tuple(LayerLine(name, np.full(scene.COLS, row, np.float32), "file", "Spectralis 6.0")
                     for name, row in (("ILM", 10), ("RPE", 36), ("BM", 40)))


@pytest.fixture
def bench(qtbot: QtBot, qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    monkeypatch.setattr(scene, "ArrayArchive", Lined)
    mailbox = Mailbox()
    made = scene.workbench(mailbox.post, tmp_path)
    yield made
    made.close()
    made.annotate._journal.close()
    mailbox.deleteLater()


@pytest.fixture
def window(qtbot: QtBot, qapp: object, bench: Workbench, settle: Settle
           ) -> Iterator[MainWindow]:
    apply_theme(qapp, "dark")
    made = MainWindow(bench, first_run=False)
    made.resize(1600, 1000)
    made.show()
    bench.open.sample()
    settle(lambda: bench.session.raster is not None and not bench.session.progress)
    made.tabs.setCurrentWidget(made.thickness)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def panel(window: MainWindow, bench: Workbench, settle: Settle) -> Thickness:
    window.thickness.measure.click()
    settle(lambda: bench.session.thickness is not None and bench.session.thickness.made is not None
           and not bench.session.progress)
    return window.thickness


def told(panel: Thickness) -> dict[str, str]:
    return {panel.table.item(row, 0).text(): panel.table.item(row, 1).text() for row in range(9)}


def mouse(panel: Thickness, kind: QEvent.Type, at: QPointF, held: bool,
          keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    left = Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseMove else left
    buttons = left if held else Qt.MouseButton.NoButton
    QApplication.sendEvent(panel.map, QMouseEvent(kind, at, panel.map.mapToGlobal(at), button, buttons, keys))


def on_map(panel: Thickness, x_px: float, y_px: float) -> QPointF:
    """A point of the localizer on the widget."""
    return panel.map.placement.to_screen((x_px, y_px))


def test_nine_numbers_with_their_names_and_provenance(panel: Thickness) -> None:
    sides = ("nasal", "superior", "temporal", "inferior")
    rings = {f"{ring} {side}": "300 \u00b5m" for ring in ("inner", "outer") for side in sides}
    assert told(panel) == {"centre": "300 \u00b5m"} | rings
    # 0.3 mm over a disc of 3 mm radius.
    assert f"volume {0.3 * math.pi * 9:.2f} mm" in panel.headline.text() and "300 \u00b5m" in panel.headline.text()
    assert "Spectralis 6.0 (from the file), scale calibrated" in panel.words.text()
    assert panel.map.overlay.empty is False and panel.picture.high.text() == "500 \u00b5m"


def test_before_anything_was_measured(window: MainWindow) -> None:
    assert window.thickness.parts.isHidden() and "Measure the thickness" in window.thickness.empty.text()


def test_keys_measure_and_begin_to_correct(window: MainWindow, bench: Workbench, settle: Settle) -> None:
    window.tabs.setCurrentWidget(window.chat)
    window.desk.thickness()
    settle(lambda: bench.session.thickness is not None and bench.session.thickness.made is not None)
    assert window.tabs.currentWidget() is window.thickness and window.thickness.parts.isVisible()
    window.desk.correct_lines()
    assert window.thickness.lines.editor.isVisible() and window.thickness.lines.editor.on
    window.desk.correct_lines()
    assert not window.thickness.lines.editor.isVisible()


def test_another_pair_of_lines(panel: Thickness, bench: Workbench, settle: Settle) -> None:
    panel.outer.setCurrentIndex(panel.outer.findData("RPE"))
    panel.outer.activated.emit(panel.outer.currentIndex())
    settle(lambda: bench.session.thickness is not None and bench.session.thickness.pair == ("ILM", "RPE"))
    assert told(panel)["centre"] == "260 \u00b5m"


def test_a_click_goes_to_the_b_scan_and_its_column(panel: Thickness, bench: Workbench, window: MainWindow) -> None:
    at = on_map(panel, 9.8 + 80.3 * 30 / 119, 10.0 + 5 * 12 + 0.4)
    mouse(panel, QEvent.Type.MouseButtonPress, at, True)
    mouse(panel, QEvent.Type.MouseButtonRelease, at, False)
    assert bench.session.index == 12
    assert window.viewer.canvas.pointer == (30.5, scene.ROWS / 2)


def test_with_shift_held_the_b_scan_follows_the_mouse(panel: Thickness, bench: Workbench) -> None:
    mouse(panel, QEvent.Type.MouseMove, on_map(panel, 30, 10 + 5 * 3), False)
    assert bench.session.index == FRAMES // 2
    for frame in (3, 4, 9):
        mouse(panel, QEvent.Type.MouseMove, on_map(panel, 30, 10 + 5 * frame), False, Qt.KeyboardModifier.ShiftModifier)
        assert bench.session.index == frame


def test_the_centre_is_dragged_and_a_field_outside_is_not_covered(
        panel: Thickness, bench: Workbench, settle: Settle) -> None:
    before = bench.session.thickness
    centre = (49.95, 50.0)
    mouse(panel, QEvent.Type.MouseButtonPress, on_map(panel, *centre), True)
    mouse(panel, QEvent.Type.MouseMove, on_map(panel, 60, 50), True)
    mouse(panel, QEvent.Type.MouseButtonRelease, on_map(panel, 62.5, 50), False)
    settle(lambda: bench.session.thickness is not before)
    # 12.5 px of 0.08 mm: the grid reaches 0.8 mm beyond the scan.
    assert bench.session.thickness.made.grid.centre_mm == pytest.approx((5.0, 4.0), abs=0.02)  # type: ignore[union-attr]
    assert told(panel)["outer nasal"] == "not covered" and told(panel)["outer temporal"] == "300 \u00b5m"
    assert "volume not covered" in panel.headline.text() and "the person's choice" in panel.words.text()
    panel.recentre.click()
    settle(lambda: "volume not" not in panel.headline.text())
    assert told(panel)["outer nasal"] == "300 \u00b5m"


def test_the_slab_from_the_front(panel: Thickness, bench: Workbench, settle: Settle) -> None:
    bench.thickness.ground("mean")
    settle(lambda: bench.session.thickness is not None and bench.session.thickness.en_face is not None)
    # Every B-scan is as bright as its number there: the slab darkens from the last to the first.
    pixels = bench.session.thickness.en_face.pixels  # type: ignore[union-attr]
    assert pixels[0].max() < 20 and pixels[-1].min() > 235


def test_the_cursor_on_the_b_scan_shows_on_the_fundus(panel: Thickness, window: MainWindow) -> None:
    window.viewer.canvas.hovered.emit((60.0, 20.0))
    # Column 59.5 is the middle of the line.
    assert panel.map.pointer == pytest.approx((49.95, 50.0))
    window.viewer.canvas.hovered.emit(None)
    assert panel.map.pointer is None


def entries(bench: Workbench) -> tuple[GridEntry, ...]:
    return entries_of(bench.session.kept_grids)


def test_the_grid_goes_into_the_report_when_a_person_says_so(panel: Thickness, bench: Workbench, settle: Settle
                                                            ) -> None:
    assert entries(bench) == ()
    panel.report.click()
    settle(lambda: bool(entries(bench)) and panel.report.isChecked())
    (entry,) = entries(bench)
    assert (entry.grid.field("centre").words, entry.frame_number) == ("300 \u00b5m", 9)
    assert entries_of(bench.annotate._journal.grids("study-1")) == (entry,)
    assert bench.session.undo_name == "Undo: put the grid into the report"
    panel.map.centre_moved.emit((5.0, 4.0))
    settle(lambda: entries(bench)[0].grid.centre_mm == (5.0, 4.0))
    settle(lambda: entries_of(bench.annotate._journal.grids("study-1")) == entries(bench))
    panel.report.click()
    settle(lambda: entries(bench) == () and not panel.report.isChecked())


def test_a_moved_grid_and_a_tick_are_undone_and_redone(panel: Thickness, bench: Workbench, settle: Settle) -> None:
    def centre() -> tuple[float, float]:
        now = bench.session.thickness
        assert now is not None and now.made is not None
        return now.made.grid.centre_mm

    first = centre()
    panel.map.centre_moved.emit((5.0, 4.0))
    settle(lambda: centre() == (5.0, 4.0))
    assert bench.session.undo_name == "Undo: move the grid"
    panel.report.click()
    settle(lambda: panel.report.isChecked())
    bench.annotate.undo()
    settle(lambda: not panel.report.isChecked())
    bench.annotate.undo()
    settle(lambda: centre() == first)
    assert bench.session.kept_grids == () and bench.annotate._journal.grids("study-1") == ()
    bench.annotate.redo()
    bench.annotate.redo()
    settle(lambda: centre() == (5.0, 4.0) and panel.report.isChecked())


def test_tick_and_centre_are_there_when_the_study_is_opened_again(panel: Thickness, bench: Workbench, settle: Settle
                                                                  ) -> None:
    panel.map.centre_moved.emit((5.0, 4.0))
    settle(lambda: bench.session.thickness.made.grid.centre_mm == (5.0, 4.0))  # type: ignore[union-attr]
    panel.report.click()
    settle(lambda: panel.report.isChecked())
    before = entries(bench)
    bench.open.close_study()
    settle(lambda: bench.session.study is None)
    assert bench.session.kept_grids == ()
    bench.open.sample()
    settle(lambda: bool(bench.session.kept_grids) and bench.session.raster is not None and not bench.session.progress)
    assert entries(bench) == before and panel.parts.isHidden()
    panel.measure.click()
    settle(lambda: bench.session.thickness is not None and bench.session.thickness.made is not None)
    assert bench.session.thickness.made.grid.centre_mm == (5.0, 4.0)  # type: ignore[union-attr]
    settle(lambda: panel.report.isChecked())


def test_a_tick_that_cannot_be_kept_goes_away_and_is_told(panel: Thickness, bench: Workbench, settle: Settle
                                                          ) -> None:
    bench.annotate._journal.close()
    panel.report.click()
    settle(lambda: bool(bench.session.notices))
    settle(lambda: not panel.report.isChecked())
    assert "Not saved" in bench.session.notices[-1].what and entries(bench) == ()


def test_a_photograph_has_no_thickness_and_the_volume_keeps_its_own(
        panel: Thickness, window: MainWindow, bench: Workbench, settle: Settle) -> None:
    tab = window.tabs.indexOf(panel)
    assert window.tabs.isTabVisible(tab)
    bench.open.show_series("photo")
    settle(lambda: bench.session.thickness is None)
    assert panel.parts.isHidden() and not panel.measure.isEnabled() and not window.tabs.isTabVisible(tab)
    assert window.tabs.currentWidget() is window.chat
    bench.open.show_series("scan")
    settle(lambda: bench.session.thickness is not None)
    assert told(panel)["centre"] == "300 \u00b5m"


def test_where_neither_file_nor_model_draws_lines(bench: Workbench, window: MainWindow, monkeypatch: pytest.MonkeyPatch,
                                                  settle: Settle) -> None:
    monkeypatch.setattr(Lined, "read_layers", lambda self, frame: ())
    window.thickness.measure.click()
    settle(lambda: bench.session.thickness is not None and not bench.session.progress)
    assert window.thickness.empty.text() == "There are no weights. Install them."


def drag_line(window: MainWindow, column: int, row: float, to_row: float) -> None:
    canvas = window.viewer.canvas
    begin, end = (canvas.placement.to_screen((column + 0.5, r)) for r in (row, to_row))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, at, button, buttons in ((QEvent.Type.MouseButtonPress, begin, left, left),
                                      (QEvent.Type.MouseMove, end, none, left),
                                      (QEvent.Type.MouseButtonRelease, end, left, none)):
        QApplication.sendEvent(canvas, QMouseEvent(kind, at, canvas.mapToGlobal(at), button, buttons,
                                                   Qt.KeyboardModifier.NoModifier))


def middle_um(bench: Workbench) -> float:
    """Thickness of the A-scan at column 60 of the shown B-scan."""
    made = bench.session.thickness.made  # type: ignore[union-attr]
    return float(made.values_um[bench.session.index, 60])  # type: ignore[union-attr]


def test_a_dragged_knot_changes_the_map_and_undo_restores_it(panel: Thickness, bench: Workbench, window: MainWindow,
                                                             settle: Settle) -> None:
    panel.lines.on.setChecked(True)
    drag_line(window, 60, 40.0, 45.0)
    settle(lambda: middle_um(bench) > 301)
    # 35 rows of 10 um; half way of the reach of 32 columns the line has gone half as far.
    assert middle_um(bench) == pytest.approx(350.0, abs=0.5)
    values = bench.session.thickness.made.values_um[FRAMES // 2]  # type: ignore[union-attr]
    assert values[60 + 16] == pytest.approx(325.0, abs=0.5) and values[0] == pytest.approx(300.0, abs=0.01)
    assert "1 B-scan edited by hand" in panel.words.text()
    assert bench.session.undo_name == f"Undo: move BM on frame {FRAMES // 2 + 1}"
    stored = bench.annotate._journal.layer_copies("study-1")
    assert [(one.name, one.author, one.begun_from) for one in stored] == [("BM", "A. Reader", "Spectralis 6.0")]
    bench.annotate.undo()
    settle(lambda: middle_um(bench) < 301)
    assert told(panel)["centre"] == "300 \u00b5m" and bench.annotate._journal.layer_copies("study-1") == ()
    bench.annotate.redo()
    settle(lambda: middle_um(bench) > 301)
    panel.lines.restore[1].click()
    settle(lambda: middle_um(bench) < 301)
    assert bench.session.undo_name.startswith("Undo: restore BM")


def test_the_wheel_over_a_choice_changes_nothing(panel: Thickness) -> None:
    assert panel.inner.count() == 3
    middle, none = QPointF(panel.inner.rect().center()), Qt.MouseButton.NoButton
    turn = QWheelEvent(middle, panel.inner.mapToGlobal(middle), QPoint(), QPoint(0, -120), none,
                       Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(panel.inner, turn)
    assert panel.inner.currentData() == "ILM"


def test_a_line_is_drawn_once_while_it_is_corrected(panel: Thickness, bench: Workbench, window: MainWindow,
                                                    settle: Settle) -> None:
    bench.explain.set(lines=True)
    settle(lambda: bool(bench.session.lines))
    window.binder.update_now()
    both, canvas = frozenset({"ILM", "BM"}), window.viewer.canvas
    before = canvas.grab().toImage()
    panel.lines.on.setChecked(True)
    assert canvas.layer_lines._left_out == both and panel.lines.editor.isVisible()
    panel.lines.on.setChecked(False)
    assert canvas.layer_lines._left_out == frozenset() and canvas.grab().toImage() == before


def test_beside_the_line_the_canvas_keeps_its_mouse(panel: Thickness, bench: Workbench, window: MainWindow) -> None:
    panel.lines.on.setChecked(True)
    before = bench.session.view.window
    drag_line(window, 60, 25.0, 30.0)
    assert bench.session.layer_copies == () and bench.session.view.window != before
    panel.lines.on.setChecked(False)
    drag_line(window, 60, 40.0, 45.0)
    assert not bench.jobs.busy("journal") and bench.session.layer_copies == ()


def test_corrected_lines_are_there_again_when_the_study_is_opened_again(
        panel: Thickness, bench: Workbench, window: MainWindow, settle: Settle) -> None:
    panel.lines.on.setChecked(True)
    drag_line(window, 60, 40.0, 45.0)
    settle(lambda: middle_um(bench) > 301)
    bench.open.close_study()
    settle(lambda: bench.session.study is None)
    assert bench.session.layer_copies == ()
    bench.open.sample()
    settle(lambda: bool(bench.session.layer_copies) and bench.session.raster is not None and not bench.session.progress)
    panel.measure.click()
    settle(lambda: bench.session.thickness is not None and bench.session.thickness.made is not None)
    assert middle_um(bench) == pytest.approx(350.0, abs=0.5)


def test_the_map_lies_on_its_own_localizer_whatever_stands_beside_the_volume(panel: Thickness, bench: Workbench,
                                                                             settle: Settle) -> None:
    """The scan lines are told in pixels of that picture alone: on another one the map would lie somewhere else."""
    session = bench.session
    volume, photo = session.study.series
    red = replace(photo, uid="red", frames=(replace(photo.frames[0], path="red.dcm", sop_uid="1.2.9"),))
    volume = replace(volume, beside=(photo.uid, "red"))
    study = replace(session.study, series=(volume, photo, red))
    session.catalogue = replace(session.catalogue, studies=(study, *session.catalogue.studies[1:]))
    session.study, session.series = study, volume
    session.rasters[FrameKey("red", 0)] = Raster(np.full((100, 100, 3), 200, np.uint8))
    panel.picture.colours.setCurrentIndex(2)  # no map, the picture below it
    panel.picture.colours.activated.emit(2)
    bench.open.beside("red")
    settle(lambda: panel.window().state.localizer.uid == "red")
    between_the_lines = on_map(panel, 36, 56).toPoint()
    assert panel.map.grab().toImage().pixelColor(between_the_lines).getRgb()[:3] == (90, 90, 90)
