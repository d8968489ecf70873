"""Pictures of a report: the shape of what they show, and outlines where the region is."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.geometry import Box
from fineview.core.region import Region, RegionKind
from fineview.imaging.drawing import draw_region, stretched, true_aspect


def test_a_flat_pixel_widens_the_picture() -> None:
    rgb = np.zeros((100, 50, 3), np.uint8)
    assert true_aspect(rgb, 0.25).shape == (100, 200, 3)
    assert true_aspect(rgb, 2.0).shape == (200, 50, 3)
    assert true_aspect(rgb, 1.0) is rgb


def test_an_extreme_shape_stays_printable() -> None:
    assert max(true_aspect(np.zeros((100, 500, 3), np.uint8), 0.01).shape) <= 4096


def test_the_outline_lies_on_the_stretched_region() -> None:
    rgb = np.full((100, 100, 3), 80, np.uint8)
    region = Region.from_box(Box(20, 30, 40, 20))
    drawn = draw_region(true_aspect(rgb, 0.5), stretched(region, 0.5, 100, 100), (255, 0, 0))
    red = (drawn[..., 0] > 200) & (drawn[..., 1] < 100)
    rows, cols = np.nonzero(red)
    assert (cols.min() / 2, rows.min()) == pytest.approx((20, 30), abs=1.5)
    assert (cols.max() / 2, rows.max()) == pytest.approx((60, 50), abs=1.5)
    assert not red[38:42, 60:100].any()  # an outline, not a filled box


@pytest.mark.parametrize("kind", list(RegionKind))
def test_every_kind_can_be_drawn(kind: RegionKind) -> None:
    count = {RegionKind.POINT: 1, RegionKind.BOX: 2, RegionKind.ELLIPSE: 2, RegionKind.LENGTH: 2,
             RegionKind.ANGLE: 3}.get(kind, 4)
    points = ((20.0, 20.0), (60.0, 50.0), (30.0, 70.0), (10.0, 40.0))[:count]
    rgb = np.zeros((100, 100, 3), np.uint8)
    assert (draw_region(rgb, Region(kind, points), (0, 255, 0))[..., 1] > 200).any()
    assert not rgb.any()


def test_an_angle_has_two_arms_and_no_third_side() -> None:
    drawn = draw_region(np.zeros((100, 100, 3), np.uint8),
                        Region(RegionKind.ANGLE, ((20.0, 20.0), (20.0, 80.0), (80.0, 80.0))), (0, 255, 0))[..., 1]
    assert drawn[50, 18:23].max() > 150 and drawn[78:83, 50].max() > 150
    assert drawn[30:70, 30:70].max() == 0
