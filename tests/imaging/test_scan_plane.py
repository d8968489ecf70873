"""Places on the fundus by hand-computed coordinates, values by closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.errors import RequestProblem
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.orientation import Orientation
from fineview.core.place import Place
from fineview.core.study import FrameInfo, Laterality, Series
from fineview.imaging.scan_places import plane_of
from fineview.imaging.scan_plane import ScanPlane

OWN = Spacing(0.004, 0.05, None, ScaleSource.CALIBRATED)


def raster(heights: list[float], cols: int = 121, half: float = 3.0) -> ScanPlane:
    """Horizontal B-scans at these y in mm, from x = -half to half."""
    return ScanPlane(np.array([[(-half, y), (half, y)] for y in heights]), cols, ScaleSource.CALIBRATED)


def volume(frames: tuple[FrameInfo, ...], side: Laterality, between: float | None = None) -> Series:
    return Series("v", "s", "OPT", frames=frames, cols=121, rows=400, laterality=side,
                  spacing=Spacing(0.004, 0.05, between, ScaleSource.CALIBRATED), is_volume=True)


def test_a_plane_function_is_read_exactly_between_unequally_spaced_lines() -> None:
    heights = [-1.0, -0.9, -0.45, -0.4, 0.0, 0.3]
    plane = raster(heights)
    x = np.linspace(-3, 3, 121)
    values = np.array([[5 * a + 7 * y + 300 for a in x] for y in heights])
    px, py = np.array([0.013, -2.99, 1.7]), np.array([-0.77, 0.299, 0.0])
    assert plane.sample(values, px, py) == pytest.approx(5 * px + 7 * py + 300, abs=1e-3)


@pytest.mark.parametrize("turn", [0.0, 30.0, 90.0, 180.0])
def test_however_the_lines_lie(turn: float) -> None:
    """The same function read through a raster that is turned about (4, 5)."""
    angle = np.radians(turn)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    flat = np.array([[(-2.0, y), (2.0, y)] for y in np.arange(-1, 1.01, 0.25)])
    plane = ScanPlane(flat @ spin.T + (4, 5), 81, ScaleSource.CALIBRATED)
    at = np.stack([plane.ends_mm[:, :1] + (plane.ends_mm[:, 1:] - plane.ends_mm[:, :1]) * t
                   for t in np.linspace(0, 1, 81)], 2)[:, 0]
    values = 2 * at[..., 0] - 3 * at[..., 1]
    x, y = np.array([4.0, 4.3, 3.5]), np.array([5.0, 4.8, 5.6])
    assert plane.sample(values, x, y) == pytest.approx(2 * x - 3 * y, abs=1e-4)


def test_every_second_line_may_run_the_other_way() -> None:
    ends = np.array([[(-1.0, y), (1.0, y)] if i % 2 else [(1.0, y), (-1.0, y)] for i, y in enumerate((0, 0.2, 0.4))])
    plane = ScanPlane(ends, 3, ScaleSource.CALIBRATED)
    values = np.array([[10, 0, -10], [-10, 0, 10], [10, 0, -10]], float)
    assert plane.sample(values, np.array([0.5]), np.array([0.1])) == pytest.approx([5.0])


def test_beyond_the_scan_and_across_a_wide_gap_there_is_nothing() -> None:
    plane = raster([0.0, 0.2, 0.9])
    values = np.full((3, 121), 300.0)
    x = np.zeros(6)
    got = plane.sample(values, x, np.array([-0.01, 0.1, 0.2, 0.5, 0.9, 0.91]))
    assert np.isfinite(got).tolist() == [False, True, True, False, True, False]
    assert np.isnan(plane.sample(values, np.array([3.01]), np.array([0.1]))).all()


def test_what_is_unknown_stays_unknown() -> None:
    plane = raster([0.0, 0.2])
    values = np.full((2, 121), 300.0)
    values[0, 60] = np.nan
    x = np.array([-0.06, -0.04, 0.0, 0.04, 0.06])
    assert np.isnan(plane.sample(values, x, np.full(5, 0.1))).tolist() == [False, True, True, True, False]
    assert np.isfinite(plane.sample(values, x, np.full(5, 0.2))).all()


def test_the_nearest_a_scan_and_its_place() -> None:
    plane = raster([-1.0, 0.0, 0.4])
    assert plane.nearest((0.52, 0.25)) == (2, 70)
    assert plane.place(2, 70) == pytest.approx((0.5, 0.4))
    assert plane.middle == pytest.approx((0.0, -0.3))


def test_radial_and_repeated_scans_are_refused() -> None:
    star = np.array([[(-np.cos(a), -np.sin(a)), (np.cos(a), np.sin(a))] for a in (0.0, 1.0, 2.0)])
    for ends in (star, star[:1], np.repeat(star[:1], 3, 0)):
        with pytest.raises(RequestProblem) as told:
            ScanPlane(ends, 100, ScaleSource.CALIBRATED)
        assert told.value.code == "not-a-raster"


def test_lines_on_a_localizer_use_its_scale_and_its_directions() -> None:
    lines = [((100.0, 300.0 - 10 * i), (700.0, 300.0 - 10 * i)) for i in range(3)]
    frames = tuple(FrameInfo("a", i, cols=121, spacing=OWN, scan_line=line) for i, line in enumerate(lines))
    picture = FrameInfo("b", rows=768, cols=768, spacing=Spacing(0.01, 0.01, None, ScaleSource.PROJECTED))
    plane = plane_of(volume(frames, Laterality("L", "header")), picture)
    assert plane.ends_mm[1].tolist() == [[1.0, 2.9], [7.0, 2.9]]
    assert plane.source is ScaleSource.PROJECTED and plane.px_per_mm == pytest.approx((100.0, 100.0))
    assert plane.directions.sides() == ("temporal", "superior", "nasal", "inferior")
    assert plane.notes == ()


def test_a_localizer_without_scale_borrows_that_of_the_b_scans() -> None:
    frames = tuple(FrameInfo("a", i, cols=121, spacing=OWN, scan_line=((0.0, 10.0 * i), (300.0, 10.0 * i)))
                   for i in range(2))
    plane = plane_of(volume(frames, Laterality()), FrameInfo("b"))
    # 120 steps of 0.05 mm over 300 px.
    assert plane.ends_mm[1] == pytest.approx(np.array([(0.0, 0.2), (6.0, 0.2)]))
    assert plane.directions.sides() == ("right", "superior", "left", "inferior")
    assert "no scale of its own" in plane.notes[0]


def test_scales_that_disagree_are_told() -> None:
    frames = tuple(FrameInfo("a", i, cols=121, spacing=OWN, scan_line=((0.0, 10.0 * i), (900.0, 10.0 * i)))
                   for i in range(2))
    picture = FrameInfo("b", spacing=Spacing(0.01, 0.01, None, ScaleSource.CALIBRATED))
    assert "50 % longer" in plane_of(volume(frames, Laterality()), picture).notes[0]


def test_places_along_crossing_normals_are_no_raster() -> None:
    """A radial scan about (0, 0, 100) mm whose lines no localizer shows: 100 x is the place along each normal."""
    ways = [(float(np.cos(turn)), 0.0, float(np.sin(turn))) for turn in np.radians((150, 120, 90, 60, 30, 0))]
    frames = tuple(FrameInfo("a", i, cols=121, spacing=OWN, position_mm=100 * x,
                             place=Place((-3 * x, 0.0, 100 - 3 * z), (x, 0.0, z), (0.0, 1.0, 0.0)))
                   for i, (x, _, z) in enumerate(ways))
    with pytest.raises(RequestProblem) as told:
        plane_of(volume(frames, Laterality("R", "header")), None)
    assert told.value.code == "not-a-raster"


def test_numbers_through_two_scans_are_no_places() -> None:
    step = Spacing(OWN.row_mm, OWN.col_mm, 0.1, OWN.source)
    frames = [FrameInfo("right", i, cols=121, spacing=step) for i in range(3)]
    assert plane_of(volume(tuple(frames), Laterality()), None).ends_mm[2, 0, 1] == pytest.approx(0.1)
    frames += [FrameInfo("left", i, cols=121, spacing=step) for i in range(3)]
    with pytest.raises(RequestProblem) as told:
        plane_of(volume(tuple(frames), Laterality()), None)
    assert told.value.code == "no-scale"


@pytest.mark.parametrize(("side", "along_row", "begins", "right"), [
    ("R", "N", -3.0, "nasal"), ("R", "T", 3.0, "nasal"), ("L", "T", -3.0, "temporal"), ("L", "N", 3.0, "temporal")])
def test_positions_along_the_normal(side: str, along_row: str, begins: float, right: str) -> None:
    """Rows along the patient's left and columns to the back stack towards the head: later frames lie higher."""
    frames = tuple(FrameInfo("a", i, cols=121, spacing=OWN, orientation=Orientation(along_row, "P"),
                             position_mm=0.2 * i) for i in range(3))
    plane = plane_of(volume(frames, Laterality(side, "header")), None)  # type: ignore[arg-type]
    # Rows towards the patient's right stack towards the feet.
    up = -1.0 if begins < 0 else 1.0
    assert plane.ends_mm[2] == pytest.approx(np.array([(begins, 0.2 * up), (-begins, 0.2 * up)]))
    left = {"nasal": "temporal", "temporal": "nasal"}[right]
    assert plane.directions.sides() == (right, "superior", left, "inferior")


def test_vertical_b_scans_without_a_localizer() -> None:
    """Rows to the feet, columns to the back: feet x back is the patient's left."""
    frames = tuple(FrameInfo("a", i, cols=121, spacing=OWN, orientation=Orientation("F", "P"), position_mm=0.2 * i)
                   for i in range(3))
    plane = plane_of(volume(frames, Laterality("R", "header")), None)
    assert abs(plane.ends_mm[2][0][0]) == pytest.approx(0.2)
    assert plane.ends_mm[2][:, 1].tolist() == pytest.approx([-3.0, 3.0])
    # (0, 0, -1) x (0, 1, 0) = (1, 0, 0) in patient coordinates x left, y back, z head.
    assert plane.ends_mm[2][0][0] == pytest.approx(0.2)


def test_a_side_from_a_file_name_names_no_field() -> None:
    frames = tuple(FrameInfo("a", i, cols=121, spacing=OWN, orientation=Orientation("L", "P"), position_mm=0.2 * i)
                   for i in range(3))
    assert plane_of(volume(frames, Laterality("R", "file-name")), None).directions.sides()[::2] == ("right", "left")


def test_frames_without_place_go_by_number_and_no_direction_is_named() -> None:
    frames = tuple(FrameInfo("a", i, cols=121, spacing=OWN) for i in range(3))
    plane = plane_of(volume(frames, Laterality("R", "header"), between=0.25), None)
    assert plane.ends_mm[:, 0, 1].tolist() == pytest.approx([-0.25, 0.0, 0.25])
    assert plane.directions.sides() == ("right", "above", "left", "below")


def test_no_scale_no_map() -> None:
    bare = tuple(FrameInfo("a", i, cols=121, scan_line=((0.0, 10.0 * i), (300.0, 10.0 * i))) for i in range(2))
    loose = tuple(FrameInfo("a", i, cols=121, spacing=OWN) for i in range(2))
    for frames, picture in ((bare, FrameInfo("b")), (bare, None), (loose, None)):
        with pytest.raises(RequestProblem) as told:
            plane_of(volume(frames, Laterality()), picture)
        assert told.value.code == "no-scale"
