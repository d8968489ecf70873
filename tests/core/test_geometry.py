"""Lengths, areas and shapes against values worked out by hand."""

from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fineview.core.errors import InputProblem, LimitExceeded
from fineview.core.geometry import Box, ScaleSource, Spacing
from fineview.core.region import Region, RegionKind

OCT = Spacing(0.004, 0.012, 0.24, ScaleSource.CALIBRATED)


def test_a_length_uses_both_spacings() -> None:
    assert OCT.length_mm((0, 0), (100, 0)) == pytest.approx(1.2)
    assert OCT.length_mm((0, 0), (0, 100)) == pytest.approx(0.4)
    assert OCT.length_mm((10, 10), (10 + 100, 10 + 400)) == pytest.approx(2.0)  # 1.2 across, 1.6 down


@pytest.mark.parametrize("source", [ScaleSource.NONE, ScaleSource.ASSUMED])
def test_an_unsure_scale_gives_no_millimetres(source: ScaleSource) -> None:
    spacing = Spacing(0.1, 0.1, None, source)
    assert spacing.length_mm((0, 0), (1, 1)) is None
    assert spacing.area_mm2(100) is None


def test_a_missing_half_gives_no_millimetres() -> None:
    assert Spacing(0.1, None, None, ScaleSource.CALIBRATED).length_mm((0, 0), (1, 1)) is None


def test_aspect_is_height_over_width() -> None:
    assert OCT.aspect == pytest.approx(1 / 3)
    assert Spacing().aspect == 1.0


def test_areas() -> None:
    assert Region.from_box(Box(1, 2, 30, 40)).area_px == 1200
    assert Region(RegionKind.ELLIPSE, ((0, 0), (20, 10))).area_px == pytest.approx(math.pi * 50)
    triangle = Region(RegionKind.POLYGON, ((0, 0), (10, 0), (0, 10)))
    assert triangle.area_px == 50
    assert Region(RegionKind.LENGTH, ((0, 0), (3, 4))).area_px == 0


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=3, max_size=12),
       st.floats(-500, 500), st.floats(-500, 500))
def test_moving_keeps_the_area(points: list[tuple[float, float]], dx: float, dy: float) -> None:
    region = Region(RegionKind.POLYGON, tuple(points))
    assert region.moved(dx, dy).area_px == pytest.approx(region.area_px, rel=1e-6, abs=1e-1)


@pytest.mark.parametrize(("kind", "points"), [
    (RegionKind.BOX, ((0, 0),)), (RegionKind.POLYGON, ((0, 0), (1, 1))), (RegionKind.POINT, ()),
    (RegionKind.LENGTH, ((0, 0), (math.nan, 1))), (RegionKind.POINT, ((math.inf, 0),))])
def test_shapes_that_are_none(kind: RegionKind, points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match="needs"):
        Region(kind, points)


def test_clipping_a_box() -> None:
    assert Box(-5, -5, 20, 20).clipped(10, 12) == Box(0, 0, 12, 10)
    outside = Box(50, 50, 5, 5).clipped(10, 10)
    assert (outside.w, outside.h) == (0, 0)


def test_errors_survive_the_way_from_a_child_process() -> None:
    error = LimitExceeded("needs 4.0 GB, limit 1 GB", "Split the file.", "too-large")
    back = pickle.loads(pickle.dumps(error))
    assert isinstance(back, InputProblem)
    assert back.as_dict() == {"code": "too-large", "what": "needs 4.0 GB, limit 1 GB", "remedy": "Split the file."}
