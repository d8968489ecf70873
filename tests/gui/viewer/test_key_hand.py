"""Marks set down and shaped by keys alone, on the canvas and in the window with undo."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from fineview.core.finding import Finding, Origin, State
from fineview.core.orientation import ViewTransform
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey
from fineview.gui.main_window import MainWindow
from fineview.gui.viewer.canvas import Canvas

KEY, NONE = Qt.Key, Qt.KeyboardModifier.NoModifier
SHIFT, CTRL, ALT = (Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier,
                    Qt.KeyboardModifier.AltModifier)
BOX = Region(RegionKind.BOX, ((20.0, 10.0), (60.0, 40.0)))


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.set_picture(np.full((60, 120), 50, np.uint8), 60, 120)
    made.show()
    made.setFocus()
    return made


def select(canvas: Canvas, region: Region) -> None:
    mark = Finding("p-1", "study", FrameKey("scan", 0), region, "", Origin.PERSON, State.ACCEPTED)
    canvas.set_marks((mark,), {}, "p-1", True)


def moved_to(qtbot: QtBot, canvas: Canvas, key: Qt.Key, held: Qt.KeyboardModifier = NONE) -> Region:
    with qtbot.waitSignal(canvas.reshaped) as caught:
        qtbot.keyClick(canvas, key, held)
    assert caught.args[0] == "p-1"
    return caught.args[1]


@pytest.mark.parametrize(("key", "held", "points"), [
    (KEY.Key_Right, NONE, ((21.0, 10.0), (61.0, 40.0))), (KEY.Key_Up, NONE, ((20.0, 9.0), (60.0, 39.0))),
    (KEY.Key_Left, SHIFT, ((10.0, 10.0), (50.0, 40.0))), (KEY.Key_Down, SHIFT, ((20.0, 20.0), (60.0, 50.0))),
    (KEY.Key_Right, CTRL, ((20.0, 10.0), (61.0, 40.0))), (KEY.Key_Down, CTRL | SHIFT, ((20.0, 10.0), (60.0, 50.0))),
    (KEY.Key_Left, ALT, ((19.0, 10.0), (60.0, 40.0))), (KEY.Key_Up, ALT, ((20.0, 9.0), (60.0, 40.0)))])
def test_arrows_move_a_mark_and_pull_its_corners(qtbot: QtBot, canvas: Canvas, key: Qt.Key, held: Qt.KeyboardModifier,
                                                 points: tuple[tuple[float, float], ...]) -> None:
    select(canvas, BOX)
    assert moved_to(qtbot, canvas, key, held).points == points


@pytest.mark.parametrize("transform", [ViewTransform(m, q) for m, q in product((False, True), range(4))], ids=str)
def test_right_is_right_on_screen(qtbot: QtBot, canvas: Canvas, transform: ViewTransform) -> None:
    canvas.set_placing(transform, 2.0)
    select(canvas, Region(RegionKind.POINT, ((60.0, 30.0),)))
    before = canvas.placement.to_screen((60.0, 30.0))
    after = canvas.placement.to_screen(moved_to(qtbot, canvas, KEY.Key_Right).points[0])
    assert after.x() > before.x() and after.y() == pytest.approx(before.y())


def test_marks_stay_on_the_picture(qtbot: QtBot, canvas: Canvas) -> None:
    select(canvas, Region(RegionKind.BOX, ((2.0, 1.0), (118.0, 59.0))))
    assert moved_to(qtbot, canvas, KEY.Key_Right, SHIFT).points == ((4.0, 1.0), (120.0, 59.0))
    assert moved_to(qtbot, canvas, KEY.Key_Up, ALT | SHIFT).points[0][1] == 0.0


def test_a_held_key_is_one_step(qtbot: QtBot, canvas: Canvas) -> None:
    select(canvas, BOX)
    told: list[Region] = []
    canvas.reshaped.connect(lambda _, region: told.append(region))
    for _ in range(7):
        qtbot.keyPress(canvas, KEY.Key_Right)
    assert told == []
    qtbot.keyRelease(canvas, KEY.Key_Right)
    assert [region.points[0] for region in told] == [(27.0, 10.0)]


def test_a_step_counts_before_it_is_saved_and_an_undone_one_does_not(qtbot: QtBot, canvas: Canvas) -> None:
    select(canvas, BOX)
    assert moved_to(qtbot, canvas, KEY.Key_Right).points[0] == (21.0, 10.0)
    assert moved_to(qtbot, canvas, KEY.Key_Right).points[0] == (22.0, 10.0)
    select(canvas, Region(RegionKind.BOX, ((22.0, 10.0), (62.0, 40.0))))
    select(canvas, BOX)  # undone
    assert moved_to(qtbot, canvas, KEY.Key_Right).points[0] == (21.0, 10.0)


def test_without_a_selected_mark_arrows_look_around(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.zoom_by(4.0)
    middle = canvas.placement.to_source(QPointF(300, 200))
    with qtbot.assertNotEmitted(canvas.reshaped):
        qtbot.keyClick(canvas, KEY.Key_Right)
        qtbot.keyClick(canvas, KEY.Key_Up)
    moved = canvas.placement.to_source(QPointF(300, 200))
    step = 48 / canvas.placement.zoom
    assert moved == pytest.approx((middle[0] + step, middle[1] - step))


@pytest.mark.parametrize("kind", list(RegionKind))
def test_enter_sets_every_kind_down_in_the_middle_of_what_is_seen(qtbot: QtBot, canvas: Canvas, kind: RegionKind
                                                                 ) -> None:
    canvas.zoom_by(2.0)
    canvas.set_tool(kind.value)
    with qtbot.waitSignal(canvas.set_down) as caught:
        qtbot.keyClick(canvas, KEY.Key_Return)
    region = caught.args[0]
    seen = canvas.placement.matrix().inverted()[0].mapRect(canvas.rect().toRectF())
    assert region.kind is kind
    assert region.bounds.centre == pytest.approx((60, 30), abs=9) if kind is RegionKind.ANGLE else (
        region.bounds.centre == pytest.approx((60, 30), abs=1))
    assert all(seen.contains(*point) for point in region.points)


def test_enter_under_a_tool_that_draws_nothing_does_nothing(qtbot: QtBot, canvas: Canvas) -> None:
    with qtbot.assertNotEmitted(canvas.set_down):
        qtbot.keyClick(canvas, KEY.Key_Return)


def test_a_box_by_keys_alone_and_back(qtbot: QtBot, window: MainWindow,
                                      settle: Callable[[Callable[[], bool]], None]) -> None:
    canvas, session = window.viewer.canvas, window._bench.session
    canvas.setFocus()
    qtbot.keyClick(canvas, KEY.Key_B)
    window.binder.update_now()
    qtbot.keyClick(canvas, KEY.Key_Return)
    settle(lambda: bool(session.findings))
    placed = session.findings[0].region
    assert canvas.hasFocus() and session.selected == session.findings[0].id
    for _ in range(3):
        qtbot.keyPress(canvas, KEY.Key_Left, CTRL)
    qtbot.keyRelease(canvas, KEY.Key_Left, CTRL)
    settle(lambda: session.findings[0].region != placed)
    # Three pixels narrower at its right side, and that is one step.
    (x0, y0), (x1, y1) = placed.points
    assert session.findings[0].region.points == ((x0, y0), (x1 - 3, y1))
    qtbot.keyClick(canvas, KEY.Key_Z, CTRL)
    settle(lambda: session.findings[0].region == placed)


def test_leaving_the_question_field_keeps_the_mark_it_was_about(window: MainWindow, qtbot: QtBot,
                                                               settle: Callable[[Callable[[], bool]], None]) -> None:
    session = window._bench.session
    window._bench.annotate.add(RegionKind.BOX, BOX.points)
    settle(lambda: session.selected is not None)
    window.bar.actions["ask"].trigger()
    window.bar.actions["step-back"].trigger()
    assert session.selected is not None and window.viewer.canvas.hasFocus()
    window.bar.actions["step-back"].trigger()
    assert session.selected is None
