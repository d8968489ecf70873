"""The hand on the localizer: a click jumps, a held Shift lets the B-scan follow, the shown circle is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent
from pytestqt.qtbot import QtBot

from fineview.core.geometry import Circle
from fineview.core.study import Series
from fineview.gui.viewer.localizer import Localizer

LINES = tuple(((10.0, 20.0 + 10 * n), (90.0, 20.0 + 10 * n)) for n in range(5))


@pytest.fixture
def localizer(qtbot: QtBot) -> Localizer:
    made = Localizer()
    qtbot.addWidget(made)
    made.resize(300, 300)
    made.set_picture(np.zeros((100, 100), np.uint8), 100, 100)
    made.set_lines(LINES, 0)
    return made


def move(localizer: Localizer, x: float, y: float, shift: bool = True, button: bool = False) -> None:
    at = QPointF(localizer.placement.to_screen((x, y)))
    buttons = Qt.MouseButton.LeftButton if button else Qt.MouseButton.NoButton
    keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    localizer.mouseMoveEvent(QMouseEvent(QEvent.Type.MouseMove, at, localizer.mapToGlobal(at), Qt.MouseButton.NoButton,
                                         buttons, keys))


def test_with_shift_the_b_scan_follows_and_each_is_asked_for_once(localizer: Localizer) -> None:
    asked: list[int] = []
    localizer.jumped.connect(asked.append)
    for y in (21, 22, 28, 31, 33, 49, 52, 58):
        move(localizer, 50, y)
    assert asked == [0, 1, 3, 4]
    move(localizer, 50, 20, shift=False)
    move(localizer, 50, 20, button=True)
    assert asked == [0, 1, 3, 4]
    move(localizer, 50, 58)  # held again over the same line
    assert asked == [0, 1, 3, 4, 4]


def painted(localizer: Localizer) -> np.ndarray:
    """(300, 300, 3) as it is on screen."""
    image = localizer.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, :image.width() * 3].reshape(image.height(), image.width(), 3)


def test_the_shown_circle_is_bright_where_it_runs(localizer: Localizer) -> None:
    localizer.set_lines((Circle((70.0, 50.0), (50.0, 50.0)), None), 0)
    blue = painted(localizer)[..., 2]
    for angle in np.linspace(0.3, 2 * np.pi, 9):
        at = localizer.placement.to_screen((50 + 20 * np.cos(angle), 50 + 20 * np.sin(angle)))
        column, row = round(at.x()), round(at.y())
        assert blue[row - 2:row + 3, column - 2:column + 3].max() > 180
    middle = localizer.placement.to_screen((50, 50))
    assert blue[round(middle.y()), round(middle.x())] < 60


def test_several_pictures_are_offered_and_one_alone_is_not(localizer: Localizer, qtbot: QtBot) -> None:
    photo, face = (Series(uid, "s", modality, description) for uid, modality, description in (
        ("p", "OP", "Infrared"), ("e", "OPTENF", "En face: superficial")))
    choice = localizer.choice
    choice.show_pictures((photo,), photo)
    assert choice.isHidden()
    choice.show_pictures((photo, face), face)
    assert not choice.isHidden() and choice.box.currentText() == "En face: superficial"
    asked: list[str] = []
    choice.chosen.connect(asked.append)
    choice.box.setCurrentIndex(0)
    choice.box.activated.emit(0)
    assert asked == ["p"]
