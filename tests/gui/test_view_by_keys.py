"""Looking at the picture: each way by its key, by its menu entry, and where a hand does it directly, by the mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from fineview.core.orientation import ViewTransform
from fineview.gui.actions import ACTIONS
from fineview.gui.main_window import MainWindow

ROWS = {row.id: row for row in ACTIONS}
Hand = Callable[[MainWindow, str], None]


def by_key(window: MainWindow, action: str) -> None:
    from PySide6.QtTest import QTest

    press = QKeySequence(ROWS[action].shortcut)[0]
    QTest.keyClick(window.viewer.canvas, press.key(), press.keyboardModifiers())


def by_menu(window: MainWindow, action: str) -> None:
    window.bar.actions[action].trigger()


@pytest.fixture(params=[by_key, by_menu])
def does(request: pytest.FixtureRequest, window: MainWindow) -> Callable[[str], None]:
    window.viewer.canvas.setFocus()

    def act(action: str) -> None:
        request.param(window, action)
        window.binder.update_now()

    return act


def test_flips_and_turns(window: MainWindow, does: Callable[[str], None]) -> None:
    session = window._bench.session
    does("flip-h")
    assert session.view.transform == ViewTransform().flip_horizontal()
    does("flip-h")
    does("flip-v")
    assert session.view.transform == ViewTransform().flip_vertical()
    does("flip-v")
    for _ in range(4):
        does("rotate")
        assert session.view.transform != ViewTransform() or _ == 3
    assert session.view.transform == ViewTransform()
    does("invert")
    assert session.view.inverted
    does("reset")
    assert not session.view.inverted


def test_zoom_fit_and_one_to_one(window: MainWindow, does: Callable[[str], None]) -> None:
    canvas = window.viewer.canvas
    fitted = canvas.placement.zoom
    does("zoom-in")
    assert canvas.placement.zoom == pytest.approx(1.25 * fitted)
    does("zoom-out")
    assert canvas.placement.zoom == pytest.approx(fitted)
    does("one")
    assert canvas.placement.zoom * canvas.devicePixelRatioF() == pytest.approx(1.0)
    does("fit")
    assert canvas.placement.zoom == pytest.approx(fitted)


def test_the_picture_alone(window: MainWindow, does: Callable[[str], None]) -> None:
    for alone in (True, False):
        does("maximise")
        assert (window.studies.isVisible(), window.side.isVisible()) == (not alone, not alone)


def test_the_picture_alone_by_a_double_click(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.mouseDClick(window.viewer.canvas, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert not window.studies.isVisible() and not window.side.isVisible()
