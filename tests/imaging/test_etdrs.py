"""The grid against closed forms: slabs, tilts, bowls; and against a count by hand where the scan is too small."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fineview.core.geometry import ScaleSource
from fineview.core.thickness import RADII_MM, Directions, EtdrsGrid
from fineview.imaging.enface import slab
from fineview.imaging.etdrs import etdrs_grid
from fineview.imaging.scan_plane import ScanPlane
from fineview.imaging.thickness import thickness_um

OD = Directions("N", "S")
ROW_MM = 0.00387
UNEQUAL = [-3.2, -3.0, -2.55, -2.5, -2.1, -1.7, -1.5, -1.05, -0.8, -0.4, -0.35, 0.0, 0.1, 0.55, 0.8, 1.3, 1.4, 1.9,
           2.0, 2.3, 2.75, 3.0, 3.1]


def plane(heights: list[float] | np.ndarray, half: float = 3.2, cols: int = 512, to: Directions = OD) -> ScanPlane:
    return ScanPlane(np.array([[(-half, y), (half, y)] for y in heights]), cols, ScaleSource.CALIBRATED, to)


def places(where: ScanPlane) -> tuple[np.ndarray, np.ndarray]:
    share = np.linspace(0, 1, where.cols)
    begin, end = where.ends_mm[:, 0], where.ends_mm[:, 1]
    at = begin[:, None] + (end - begin)[:, None] * share[None, :, None]
    return at[..., 0], at[..., 1]


def ring_mean_of_x(inner: float, outer: float) -> float:
    """Mean of x over the quadrant of a ring about the x axis: (2/3) (R^3 - r^3)/(R^2 - r^2) sin(45)/(pi/4)."""
    radial = 2 / 3 * (outer**3 - inner**3) / (outer**2 - inner**2)
    return radial * math.sin(math.pi / 4) / (math.pi / 4)


def test_a_slab_of_300_um_has_300_in_all_nine_fields_of_an_uneven_scan() -> None:
    where = plane(UNEQUAL)
    upper = np.full((len(UNEQUAL), 512), 100.0)
    values = thickness_um(upper, upper + 300 / (ROW_MM * 1000), ROW_MM)
    grid = etdrs_grid(values, where, (0.0, 0.0), "test", coded=True)
    assert len(grid.fields) == 9
    assert [one.mean_um for one in grid.fields] == pytest.approx([300.0] * 9, abs=1.0)
    assert grid.volume_mm3 == pytest.approx(0.3 * math.pi * 9, abs=0.03)
    assert grid.centre_point_um == pytest.approx(300.0, abs=1.0)
    assert {one.name: one.loinc for one in grid.fields} == {
        "centre": "57109-1", "inner superior": "57110-9", "inner nasal": "57111-7", "inner inferior": "57112-5",
        "inner temporal": "57113-3", "outer superior": "57114-1", "outer nasal": "57115-8",
        "outer inferior": "57116-6", "outer temporal": "57117-4"}


def test_a_bowl_has_the_means_of_its_integral() -> None:
    """t = a + b r^2: the mean of a ring is a + b (r0^2 + r1^2) / 2, of a disc a + b R^2 / 2."""
    where = plane(np.arange(-3.2, 3.21, 0.1))
    x, y = places(where)
    grid = etdrs_grid(250 + 6 * ((x - 0.05) ** 2 + (y + 0.1) ** 2), where, (0.05, -0.1), "test", coded=False)
    expected = [250 + 6 * 0.25 / 2] + [250 + 6 * (0.25 + 2.25) / 2] * 4 + [250 + 6 * (2.25 + 9.0) / 2] * 4
    # Linear interpolation between lines 0.1 mm apart lifts a bowl by b h^2 / 6 = 0.01 um.
    assert [one.mean_um for one in grid.fields] == pytest.approx(expected, abs=0.1)
    assert {one.loinc for one in grid.fields} == {""}


def test_a_tilt_tells_the_quadrants_apart() -> None:
    where = plane(np.arange(-3.2, 3.21, 0.2))
    x, y = places(where)
    grid = etdrs_grid(300 + 10 * x - 4 * y, where, (0.0, 0.0), "test", coded=True)
    inner, outer = ring_mean_of_x(*RADII_MM[:2]), ring_mean_of_x(*RADII_MM[1:])
    expected = {"centre": 300.0, "inner nasal": 300 + 10 * inner, "inner temporal": 300 - 10 * inner,
                "inner superior": 300 + 4 * inner, "inner inferior": 300 - 4 * inner,
                "outer nasal": 300 + 10 * outer, "outer temporal": 300 - 10 * outer,
                "outer superior": 300 + 4 * outer, "outer inferior": 300 - 4 * outer}
    assert {one.name: one.mean_um for one in grid.fields} == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(("to", "names"), [
    (Directions("T", "S"), ["inner temporal", "inner superior", "inner nasal", "inner inferior"]),
    (Directions("", "S"), ["inner right", "inner superior", "inner left", "inner inferior"]),
    (Directions(), ["inner right", "inner above", "inner left", "inner below"])])
def test_a_side_that_is_not_known_is_not_named(to: Directions, names: list[str]) -> None:
    where = plane(np.arange(-3.2, 3.21, 0.2), to=to)
    grid = etdrs_grid(np.full((len(where.ends_mm), 512), 300.0), where, (0.0, 0.0), "test", coded=True)
    assert [one.name for one in grid.fields[1:5]] == names
    assert [bool(one.loinc) for one in grid.fields[1:5]] == ["right" not in n and "left" not in n and "above" not in n
                                                             and "below" not in n for n in names]


def small() -> EtdrsGrid:
    where = plane(np.arange(-2.25, 2.251, 0.15), half=2.25)
    return etdrs_grid(np.full((len(where.ends_mm), 512), 300.0), where, (0.0, 0.0), "test", coded=True)


def test_a_scan_of_4_5_mm_does_not_cover_the_outer_ring() -> None:
    grid = small()
    assert [one.words for one in grid.fields] == ["300 \u00b5m"] * 5 + ["not covered"] * 4
    assert [one.mean_um for one in grid.fields[5:]] == [None] * 4
    assert grid.volume_mm3 is None
    # A triangle |x| < y < 2.25 less the quadrant of the 3 mm disc, over the quadrant of the ring.
    share = (2.25**2 - math.pi * 2.25 / 4) / (math.pi * 6.75 / 4)
    assert [one.covered for one in grid.fields[5:]] == pytest.approx([share] * 4, abs=0.005)


def test_a_moved_centre_takes_the_fields_with_it() -> None:
    where = plane(np.arange(-3.2, 3.21, 0.2))
    grid = etdrs_grid(np.full((len(where.ends_mm), 512), 300.0), where, (1.0, 0.0), "test", coded=True)
    told = {one.name: one.words for one in grid.fields}
    assert told["outer nasal"] == "not covered" and told["outer temporal"] == "300 \u00b5m"


def test_lines_that_cross_or_are_missing_are_unknown() -> None:
    upper, lower = np.array([[10.0, 10.0, np.nan]]), np.array([[20.0, 9.0, 20.0]])
    got = thickness_um(upper, lower, np.array([0.004]))
    assert got[0, 0] == pytest.approx(40.0) and np.isnan(got[0, 1:]).all()


def test_a_slab_is_the_mean_or_maximum_of_its_pixels() -> None:
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 256, (40, 7)).astype(np.uint8)
    top = np.array([3.0, 3.4, 3.6, 10.0, np.nan, -5.0, 39.6])
    bottom = np.array([9.0, 9.5, 9.4, 10.2, 20.0, 99.0, 40.0])
    counted = [range(3, 9), range(3, 9), range(4, 9), range(0), range(0), range(40), range(0)]
    for mode, reduce in (("mean", np.mean), ("max", np.max)):
        expected = [reduce([int(pixels[r, c]) for r in rows]) if len(rows) else np.nan
                    for c, rows in enumerate(counted)]
        assert slab(pixels, top, bottom, mode) == pytest.approx(expected, abs=1e-3, nan_ok=True)  # type: ignore[arg-type]
    assert slab(pixels, 0.0, 40.0) == pytest.approx(pixels.mean(0), abs=1e-3)
