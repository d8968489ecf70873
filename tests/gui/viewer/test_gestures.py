"""Mouse gestures on the canvas end in source pixels, under every tool and placement."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from pytestqt.qtbot import QtBot

from fineview.core.finding import Finding, Origin, State
from fineview.core.orientation import ViewTransform
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey
from fineview.gui.main_window import MainWindow
from fineview.gui.viewer.canvas import Canvas

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
EIGHT = [ViewTransform(m, q) for m, q in product((False, True), range(4))]
FRAME = FrameKey("scan", 0)


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.set_picture(np.full((60, 120), 50, np.uint8), 60, 120)
    made.show()
    return made


def at(canvas: Canvas, x: float, y: float) -> QPoint:
    return canvas.placement.to_screen((x, y)).toPoint()


def drag(qtbot: QtBot, canvas: Canvas, start: tuple[float, float], *stops: tuple[float, float],
         button: Qt.MouseButton = LEFT) -> None:
    """Press at ``start`` and move over ``stops``, all in source pixels, then release."""
    qtbot.mousePress(canvas, button, pos=at(canvas, *start))
    for stop in stops:
        # QTest moves carry no buttons, so the event is made by hand.
        move(canvas, at(canvas, *stop), button)
    qtbot.mouseRelease(canvas, button, pos=at(canvas, *stops[-1]))


def move(canvas: Canvas, position: QPoint, button: Qt.MouseButton) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(position), canvas.mapToGlobal(QPointF(position)),
                        Qt.MouseButton.NoButton, button, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, event)


def wheel(canvas: Canvas, turn: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    from PySide6.QtWidgets import QApplication

    where = QPointF(300, 200)
    QApplication.sendEvent(canvas, QWheelEvent(
        where, canvas.mapToGlobal(where), QPoint(), QPoint(0, turn), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False))


@pytest.mark.parametrize("transform", EIGHT, ids=str)
@pytest.mark.parametrize("kind", [RegionKind.BOX, RegionKind.ELLIPSE, RegionKind.LENGTH])
def test_two_point_regions(qtbot: QtBot, canvas: Canvas, transform: ViewTransform, kind: RegionKind) -> None:
    canvas.set_placing(transform, 1.0)
    canvas.set_tool(kind.value)
    with qtbot.waitSignal(canvas.drawn) as caught:
        drag(qtbot, canvas, (20, 15), (50, 30), (80, 45))
    region = caught.args[0]
    assert region.kind is kind
    # A cursor stands on whole screen pixels: half of one is the best there is.
    tolerance = 0.6 / canvas.placement.zoom
    assert region.points[0] == pytest.approx((20, 15), abs=tolerance)
    assert region.points[1] == pytest.approx((80, 45), abs=tolerance)


def test_point(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.set_tool("point")
    with qtbot.waitSignal(canvas.drawn) as caught:
        qtbot.mouseClick(canvas, LEFT, pos=at(canvas, 33, 44))
    assert caught.args[0].points[0] == pytest.approx((33, 44), abs=0.2)


def test_polygon_ends_with_a_double_click(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.set_tool("polygon")
    for vertex in ((20, 10), (80, 10), (50, 50)):
        qtbot.mouseClick(canvas, LEFT, pos=at(canvas, *vertex))
    with qtbot.waitSignal(canvas.drawn) as caught:
        qtbot.mouseDClick(canvas, LEFT, pos=at(canvas, 50, 50))
    region = caught.args[0]
    assert region.kind is RegionKind.POLYGON
    # Half of base 60 times height 40.
    assert region.area_px == pytest.approx(1200, rel=0.02)


@pytest.mark.parametrize("dragged", [False, True])
@pytest.mark.parametrize("transform", EIGHT, ids=str)
def test_angle_by_three_clicks_or_by_dragging_its_first_arm(qtbot: QtBot, canvas: Canvas, transform: ViewTransform,
                                                            dragged: bool) -> None:
    canvas.set_placing(transform, 1.0)
    canvas.set_tool("angle")
    if dragged:
        drag(qtbot, canvas, (80, 30), (60, 30), (40, 30))
    else:
        for end in ((80, 30), (40, 30)):
            qtbot.mouseClick(canvas, LEFT, pos=at(canvas, *end))
    assert canvas.hand.draft is not None and canvas.hand.draft.whole
    with qtbot.waitSignal(canvas.drawn) as caught:
        qtbot.mouseClick(canvas, LEFT, pos=at(canvas, 60, 10))
    region = caught.args[0]
    assert region.kind is RegionKind.ANGLE
    for point, expected in zip(region.points, ((80, 30), (40, 30), (60, 10)), strict=True):
        assert point == pytest.approx(expected, abs=0.6 / canvas.placement.zoom)
    assert canvas.hand.draft is None


def test_an_angle_without_a_second_arm_is_a_slip(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.set_tool("angle")
    with qtbot.assertNotEmitted(canvas.drawn):
        for end in ((80, 30), (40, 30), (40, 30)):
            qtbot.mouseClick(canvas, LEFT, pos=at(canvas, *end))


def test_freehand_follows_the_hand(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.set_tool("freehand")
    turn = [(60 + 20 * np.cos(a), 30 + 20 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 60)]
    with qtbot.waitSignal(canvas.drawn) as caught:
        drag(qtbot, canvas, turn[0], *turn[1:])
    assert caught.args[0].area_px == pytest.approx(np.pi * 400, rel=0.03)


def test_regions_stay_on_the_picture(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.set_tool("box")
    with qtbot.waitSignal(canvas.drawn) as caught:
        drag(qtbot, canvas, (100, 40), (150, 90))
    assert caught.args[0].points[1] == (120.0, 60.0)


def test_a_slip_of_the_hand_draws_nothing(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.set_tool("box")
    with qtbot.assertNotEmitted(canvas.drawn):
        drag(qtbot, canvas, (20, 20), (20.2, 20.2))


def mark(region: Region, name: str = "p-1") -> Finding:
    return Finding(name, "study", FRAME, region, "fluid", Origin.PERSON, State.ACCEPTED)


BOX = Region(RegionKind.BOX, ((20.0, 10.0), (60.0, 40.0)))


def test_a_click_on_an_outline_selects(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.set_marks((mark(BOX),), {"p-1": 1}, None, True)
    with qtbot.waitSignal(canvas.chosen) as caught:
        qtbot.mouseClick(canvas, LEFT, pos=at(canvas, 20, 25))
    assert caught.args == ["p-1"]
    with qtbot.waitSignal(canvas.chosen) as caught:
        qtbot.mouseClick(canvas, LEFT, pos=at(canvas, 110, 55))
    assert caught.args == [None]


@pytest.mark.parametrize("transform", EIGHT, ids=str)
def test_a_handle_pulls_its_corner(qtbot: QtBot, canvas: Canvas, transform: ViewTransform) -> None:
    canvas.set_placing(transform, 1.0)
    canvas.set_marks((mark(BOX),), {}, "p-1", True)
    emitted: list[tuple[str, Region]] = []
    canvas.reshaped.connect(lambda name, region: emitted.append((name, region)))
    drag(qtbot, canvas, (60, 40), (70, 45), (90, 50))
    # One step for one drag, however many moves it had.
    assert len(emitted) == 1 and emitted[0][0] == "p-1"
    bounds = emitted[0][1].bounds
    assert (bounds.x, bounds.y) == (20.0, 10.0)
    assert (bounds.x + bounds.w, bounds.y + bounds.h) == pytest.approx((90, 50), abs=0.3)


def test_a_selected_mark_moves_by_its_outline(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.set_marks((mark(BOX),), {}, "p-1", True)
    with qtbot.waitSignal(canvas.reshaped) as caught:
        drag(qtbot, canvas, (30, 10), (45, 20))
    assert caught.args[1].points == (pytest.approx((35, 20), abs=0.3), pytest.approx((75, 50), abs=0.3))


def test_what_is_not_selected_does_not_move(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.set_marks((mark(BOX),), {}, None, True)
    with qtbot.assertNotEmitted(canvas.reshaped):
        drag(qtbot, canvas, (30, 10), (45, 20))


def test_buttons_and_wheel(qtbot: QtBot, canvas: Canvas) -> None:
    dragged: list[tuple[float, float]] = []
    canvas.window_dragged.connect(lambda dx, dy: dragged.append((dx, dy)))
    start = at(canvas, 60, 30)
    qtbot.mousePress(canvas, RIGHT, pos=start)
    move(canvas, start + QPoint(12, -7), RIGHT)
    qtbot.mouseRelease(canvas, RIGHT, pos=start + QPoint(12, -7))
    assert dragged == [(12.0, -7.0)]
    steps: list[int] = []
    canvas.stepped.connect(steps.append)
    for turn in (120, -120, -60, -60, -240):
        wheel(canvas, turn)
    assert steps == [-1, 1, 1, 2]
    before = canvas.placement.zoom
    wheel(canvas, 120, Qt.KeyboardModifier.ControlModifier)
    assert canvas.placement.zoom == pytest.approx(before * 1.2) and len(steps) == 4


def test_middle_drag_carries_the_picture(qtbot: QtBot, canvas: Canvas) -> None:
    canvas.zoom_by(2)
    under = canvas.placement.to_source(QPointF(300, 200))
    qtbot.mousePress(canvas, MIDDLE, pos=QPoint(300, 200))
    move(canvas, QPoint(340, 190), MIDDLE)
    qtbot.mouseRelease(canvas, MIDDLE, pos=QPoint(340, 190))
    assert canvas.placement.to_source(QPointF(340, 190)) == pytest.approx(under)


def test_one_to_one_is_one_screen_pixel_per_column(canvas: Canvas) -> None:
    canvas.one_to_one()
    assert canvas.placement.zoom * canvas.devicePixelRatioF() == pytest.approx(1.0)


def test_double_click_asks_for_the_picture_alone(qtbot: QtBot, canvas: Canvas) -> None:
    with qtbot.waitSignal(canvas.maximised):
        qtbot.mouseDClick(canvas, LEFT, pos=QPoint(300, 200))


def test_space_holds_and_lets_go(qtbot: QtBot, canvas: Canvas) -> None:
    held: list[bool] = []
    canvas.held.connect(held.append)
    qtbot.keyPress(canvas, Qt.Key.Key_Space)
    qtbot.keyRelease(canvas, Qt.Key.Key_Space)
    assert held[-2:] == [True, False]


def test_a_region_that_is_half_drawn_does_not_go_on_to_another_picture(window: MainWindow, qtbot: QtBot) -> None:
    """Frames of one size: nothing of the picture itself says that it is another one."""
    canvas, session = window.viewer.canvas, window.desk.bench.session
    canvas.set_tool("polygon")
    rows, cols = canvas.picture_size()
    for x, y in ((0.3, 0.3), (0.5, 0.3)):
        qtbot.mouseClick(canvas, LEFT, pos=at(canvas, x * cols, y * rows))
    assert canvas.hand.draft is not None
    window.binder.update_now()
    assert canvas.hand.draft is not None
    window.desk.bench.open.step(1)
    window.binder.update_now()
    assert canvas.hand.draft is None and not session.findings
