"""Masks against brute force at pixel centres, statistics against plain numpy on hand-made pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fineview.core.geometry import Box
from fineview.core.region import Region, RegionKind
from fineview.imaging.region_mask import luma, region_mask, statistics, surroundings


def winding_number(points: list[tuple[float, float]], x: float, y: float) -> float:
    """Sum of the angles under which the edges are seen from (x, y): +-2 pi inside a simple polygon, 0 outside."""
    total = 0.0
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1], strict=True):
        total += math.atan2((ax - x) * (by - y) - (ay - y) * (bx - x), (ax - x) * (bx - x) + (ay - y) * (by - y))
    return total


@given(st.lists(st.floats(2.0, 9.0), min_size=3, max_size=9))
def test_a_star_shaped_polygon_covers_the_centres_inside_it(radii: list[float]) -> None:
    angles = [2 * math.pi * (i + 0.137) / len(radii) for i in range(len(radii))]
    points = [(10.01 + r * math.cos(a), 10.03 + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]
    mask = region_mask(Region(RegionKind.POLYGON, tuple(points)), 20, 21)
    for row in range(20):
        for col in range(21):
            assert mask[row, col] == (abs(winding_number(points, col + 0.5, row + 0.5)) > math.pi)


def test_a_box_covers_whole_pixels() -> None:
    mask = region_mask(Region.from_box(Box(2, 1, 3, 4)), 10, 10)
    expected = np.zeros((10, 10), bool)
    expected[1:5, 2:5] = True
    assert np.array_equal(mask, expected)


def test_an_ellipse_has_about_its_area() -> None:
    region = Region(RegionKind.ELLIPSE, ((10, 20), (90, 60)))
    assert region_mask(region, 100, 100).sum() == pytest.approx(math.pi * 40 * 20, rel=0.01)


def test_point_and_length() -> None:
    mask = region_mask(Region(RegionKind.POINT, ((3.9, 7.1),)), 10, 10)
    assert np.argwhere(mask).tolist() == [[7, 3]]
    line = region_mask(Region(RegionKind.LENGTH, ((1.5, 2.5), (6.5, 2.5))), 10, 10)
    assert np.argwhere(line).tolist() == [[2, col] for col in range(1, 7)]


@pytest.mark.parametrize("kind", [RegionKind.BOX, RegionKind.ELLIPSE])
def test_outside_the_image_is_nothing(kind: RegionKind) -> None:
    assert not region_mask(Region(kind, ((50, 50), (60, 60))), 10, 10).any()


def test_statistics_are_those_of_numpy() -> None:
    values = np.arange(100, dtype=np.int16).reshape(10, 10)
    mask = region_mask(Region.from_box(Box(0, 0, 2, 2)), 10, 10)
    found = statistics(values, mask)
    assert found is not None
    inside = np.array([0, 1, 10, 11])
    assert (found.n, found.mean, found.minimum, found.maximum) == (4, 5.5, 0, 11)
    assert found.sd == pytest.approx(inside.std())
    assert statistics(values, np.zeros((10, 10), bool)) is None


def test_luma_is_rec_601() -> None:
    assert luma(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)) == pytest.approx(
        np.array([[76.245, 149.685, 29.07]]))


def test_surroundings_touch_but_do_not_cover() -> None:
    mask = np.zeros((50, 50), bool)
    mask[20:30, 20:30] = True
    ring = surroundings(mask, 4)
    assert not (ring & mask).any()
    assert ring[25, 31] and ring[25, 33] and not ring[25, 35]


@pytest.mark.parametrize("region", [
    Region.from_box(Box(3.6, 7.1, 0.3, 0.2)), Region(RegionKind.ELLIPSE, ((3.6, 7.1), (3.9, 7.3))),
    Region(RegionKind.POLYGON, ((3.6, 7.1), (3.9, 7.1), (3.7, 7.3)))])
def test_what_holds_no_centre_covers_the_pixel_under_it(region: Region) -> None:
    assert np.argwhere(region_mask(region, 10, 10)).tolist() == [[7, 3]]


def test_a_point_on_the_far_edge_is_the_last_pixel() -> None:
    assert np.argwhere(region_mask(Region(RegionKind.POINT, ((10.0, 10.0),)), 10, 10)).tolist() == [[9, 9]]
    assert not region_mask(Region(RegionKind.POINT, ((10.1, 10.0),)), 10, 10).any()
