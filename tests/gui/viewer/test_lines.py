"""Layer lines on the picture: where they are painted, where not, and in which colour."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QTransform
from pytestqt.qtbot import QtBot

from fineview.core.layers import LayerLine
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.lines import colour_of, path_of

ROWS, COLS = 60, 100


def line(name: str = "ILM", row: float = 30.0, gap: tuple[int, int] = (40, 60)) -> LayerLine:
    rows = np.full(COLS, row, np.float32)
    rows[slice(*gap)] = np.nan
    return LayerLine(name, rows, "file", "test")


def shown(qtbot: QtBot, *lines: LayerLine) -> tuple[np.ndarray, Canvas]:
    """RGB (H, W, 3) of a canvas in which one source pixel is four of the screen."""
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.resize(4 * COLS, 4 * ROWS)
    canvas.set_picture(np.zeros((ROWS, COLS), np.uint8), ROWS, COLS)
    canvas.set_layer_lines(lines)
    image = canvas.grab().toImage().convertToFormat(canvas.grab().toImage().Format.Format_RGB888)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return data[:, :3 * image.width()].reshape(image.height(), image.width(), 3).copy(), canvas


def test_a_line_lies_on_its_row_and_has_its_gap(qtbot: QtBot) -> None:
    pixels, canvas = shown(qtbot, line())
    # Its colour is a blue; on two rows of the screen it is half as bright.  The name stands at the left.
    assert colour_of("ILM").name() == "#56b4e9"
    near = ((pixels[..., 2] > 90) & (pixels[..., 0] < 100))[:, 260:]
    scale = canvas.placement.zoom
    rows, columns = np.nonzero(near)
    # Row 30 of 60 is the middle of the picture, which is the middle of the canvas.
    assert rows.size and abs(rows.mean() + 0.5 - canvas.height() / 2) < 1.5
    centre = canvas.width() / 2
    assert columns.min() + 260 >= centre + (60 - COLS / 2) * scale


def test_points_stand_at_the_middle_of_their_columns() -> None:
    path = path_of(line(gap=(2, 99)))
    points = [(path.elementAt(n).x, path.elementAt(n).y) for n in range(path.elementCount())]
    assert points == [(0.5, 30.0), (1.5, 30.0), (99.5, 30.0)] and path.elementAt(2).isMoveTo()


def test_nothing_is_painted_without_lines(qtbot: QtBot) -> None:
    with_lines, canvas = shown(qtbot, line())
    without, _ = shown(qtbot)
    assert (with_lines != without).any()
    canvas.set_layer_lines(())
    assert canvas.layer_lines._paths == []


def test_a_line_that_is_left_out_is_not_painted_and_the_others_are(qtbot: QtBot) -> None:
    _, canvas = shown(qtbot, line("ILM", 20.0), line("BM", 40.0))
    both = canvas.grab().toImage()
    assert canvas.layer_lines.leave_out(["BM"]) and not canvas.layer_lines.leave_out(["BM"])
    left = canvas.grab().toImage()
    lower = canvas.height() // 2
    differ = [y for y in range(both.height()) for x in (50, 300) if both.pixel(x, y) != left.pixel(x, y)]
    assert differ and min(differ) > lower
    assert canvas.layer_lines.leave_out(()) and canvas.grab().toImage() == both


def test_names_of_close_lines_do_not_lie_on_each_other(qtbot: QtBot) -> None:
    from PySide6.QtCore import QRectF, QSizeF

    from fineview.gui.viewer.lines import _free_place

    room, size, matrix = QRectF(0, 0, 400, 240), QSizeF(30, 12), QTransform.fromScale(4, 4)
    first = _free_place(matrix.map(path_of(line(row=30))), room, size, [])
    second = _free_place(matrix.map(path_of(line(row=31))), room, size, [first] if first else [])
    assert first is not None and second is not None and not first.intersects(second)
    assert second.left() > first.left() and room.contains(second)
    assert _free_place(matrix.map(path_of(line(row=500))), room, size, []) is None


def test_neighbours_differ_and_a_boundary_keeps_its_colour() -> None:
    assert colour_of("RPE") != colour_of("BM") and colour_of("ILM") != colour_of("RNFL")
    assert colour_of("ILM") == colour_of("ILM")
