"""Source pixels on screen under all eight placements: the map, its inverse, and what is really painted."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from fineview.core.geometry import Box
from fineview.core.orientation import Orientation, ViewTransform
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.placement import Placement
from fineview.services.snapshot import OverlayState

EIGHT = [ViewTransform(m, q) for m, q in product((False, True), range(4))]
# Which corner of the screen the source's top-left pixel comes to, worked out by hand on a sheet of paper:
# clockwise turns carry it TL -> TR -> BR -> BL; a mirror before them starts it at TR.
CORNERS = {(False, 0): "TL", (False, 1): "TR", (False, 2): "BR", (False, 3): "BL",
           (True, 0): "TR", (True, 1): "BR", (True, 2): "BL", (True, 3): "TL"}


def painted(canvas: Canvas) -> QImage:
    image = QImage(canvas.size(), QImage.Format.Format_RGB32)
    canvas.render(image)
    return image


def brightest_corner(canvas: Canvas) -> str:
    """Looks a little inside each corner of the painted picture."""
    image = painted(canvas)
    rows, cols = canvas.picture_size()
    area = canvas.placement.matrix().mapRect(_rect(cols, rows))
    probes = {"TL": (area.left() + 4, area.top() + 4), "TR": (area.right() - 4, area.top() + 4),
              "BL": (area.left() + 4, area.bottom() - 4), "BR": (area.right() - 4, area.bottom() - 4)}
    return max(probes, key=lambda name: QColor(image.pixel(*map(round, probes[name]))).lightness())


def _rect(cols: int, rows: int) -> QRectF:
    return QRectF(0, 0, cols, rows)


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(400, 300)
    pixels = np.full((60, 120), 20, np.uint8)
    pixels[:12, :12] = 255
    made.set_picture(pixels, 60, 120)
    made.show()
    return made


@pytest.mark.parametrize("transform", EIGHT, ids=str)
def test_the_first_pixel_lands_where_paper_says(canvas: Canvas, transform: ViewTransform) -> None:
    canvas.set_placing(transform, 1.0)
    assert brightest_corner(canvas) == CORNERS[transform.mirrored, transform.quarter_turns]


@pytest.mark.parametrize("transform", EIGHT, ids=str)
def test_markers_agree_with_the_pixels(canvas: Canvas, transform: ViewTransform) -> None:
    # Source: columns run to the nose, rows to the feet.  So the first pixel lies temporal and at the head.
    canvas.set_placing(transform, 1.0)
    left, top, right, bottom = transform.markers(Orientation("N", "F"))
    corner = brightest_corner(canvas)
    vertical, horizontal = (top if corner[0] == "T" else bottom), (left if corner[1] == "L" else right)
    assert {vertical, horizontal} == {"T", "H"}


@given(st.booleans(), st.integers(0, 3), st.floats(0.1, 8.0), st.floats(0.05, 20.0), st.floats(0, 500),
       st.floats(0, 500), st.floats(-200, 700), st.floats(-200, 700))
def test_there_and_back(mirrored: bool, turns: int, aspect: float, zoom: float, cx: float, cy: float, x: float,
                        y: float) -> None:
    placement = Placement(640, 480, (cx, cy), zoom, aspect, ViewTransform(mirrored, turns))
    back = placement.to_source(placement.to_screen((x, y)))
    assert back == pytest.approx((x, y), abs=1e-5)


@pytest.mark.parametrize("transform", EIGHT, ids=str)
def test_zoom_keeps_the_point_under_the_cursor(transform: ViewTransform) -> None:
    placement = Placement(400, 300, aspect=0.33, transform=transform).fitted(60, 120)
    cursor = QPointF(77, 201)
    before = placement.to_source(cursor)
    assert placement.zoomed(3.7, cursor).to_source(cursor) == pytest.approx(before, abs=1e-9)


def test_true_aspect_makes_millimetres_square() -> None:
    # 0.012 mm across, 0.004 mm down: 10 columns and 30 rows are both 0.12 mm.
    placement = Placement(400, 300, zoom=2.0, aspect=0.004 / 0.012)
    origin = placement.to_screen((0, 0))
    assert placement.to_screen((10, 0)).x() - origin.x() == pytest.approx(
        placement.to_screen((0, 30)).y() - origin.y())


def test_fitted_picture_touches_two_edges() -> None:
    placement = Placement(400, 300, transform=ViewTransform(False, 1)).fitted(60, 120)
    # 120 columns stand upright in 300 px: zoom 2.5.
    assert placement.zoom == pytest.approx(2.5)


@pytest.mark.parametrize("transform", EIGHT, ids=str)
@pytest.mark.parametrize("cells", [(60, 120), (15, 30), (4, 8)])
def test_overlay_lies_in_register(canvas: Canvas, transform: ViewTransform, cells: tuple[int, int]) -> None:
    """Edges of an opaque overlay over a known rectangle of source pixels, found in what was painted."""
    canvas.set_placing(transform, 1.0)
    canvas.zoom_by(1.31, QPointF(150, 120))
    box = Box(30, 18, 60, 24)
    rgba = np.zeros((*cells, 4), np.uint8)
    rgba[...] = (255, 0, 0, 255)
    canvas.set_overlay(OverlayState(rgba, box, False, "", None, None))
    image = painted(canvas)
    wide = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    red = (wide[:, :image.width(), 2] > 128) & (wide[:, :image.width(), 1] < 80)
    ys, xs = np.nonzero(red)
    wanted = canvas.placement.matrix().mapRect(_rect(60, 24).translated(30, 18))
    found = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
    assert found == pytest.approx((wanted.left(), wanted.top(), wanted.right(), wanted.bottom()), abs=1.0)


def test_pyramid_cells_lie_over_their_source_pixels(canvas: Canvas) -> None:
    # A 15 x 30 grid over 60 x 120 source pixels: cell (3, 7) covers rows 12-16, columns 28-32; its centre is (30, 14).
    rgba = np.zeros((15, 30, 4), np.uint8)
    rgba[3, 7] = (255, 0, 0, 255)
    canvas.set_overlay(OverlayState(rgba, Box(0, 0, 120, 60), False, "", None, None))
    image = painted(canvas)
    centre = canvas.placement.to_screen((30, 14))
    assert QColor(image.pixel(round(centre.x()), round(centre.y()))).red() > 200
    beside = canvas.placement.to_screen((33, 14))
    assert QColor(image.pixel(round(beside.x()), round(beside.y()))).red() < 100


def test_a_smaller_copy_covers_the_same_source_pixels(canvas: Canvas) -> None:
    before = canvas.placement
    canvas.set_picture(np.full((30, 60), 80, np.uint8), 60, 120)
    assert canvas.placement == before and canvas.base.rect == _rect(120, 60)
