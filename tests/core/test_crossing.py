"""Reference lines against planes whose crossing is worked out by hand."""

from __future__ import annotations

import math

import pytest

from fineview.core.crossing import centre_mm, crossing, parallel
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.place import Place
from fineview.core.study import FrameInfo


def frame(corner, right, down, rows=100, cols=100, row_mm=1.0, col_mm=1.0) -> FrameInfo:
    return FrameInfo("x", rows=rows, cols=cols, spacing=Spacing(row_mm, col_mm, 1.0, ScaleSource.CALIBRATED),
                     place=Place(corner, right, down))


def axial(z: float, **size) -> FrameInfo:
    return frame((-50.0, -50.0, z), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), **size)


SAGITTAL = frame((10.0, -50.0, 50.0), (0.0, 1.0, 0.0), (0.0, 0.0, -1.0))


def flat(line) -> list[float]:
    return [value for point in sorted(line) for value in point]


def test_an_axial_plane_is_a_level_line_on_a_sagittal_picture() -> None:
    # Row centres of the sagittal picture lie at z = 50 - row: z = 20 is the centre of row 30, that is y = 30.5.
    # Both reach from y = -50.5 to 49.5 mm: the whole width.
    assert flat(crossing(axial(20.0), SAGITTAL)) == pytest.approx([0, 30.5, 100, 30.5])


def test_the_other_way_round_it_is_an_upright_line() -> None:
    # x = 10 is the centre of column 60 of the axial picture.
    assert flat(crossing(SAGITTAL, axial(20.0))) == pytest.approx([60.5, 0, 60.5, 100])


def test_spacings_and_a_small_field_count() -> None:
    # Columns 2 mm wide, 20 of them: x from -51 to -11 mm; the sagittal plane at x = 10 lies beside it.
    assert crossing(SAGITTAL, axial(20.0, cols=20, col_mm=2.0)) is None
    # 40 of them reach to 29 mm: x = 10 is (10 + 50) / 2 + 0.5 columns in.
    assert flat(crossing(SAGITTAL, axial(20.0, cols=40, col_mm=2.0))) == pytest.approx([30.5, 0, 30.5, 100])
    # An axial field of 40 rows from y = -50.5 to -10.5 covers the first 40 columns of the sagittal picture only.
    assert flat(crossing(axial(20.0, rows=40), SAGITTAL)) == pytest.approx([0, 30.5, 40, 30.5])


def test_an_oblique_plane() -> None:
    # Tilted about x by 45 degrees through (0, 0, 0): on a sagittal picture z = y, a diagonal line.
    half = math.sqrt(0.5)
    tilted = frame((-50.0, -50.0 * half, -50.0 * half), (1.0, 0.0, 0.0), (0.0, half, half))
    (ax, ay), (bx, by) = crossing(tilted, SAGITTAL)
    for x, y in ((ax, ay), (bx, by)):
        assert x - 0.5 - 50 == pytest.approx(50 - (y - 0.5))  # y_mm = z_mm
    # Its field is 100 mm long, from -50.5 to 49.5 along the tilt: 100 / sqrt(2) columns of the sagittal picture.
    assert abs(bx - ax) == pytest.approx(100 * half)


def test_no_line_where_there_is_none() -> None:
    assert crossing(axial(0.0), axial(20.0)) is None
    assert crossing(axial(90.0), SAGITTAL) is None  # above the picture
    assert crossing(FrameInfo("x", rows=10, cols=10), SAGITTAL) is None
    assert crossing(axial(20.0), FrameInfo("x", rows=10, cols=10)) is None


def test_centre_and_parallel() -> None:
    assert centre_mm(axial(20.0)) == pytest.approx((-0.5, -0.5, 20.0))
    assert centre_mm(FrameInfo("x", rows=4, cols=4)) is None
    a, b = axial(0.0).place, SAGITTAL.place
    assert parallel(a, Place((0, 0, 0), (-1.0, 0.0, 0.0), (0.0, 1.0, 0.0))) and not parallel(a, b)
