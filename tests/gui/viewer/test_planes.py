"""Three planes in the real window over the real application: a click in one, and the others and the frame follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fineview.app import App
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.rehearsal import wait
from fineview.gui.theme import apply_theme
from fineview.gui.viewer.plane_canvas import PlaneCanvas
from fineview.services.plane_view import PlanesView
from tests.formats.made import as_bytes, image
from tests.gui.viewer.test_gestures import at, drag

ROWS, COLS = 20, 24
CORNER = (-12.0, -10.0)


def write(folder: Path, heights: list[float]) -> None:
    """Axial slices of 1 mm pixels; each pixel is 100 + 10 times its height, and one more for each column."""
    for number, z in enumerate(heights):
        pixels = np.tile(np.arange(COLS, dtype="<u2"), (ROWS, 1)) + np.uint16(100 + 10 * z)
        made = image(sop=f"1.2.3.4.{number + 1}", InstanceNumber=number + 1, Rows=ROWS, Columns=COLS,
                     ImagePositionPatient=[*CORNER, z], ImageOrientationPatient=[1, 0, 0, 0, 1, 0], PixelSpacing=[1, 1],
                     PixelData=pixels.tobytes(), SeriesDescription="t1")
        (folder / f"{number:03}").write_bytes(as_bytes(made))


class Reader:
    """A person before the window with the series open."""

    def __init__(self, qtbot: QtBot, window: MainWindow) -> None:
        self.qtbot, self.window = qtbot, window
        self.session, self.room = window.desk.bench.session, window.viewer.planes

    def opens(self, folder: Path) -> None:
        self.window.desk.bench.open.paths([folder])
        self.wait(lambda: self.session.raster is not None and not self.session.progress)

    def wait(self, until) -> None:  # type: ignore[no-untyped-def]
        wait(until, 60)
        self.window.binder.update_now()

    def planes(self) -> tuple[PlaneCanvas, PlaneCanvas, PlaneCanvas]:
        self.window.bar.actions["planes"].trigger()
        self.settle()
        axial, coronal, sagittal = self.room.canvases
        return axial, coronal, sagittal

    def settle(self) -> PlanesView:
        """Until the pictures are those through the point."""
        self.wait(lambda: self.session.planes is not None and bool(self.session.planes.pictures) and all(
            abs((np.array(self.session.planes.point_mm) - one.cut.place.corner_mm) @ one.cut.plane.normal) < 1e-6
            for one in self.session.planes.pictures))
        assert self.session.planes is not None
        return self.session.planes


@pytest.fixture
def reader(qtbot: QtBot, qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.setenv("FINEVIEW_DATA", str(tmp_path / "data"))
    apply_theme(qapp, "dark")
    app, mailbox = App(device="cpu", data_dir=tmp_path / "store"), Mailbox()
    bench = app.workbench(mailbox.post)
    window = MainWindow(bench, first_run=False)
    window.resize(1600, 1000)
    window.show()
    yield Reader(qtbot, window)
    window.close()
    bench.close()
    app.close()
    window.deleteLater()
    mailbox.deleteLater()


def test_a_click_in_one_plane_moves_the_others_and_the_frame(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "mr").mkdir()
    write(tmp_path / "mr", [2.0 * k for k in range(10)])
    reader.opens(tmp_path / "mr")
    qtbot, canvas = reader.qtbot, reader.window.viewer.canvas
    axial, coronal, sagittal = reader.planes()
    assert all(one.isVisible() for one in (canvas, axial, coronal, sagittal))
    assert axial.markers == ("R", "A", "L", "P") and coronal.markers == ("R", "H", "L", "F")
    assert axial.top_lines == ("Axial  H 10.0 mm", "reformatted from 10 slices", "linear, 1 mm")
    # Coronal: 19 rows from z = 18 down to 0.  The fifth row is z = 14, the eighth column x = -5.
    qtbot.mouseClick(coronal, Qt.MouseButton.LeftButton, pos=at(coronal, 7.5, 4.5))
    view = reader.settle()
    # A pixel of the screen is a fraction of one of the picture's.
    assert view.point_mm == pytest.approx((-5, 0, 14), abs=0.1)
    assert reader.session.index == 7 and reader.window.viewer.frames._slider.value() == 7
    assert view.pictures[0].cut.pixels[0, 3] == pytest.approx(100 + 140 + 3, abs=1)
    assert view.pictures[2].cut.pixels[4, 0] == pytest.approx(100 + 140 + 7, abs=1)
    # The coronal and the sagittal plane cut through the axial frame along its row 10 and its column 7.
    lines = reader.room.lines
    assert [np.sort(np.array(line), axis=0).ravel().tolist() for line in lines._lines] == [
        pytest.approx([0, 10.5, 24, 10.5], abs=0.1), pytest.approx([7.5, 0, 7.5, 20], abs=0.1)]
    assert lines.isVisible() and lines.geometry() == canvas.rect()
    assert lines._cross == pytest.approx((7.5, 10.5), abs=0.1)
    # Dragging in the axial plane: column 20, row 3.
    drag(qtbot, axial, (7.5, 10.5), (15.0, 6.0), (20.5, 3.5))
    assert reader.settle().point_mm == pytest.approx((8, -7, 14), abs=0.1)
    assert sagittal.cross == pytest.approx((3.5, 4.5), abs=0.1)
    # A click on the acquired frame, and a turn of the wheel over the axial plane: one slice.
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=at(canvas, 2.5, 18.5))
    assert reader.settle().point_mm == pytest.approx((-10, 8, 14), abs=0.1)
    turn(axial, -120)
    assert reader.settle().point_mm[2] == pytest.approx(16, abs=0.1) and reader.session.index == 8
    qtbot.keyClick(sagittal, Qt.Key.Key_Up)
    assert reader.settle().point_mm[2] == pytest.approx(17, abs=0.1)


def turn(canvas: PlaneCanvas, delta: int) -> None:
    middle = QPointF(canvas.rect().center())
    QApplication.sendEvent(canvas, QWheelEvent(
        middle, canvas.mapToGlobal(middle), QPoint(), QPoint(0, delta), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False))


def test_the_window_is_shared_and_values_are_told(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "mr").mkdir()
    write(tmp_path / "mr", [2.0 * k for k in range(10)])
    reader.opens(tmp_path / "mr")
    axial, coronal, _ = reader.planes()
    before = reader.settle().pictures[1].image
    drag(reader.qtbot, coronal, (3, 3), (20, 3), (20, 12), button=Qt.MouseButton.RightButton)
    wished = reader.session.view.window
    assert wished is not None
    reader.wait(lambda: reader.session.planes is not None and reader.session.planes.pictures[1].window == wished)
    assert reader.session.planes is not None and not np.array_equal(reader.session.planes.pictures[1].image, before)
    assert axial.bottom_lines[1] == coronal.bottom_lines[1] == reader.window.viewer.canvas.bottom_lines[2]
    coronal.hovered.emit((7.5, 4.5))
    assert reader.window.viewer._pixel.text() == f"{100 + 140 + 7}, interpolated"


def test_one_plane_alone_and_back_to_the_frame(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "mr").mkdir()
    write(tmp_path / "mr", [0, 2, 4, 6, 12, 14])
    reader.opens(tmp_path / "mr")
    viewer = reader.window.viewer
    assert viewer._faults.text() == "2 slices seem to be missing between slices 4 and 5; the others are 2 mm apart."
    assert viewer._faults.isVisible()
    axial, coronal, sagittal = reader.planes()
    assert reader.window.bar.actions["planes"].isChecked()
    reader.qtbot.mouseDClick(coronal, Qt.MouseButton.LeftButton, pos=coronal.rect().center())
    assert [one.isVisible() for one in (viewer.canvas, axial, coronal, sagittal)] == [False, False, True, False]
    reader.qtbot.mouseDClick(coronal, Qt.MouseButton.LeftButton, pos=coronal.rect().center())
    assert all(one.isVisible() for one in (viewer.canvas, axial, coronal, sagittal))
    reader.window.bar.actions["planes"].trigger()
    reader.window.binder.update_now()
    assert [one.isVisible() for one in (viewer.canvas, axial, coronal, sagittal)] == [True, False, False, False]
    assert not reader.room.lines.isVisible() and reader.session.planes is None
    assert not reader.window.bar.actions["planes"].isChecked()


def test_a_series_that_is_no_volume_says_why(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "mr").mkdir()
    write(tmp_path / "mr", [0, 2])
    reader.opens(tmp_path / "mr")
    reader.window.bar.actions["planes"].trigger()
    reader.window.binder.update_now()
    assert reader.session.planes is None
    assert [one.what for one in reader.session.notices][-1] == \
        "This series has no other planes. Only 2 slices: too few for a volume."


def test_cancel_while_reading_goes_back_to_the_frame(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "mr").mkdir()
    write(tmp_path / "mr", [2.0 * k for k in range(10)])
    reader.opens(tmp_path / "mr")
    reader.window.bar.actions["planes"].trigger()
    reader.window.desk.bench.cancel("volume")
    reader.window.binder.update_now()
    assert reader.session.planes is None and "volume" not in reader.session.progress
    assert [one.isVisible() for one in reader.room.canvases] == [False, False, False]
    assert reader.window.viewer.canvas.isVisible()


def test_planes_take_the_room_of_the_panes_until_another_layout_is_chosen(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "mr").mkdir()
    write(tmp_path / "mr", [2.0 * k for k in range(10)])
    reader.opens(tmp_path / "mr")
    bench, viewer = reader.window.desk.bench, reader.window.viewer
    bench.panes.layout("1x2")
    reader.window.binder.update_now()
    beside = viewer.grid.neighbours[1]
    assert beside.isVisible()
    axial, *_ = reader.planes()
    reader.window.binder.update_now()
    assert axial.isVisible() and not beside.isVisible()
    reader.window.bar.actions["planes"].trigger()
    reader.window.binder.update_now()
    assert not axial.isVisible() and beside.isVisible()
    reader.planes()
    bench.panes.layout("2x2")
    reader.window.binder.update_now()
    assert reader.session.planes is None and not axial.isVisible() and beside.isVisible()
    reader.planes()
    actions = reader.window.bar.actions
    assert [actions[name].isChecked() for name in ("planes", "layout-1x1", "layout-2x2")] == [True, False, False]
    actions["layout-2x2"].trigger()
    reader.window.binder.update_now()
    assert [actions[name].isChecked() for name in ("planes", "layout-1x1", "layout-2x2")] == [False, False, True]
    actions["layout-1x1"].trigger()
    reader.planes()
    actions["layout-1x1"].trigger()  # one picture was the layout before: it is still no dead button
    reader.window.binder.update_now()
    assert reader.session.planes is None and actions["layout-1x1"].isChecked()
