"""Every measuring tool on phantoms with pixels that are not square: the value, its unit and what its scale rests on.

Expected values are analytic geometry in millimetres and plain numpy on masks written here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from fineview.core.geometry import Point, ScaleSource, Spacing
from fineview.core.region import Region, RegionKind
from fineview.core.report import Measurement
from fineview.imaging.region_mask import region_mask, statistics
from fineview.services.measuring import mark_words, measure_region, number_words, scale_words

ROW, COL = 0.5, 0.2
SPACING = Spacing(ROW, COL, None, ScaleSource.CALIBRATED)
KINDS = RegionKind


def told(region: Region, spacing: Spacing = SPACING) -> dict[str, Measurement]:
    return {one.name: one for one in measure_region(region, spacing)}


def pixels(*mm: Point) -> tuple[Point, ...]:
    """Places in millimetres as (column, row) of the phantom."""
    return tuple((x / COL, y / ROW) for x, y in mm)


def test_length() -> None:
    # A 3-4-5 triangle in millimetres: 15 columns across, 8 rows down.
    made = told(Region(KINDS.LENGTH, ((10.0, 10.0), (25.0, 18.0))))["Length"]
    assert (made.value, made.unit, made.scale_source, made.why_not) == (pytest.approx(5.0), "mm", "calibrated", None)
    assert number_words(made) == "5 mm"


@pytest.mark.parametrize("degrees", [0.5, 30.0, 45.0, 90.0, 135.0, 179.5, 180.0])
@pytest.mark.parametrize("turned", [0.0, 17.0, 200.0])
def test_angle(degrees: float, turned: float) -> None:
    def arm(angle: float, mm: float) -> Point:
        return (12.0 + mm * math.cos(math.radians(angle)), 20.0 + mm * math.sin(math.radians(angle)))

    points = pixels(arm(turned, 7.0), (12.0, 20.0), arm(turned + degrees, 3.0))
    made = told(Region(KINDS.ANGLE, points))["Angle"]
    assert (made.value, made.unit, made.scale_source, made.why_not) == (
        pytest.approx(degrees, abs=1e-6), "deg", "calibrated", None)
    assert number_words(made) == f"{degrees:.1f}\u00b0"


def test_an_angle_of_square_looking_arms_is_none_of_45_degrees() -> None:
    # Equal numbers of columns and rows: atan(0.5 / 0.2), not 45 degrees.
    made = told(Region(KINDS.ANGLE, ((10.0, 0.0), (0.0, 0.0), (10.0, 10.0))))["Angle"]
    assert made.value == pytest.approx(68.19859, abs=1e-5)


def test_an_angle_without_an_arm_is_unknown() -> None:
    made = told(Region(KINDS.ANGLE, ((5.0, 5.0), (5.0, 5.0), (9.0, 9.0))))["Angle"]
    assert made.value is None and number_words(made) == "unknown"


def test_rectangle() -> None:
    made = told(Region(KINDS.BOX, ((5.0, 4.0), (30.0, 16.0))))
    # 25 columns of 0.2 mm, 12 rows of 0.5 mm.
    assert {name: (pytest.approx(one.value), one.unit) for name, one in made.items()} == {
        "Width": (5.0, "mm"), "Height": (6.0, "mm"), "Area": (30.0, "mm2"), "Perimeter": (22.0, "mm")}


def test_ellipse() -> None:
    made = told(Region(KINDS.ELLIPSE, ((0.0, 0.0), (50.0, 12.0))))
    a, b = 5.0, 3.0
    assert (made["Area"].value, made["Area"].unit) == (pytest.approx(math.pi * a * b), "mm2")
    t = np.linspace(0.0, 2 * np.pi, 200_001)
    around = np.hypot(np.diff(a * np.cos(t)), np.diff(b * np.sin(t))).sum()
    assert (made["Perimeter"].value, made["Perimeter"].unit) == (pytest.approx(around, rel=1e-8), "mm")


@pytest.mark.parametrize(("box", "expected"), [(((0, 0), (50, 20)), 2 * math.pi * 5.0), (((0, 0), (50, 0)), 20.0)])
def test_the_way_around_a_circle_and_a_flat_ellipse(box: tuple[Point, Point], expected: float) -> None:
    assert told(Region(KINDS.ELLIPSE, box))["Perimeter"].value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", [KINDS.POLYGON, KINDS.FREEHAND])
@pytest.mark.parametrize("turned", [1, -1])
def test_polygon_and_freehand(kind: RegionKind, turned: int) -> None:
    # A right triangle of 3, 4, 5 mm with a square of 1 mm cut out of its right angle, both ways round.
    corners = pixels((1, 0), (4, 0), (0, 4), (0, 1), (1, 1))[::turned]
    made = told(Region(kind, corners))
    assert made["Area"].value == pytest.approx(16 / 2 - 1.0)
    assert made["Perimeter"].value == pytest.approx(3 + math.hypot(4, 4) + 3 + 1 + 1)


def test_a_point_has_no_size() -> None:
    assert measure_region(Region(KINDS.POINT, ((3.0, 4.0),)), SPACING) == ()


SHAPES = (Region(KINDS.LENGTH, ((0.0, 0.0), (3.0, 4.0))), Region(KINDS.BOX, ((1.0, 1.0), (5.0, 4.0))),
          Region(KINDS.ELLIPSE, ((1.0, 1.0), (5.0, 4.0))), Region(KINDS.POLYGON, ((0.0, 0.0), (4.0, 0.0), (0.0, 3.0))))


@pytest.mark.parametrize("region", SHAPES)
@pytest.mark.parametrize(("spacing", "words", "short"), [
    (Spacing(), "not calibrated", "not calibrated"),
    (Spacing(2.0, 1.0, None, ScaleSource.NONE), "not calibrated", "not calibrated"),
    (Spacing(0.5, 0.2, None, ScaleSource.ASSUMED), "only assumed", "scale assumed")])
def test_without_a_scale_sizes_are_pixels_and_say_so(region: Region, spacing: Spacing, words: str, short: str) -> None:
    for one in measure_region(region, spacing):
        assert one.unit in ("px", "px2") and one.value is not None and one.value > 0
        assert one.why_not is not None and one.why_not.startswith("in pixels, ") and words in one.why_not
    assert mark_words(region, spacing).endswith(f", {short}") and "mm" not in mark_words(region, spacing)


@pytest.mark.parametrize("region", SHAPES)
def test_projected_sizes_say_that_they_are_at_the_detector(region: Region) -> None:
    spacing = Spacing(0.5, 0.2, None, ScaleSource.PROJECTED)
    assert {one.scale_source for one in measure_region(region, spacing)} == {"projected"}
    assert "at the detector" in scale_words(spacing) and mark_words(region, spacing).endswith(", at the detector")


def test_an_angle_says_what_it_rests_on() -> None:
    right = Region(KINDS.ANGLE, ((1.0, 0.0), (0.0, 0.0), (1.0, 1.0)))
    for spacing, degrees, why in (
            (Spacing(), 45.0, "pixels taken as square, not calibrated: the spacing of this file is unknown"),
            (Spacing(2.0, 1.0), math.degrees(math.atan(2.0)), "not calibrated: the file gives the shape of a pixel, "
             "not its size"),
            (Spacing(0.5, 0.2, None, ScaleSource.ASSUMED), math.degrees(math.atan(2.5)),
             "the spacing of this file is only assumed")):
        made = told(right, spacing)["Angle"]
        assert (made.value, made.unit, made.why_not) == (pytest.approx(degrees), "deg", why)


@pytest.mark.parametrize(("value", "unit", "words"), [
    (0.9996, "mm", "1\u202f000 \u00b5m"), (0.0374, "mm", "37.4 \u00b5m"), (1.0, "mm", "1 mm"),
    (12.344, "mm", "12.34 mm"), (0.0000312, "mm2", "0.0000312 mm\u00b2"), (1234.5, "px2", "1\u202f234 px\u00b2"),
    (0.0, "mm2", "0 mm\u00b2"),
    (179.96, "deg", "180.0\u00b0")])
def test_numbers_keep_their_digits_and_show_no_exponent(value: float, unit: str, words: str) -> None:
    assert number_words(Measurement("x", value, unit)) == words


def by_hand(inside: Callable[[float, float], bool], rows: int, cols: int) -> np.ndarray:
    """The mask of a rule that is asked at the centre of every pixel."""
    return np.array([[inside(col + 0.5, row + 0.5) for col in range(cols)] for row in range(rows)])


@pytest.mark.parametrize(("region", "inside"), [
    (Region(KINDS.BOX, ((3.2, 2.5), (17.5, 11.1))), lambda x, y: 3.2 <= x < 17.5 and 2.5 <= y < 11.1),
    (Region(KINDS.ELLIPSE, ((2.0, 3.0), (19.0, 12.4))),
     lambda x, y: ((x - 10.5) / 8.5) ** 2 + ((y - 7.7) / 4.7) ** 2 <= 1),
    (Region(KINDS.FREEHAND, ((1.0, 1.0), (21.0, 1.0), (1.0, 13.0))),
     lambda x, y: x >= 1.0 and y >= 1.0 and (x - 1) / 20 + (y - 1) / 12 < 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_statistics_are_numpys_on_the_same_mask(region: Region, inside: Callable[[float, float], bool],
                                                dtype: type) -> None:
    values = np.random.default_rng(7).normal(100, 25, (15, 24)).clip(0, 255).astype(dtype)
    mask = by_hand(inside, 15, 24)
    assert np.array_equal(region_mask(region, 15, 24), mask)
    found, under = statistics(values, region_mask(region, 15, 24)), values[mask].astype(np.float64)
    assert found is not None
    assert (found.n, found.minimum, found.maximum) == (under.size, under.min(), under.max())
    assert (found.mean, found.sd) == (pytest.approx(np.mean(under)), pytest.approx(np.std(under)))


def test_regions_side_by_side_share_no_pixel_and_leave_none_out() -> None:
    left, right = (Region(KINDS.BOX, ((x, 0.0), (x + 4.5, 8.0))) for x in (0.0, 4.5))
    cut = Region(KINDS.POLYGON, ((0.0, 0.0), (9.0, 0.0), (9.0, 8.0))), Region(
        KINDS.POLYGON, ((0.0, 0.0), (9.0, 8.0), (0.0, 8.0)))
    for one, other in ((left, right), cut):
        both = [region_mask(region, 8, 9).astype(int) for region in (one, other)]
        assert np.array_equal(both[0] + both[1], np.ones((8, 9), int))


def test_arms_of_an_angle_cover_the_pixels_under_them() -> None:
    mask = region_mask(Region(KINDS.ANGLE, ((0.5, 2.5), (4.5, 2.5), (4.5, 6.5))), 8, 8)
    expected = np.zeros((8, 8), bool)
    expected[2, :5] = expected[2:7, 4] = True
    assert np.array_equal(mask, expected)
