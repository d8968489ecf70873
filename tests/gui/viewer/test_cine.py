"""Playing by a clock that the test turns: no wall time is waited for or asserted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QApplication, QComboBox, QScrollBar
from pytestqt.qtbot import QtBot

from fineview.gui.main_window import MainWindow
from fineview.gui.viewer.cine import Cine
from fineview.services.workbench import Workbench

FRAMES = 100


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def played(rate: float, seconds: float, late_s: Callable[[int], float] = lambda _: 0.0) -> list[int]:
    """Indices in the order they came on screen; each timer fires ``late_s`` after it should."""
    clock = Clock()
    cine, seen, turn = Cine(clock), [0], 0
    cine.start(0, FRAMES, rate)
    end = clock.now + seconds
    while clock.now < end:
        clock.now += cine.wait_s() + late_s(turn)
        turn += 1
        if cine.due() != seen[-1]:
            seen.append(cine.due())
            cine.note_shown()
    return seen


@pytest.mark.parametrize("rate", [1.0, 7.5, 10.0, 24.0, 60.0])
def test_a_hundred_frames_play_at_the_set_rate_round_and_round(rate: float) -> None:
    seconds = 2.5 * FRAMES / rate
    seen = played(rate, seconds)
    assert len(seen) - 1 == pytest.approx(seconds * rate, rel=0.1)
    assert all((after - before) % FRAMES == 1 for before, after in zip(seen, seen[1:], strict=False))
    assert seen.count(0) >= 2 and seen.count(FRAMES - 1) >= 2


def test_late_timers_do_not_slow_it_down() -> None:
    """Every timer 9 ms late at 30 frames a second: counting timers would play at 23.6."""
    seen = played(30.0, 10.0, lambda turn: 0.009)
    assert len(seen) - 1 == pytest.approx(300, rel=0.1)


def test_frames_are_dropped_and_the_real_rate_is_told_where_painting_takes_too_long() -> None:
    clock = Clock()
    cine = Cine(clock)
    cine.start(10, FRAMES, 60.0)
    shown = [10]
    for _ in range(40):  # 50 ms a frame: three of 60 a second pass meanwhile
        clock.now += 0.05
        shown.append(cine.due())
        cine.note_shown()
    assert {(after - before) % FRAMES for before, after in zip(shown, shown[1:], strict=False)} == {3}
    assert cine.real_rate == pytest.approx(20.0)


def test_the_bar_plays_the_frames_of_the_window(qtbot: QtBot, window: MainWindow, bench: Workbench) -> None:
    bar, session, clock = window.viewer.frames, bench.session, Clock()
    bar.cine = Cine(clock)
    wanted: list[int] = []
    bar.wanted.connect(wanted.append)
    first = session.index
    bar.rate.setValue(20.0)
    bar.play(True)
    bar._timer.stop()
    for _ in range(12):
        clock.now += 0.05
        bar._next()
        bar._timer.stop()
        qtbot.waitUntil(lambda: window.state.index == session.index and window.state.image is not None)
    assert wanted == [(first + step) % 5 for step in range(1, 13)]
    assert bar.real.isVisible() and bar.real.text() == "20.0 shown"
    bar.play(False)
    assert not bar.real.isVisible()


def test_another_series_starts_at_the_speed_of_its_file(window: MainWindow) -> None:
    from dataclasses import replace

    bar, state = window.viewer.frames, window.state
    for uid, rate, expected in (("a", 25.0, 25.0), ("b", None, 25.0), ("c", 500.0, 60.0), ("d", 0.2, 1.0)):
        bar.show_state(replace(state, series=replace(state.series, uid=uid, frame_rate=rate)), frozenset({"series"}))
        assert bar.rate.value() == expected


def test_the_wheel_changes_no_field_it_passes_over(qtbot: QtBot, window: MainWindow) -> None:
    window.viewer.canvas.setFocus()
    fields = [one for kind in (QAbstractSpinBox, QAbstractSlider, QComboBox) for one in window.findChildren(kind)
              if not isinstance(one, QScrollBar)]
    assert len(fields) >= 6
    for field in fields:
        before = values(field)
        for turn in (120, -120, -120):
            spot = QPointF(5, 5)
            QApplication.sendEvent(field, QWheelEvent(
                spot, QPointF(field.mapToGlobal(QPoint(5, 5))), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False))
            assert values(field) == before, field.accessibleName()
        assert field.focusPolicy() is not Qt.FocusPolicy.WheelFocus


def values(field: object) -> object:
    if isinstance(field, QComboBox):
        return field.currentIndex()
    return field.text() if isinstance(field, QAbstractSpinBox) else field.value()
