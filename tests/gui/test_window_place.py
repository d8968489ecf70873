"""The window comes back where it was, on a screen that is there, and its panels as wide as they were."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from fineview.gui.main_window import MainWindow
from fineview.gui.window_place import SETTING, fitting
from fineview.services.workbench import Workbench

LEFT, RIGHT = QRect(0, 0, 1920, 1080), QRect(1920, 0, 2560, 1440)


class Kept(dict[str, str]):
    setting = dict.get

    def set_setting(self, name: str, value: str) -> None:
        self[name] = value


@pytest.mark.parametrize(("place", "screens", "expected"), [
    ((2100, 200, 1600, 1000), [LEFT, RIGHT], QRect(2100, 200, 1600, 1000)),
    ((2100, 200, 1600, 1000), [LEFT], None),  # its screen was taken away
    ((100, 100, 1600, 1000), [LEFT], QRect(100, 80, 1600, 1000)),  # hangs below the screen
    ((-1500, 40, 1600, 900), [LEFT], None),  # only its edge is to be seen
    ((-900, 40, 1600, 900), [LEFT], QRect(0, 40, 1600, 900)),
    ((1700, 40, 1600, 900), [LEFT, RIGHT], QRect(1920, 40, 1600, 900)),  # on the screen that shows most of it
    ((0, 0, 3000, 2000), [LEFT], LEFT), ((0, -400, 800, 600), [LEFT], None), (None, [LEFT], None),
    ((0, 0, 800, 600), [], None)])
def test_only_onto_screens_that_are_there(place: tuple[int, ...] | None, screens: list[QRect], expected: QRect | None
                                          ) -> None:
    assert fitting(place, screens) == expected


def opened(bench: Workbench, kept: Kept) -> MainWindow:
    window = MainWindow(bench, first_run=False, preferences=kept)
    window.restore_place()
    bench.open.sample()
    window.show()
    return window


def gone(window: MainWindow) -> None:
    window.hide()
    window.binder.close()
    window.deleteLater()


def test_place_and_widths_outlive_the_window(qtbot: QtBot, bench: Workbench, qapp: object) -> None:
    kept = Kept()
    first = opened(bench, kept)
    qtbot.waitUntil(lambda: bench.session.raster is not None and not bench.session.progress)
    first.resize(1200, 600)
    qtbot.wait(20)
    first.split.moveSplitter(150, 1)
    first.split.moveSplitter(1200 - 360, 2)
    wide = first.split.sizes()
    first.setGeometry(20, 30, 780, 560)
    first.keep_place()
    place = first.geometry()
    gone(first)
    assert json.loads(kept[SETTING])["place"] == [place.x(), place.y(), place.width(), place.height()]
    second = opened(bench, kept)
    assert second.geometry().topLeft() == fitting(place.getRect(), [QRect(0, 0, 800, 800)]).topLeft()
    # The widths are the person's, not the usual ones.
    second.resize(1200, 600)
    qtbot.wait(20)
    sizes = second.split.sizes()
    gone(second)
    assert sizes == wide


@pytest.mark.parametrize("text", ["no json", "[]", '{"place": [1, 2]}', '{"place": [0, 0, 1e9, "x"]}', '{"wide": 7}'])
def test_what_makes_no_sense_is_forgotten(bench: Workbench, qapp: object, text: str) -> None:
    window = opened(bench, Kept({SETTING: text}))
    assert window.width() >= window.minimumWidth() and window.height() >= 480
    gone(window)
