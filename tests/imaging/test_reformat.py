"""Cuts through volumes whose every voxel is known by a formula of its patient coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.study import FrameInfo
from fineview.core.volume import Volume
from fineview.imaging.reformat import OWN, PATIENT, Cut, Plane, cut, step_mm
from fineview.imaging.stack import stack_of
from tests.imaging.stacks import frame, middle_of, turned, upright

SLOPE = np.array((3.0, -2.0, 7.0))
OBLIQUE = ((0.936, 0.352, 0.0), (-0.352, 0.936, 0.0))  # 20.6 degrees about the long axis


def filled(frames: list[FrameInfo], dtype: str = "<f4") -> Volume:
    """A volume whose voxel at (x, y, z) has the value 3 x - 2 y + 7 z, by the frames' own headers."""
    grid = stack_of("CT", frames).grid
    assert grid is not None
    voxels = []
    for one in frames:
        assert one.place is not None and one.spacing.col_mm and one.spacing.row_mm
        column, row = np.meshgrid(np.arange(one.cols), np.arange(one.rows))
        points = np.array(one.place.corner_mm) + column[..., None] * one.spacing.col_mm * np.array(one.place.right) \
            + row[..., None] * one.spacing.row_mm * np.array(one.place.down)
        voxels.append(points @ SLOPE)
    return Volume(np.array(voxels).astype(dtype), grid)


def points_of(made: Cut) -> np.ndarray:
    """Patient coordinates of each pixel's centre by the cut's own place, (H, W, 3)."""
    height, width = made.pixels.shape[:2]
    column, row = np.meshgrid(np.arange(width) * made.mm, np.arange(height) * made.mm)
    return np.array(made.place.corner_mm) + column[..., None] * np.array(made.place.right) \
        + row[..., None] * np.array(made.place.down)


def unit(directions: tuple[tuple[float, float, float], ...]) -> tuple[tuple[float, float, float], ...]:
    made = [np.array(one) / np.linalg.norm(one) for one in directions]
    return tuple((float(x), float(y), float(z)) for x, y, z in made)


STACKS = {
    "axial": upright(5, 7, 9, 11, 13),
    "sagittal": [frame((x, -20, 30), ((0, 1, 0), (0, 0, -1)), (1.0, 1.0)) for x in (8, 4, 0, -4)],
    "oblique": [frame((-3 + z, 2, z), unit(OBLIQUE)) for z in (0.0, 1.5, 3.0, 4.5)],
    "tilted": [frame((0, 0, 3.0 * k), turned(20), size=(16, 16)) for k in range(6)],
    "uneven": upright(0, 2, 4, 6.8, 8.8)}


@pytest.mark.parametrize("plane", PATIENT, ids=lambda plane: plane.name)
@pytest.mark.parametrize("name", STACKS)
def test_every_pixel_has_the_value_of_its_place(name: str, plane: Plane) -> None:
    volume = filled(STACKS[name])
    made = cut(volume, plane, middle_of(volume))
    expected = points_of(made) @ SLOPE
    seen = np.isfinite(made.pixels)
    # float32 of values up to 300.
    assert seen.sum() > 20 and np.abs(made.pixels - expected)[seen].max() < 2e-4
    # The plane goes through the point that was asked for.
    off = (points_of(made) - np.array(middle_of(volume))) @ plane.normal
    assert np.abs(off).max() < 1e-9


def test_pixels_outside_the_volume_are_nothing() -> None:
    volume = filled(STACKS["tilted"])
    made = cut(volume, PATIENT[2], middle_of(volume))
    points = points_of(made)
    # Inside a leaning stack by hand: 16 x 0.5 mm rows along (0, cos, sin), frames 3 mm apart along z.
    c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
    row_mm = points[..., 1] / c
    height = points[..., 2] - row_mm * s
    inside = (row_mm >= 0) & (row_mm <= 7.5) & (height >= 0) & (height <= 15)
    edge = np.minimum.reduce([np.abs(row_mm), np.abs(row_mm - 7.5), np.abs(height), np.abs(height - 15)]) < 1e-4
    assert (np.isfinite(made.pixels) == inside)[~edge].all() and not inside.all()


def test_a_gap_between_frames_stays_empty_and_uneven_ones_are_mixed_at_their_true_places() -> None:
    volume = filled(upright(0, 2, 4, 10, 12))
    made = cut(volume, PATIENT[1], middle_of(volume))
    heights = points_of(made)[:, 0, 2]
    empty = ~np.isfinite(made.pixels).any(axis=1)
    assert empty.tolist() == [4 < z < 10 for z in np.round(heights, 6)] and empty.sum() == 11


def place_of(name: str) -> tuple[Volume, np.ndarray]:
    """A volume of noughts with one bright voxel, and where that lies by its frame's header."""
    frames = STACKS[name]
    volume = filled(frames)
    voxels = np.zeros_like(volume.voxels)
    voxels[2, 5, 6] = 100
    at = frames[2].place
    assert at is not None and frames[2].spacing.col_mm and frames[2].spacing.row_mm
    point = np.array(at.corner_mm) + 6 * frames[2].spacing.col_mm * np.array(at.right) \
        + 5 * frames[2].spacing.row_mm * np.array(at.down)
    return Volume(voxels, volume.grid), point


@pytest.mark.parametrize("plane", PATIENT, ids=lambda plane: plane.name)
@pytest.mark.parametrize("name", ["axial", "sagittal"])
def test_a_landmark_is_at_its_place_in_all_planes(name: str, plane: Plane) -> None:
    volume, point = place_of(name)
    made = cut(volume, plane, tuple(point))
    row, column = np.unravel_index(np.nanargmax(made.pixels), made.pixels.shape)
    assert made.pixels[row, column] == 100
    assert made.to_pixel(tuple(point)) == pytest.approx((column + 0.5, row + 0.5))
    assert made.to_mm((column + 0.5, row + 0.5)) == pytest.approx(tuple(point))
    assert np.nanmax(cut(volume, plane, tuple(point + plane.normal * step_mm(volume.grid, plane))).pixels) == 0


def test_left_is_right_on_screen_and_the_head_is_up() -> None:
    # Brighter towards the patient's left, back and head, each by its own amount.
    volume = filled([frame((-5, -4, z), size=(9, 11), spacing=(1, 1)) for z in range(7)])
    axial, coronal, sagittal = (cut(volume, plane, middle_of(volume)).pixels for plane in PATIENT)
    assert axial[0, 1] - axial[0, 0] == 3 and axial[1, 0] - axial[0, 0] == -2  # x to the left, y to the back
    assert coronal[0, 1] - coronal[0, 0] == 3 and coronal[0, 0] - coronal[1, 0] == 7  # z up
    assert sagittal[0, 1] - sagittal[0, 0] == -2 and sagittal[0, 0] - sagittal[1, 0] == 7
    assert [plane.markers for plane in PATIENT] == [("R", "A", "L", "P"), ("R", "H", "L", "F"), ("A", "H", "P", "F")]


def test_colours_are_mixed_channel_by_channel() -> None:
    frames = upright(0, 2, 4)
    grid = stack_of("OT", frames).grid
    assert grid is not None
    voxels = np.zeros((3, 8, 10, 3), np.uint8)
    voxels[1] = (200, 100, 0)
    made = cut(Volume(voxels, grid), PATIENT[1], (-8.0, -18.0, 1.0))
    assert made.pixels.dtype == np.uint8
    half_way = made.pixels[round(float(made.to_pixel((-8.0, -18.0, 1.0))[1]) - 0.5), 0]
    assert half_way.tolist() == [100, 50, 0]


def test_an_oct_volume_is_cut_along_its_own_axes_with_square_pixels() -> None:
    frames = [FrameInfo("made", rows=20, cols=10, spacing=frame((0, 0, 0), spacing=(0.004, 0.01)).spacing,
                        position_mm=0.05 * k) for k in range(5)]
    grid = stack_of("OPT", frames).grid
    assert grid is not None
    voxels = np.zeros((5, 20, 10), np.uint8)
    voxels[3, 4, 7] = 50
    volume = Volume(voxels, grid)
    along, en_face, across = (cut(volume, plane, (0.07, 0.016, 0.15)) for plane in OWN)
    assert (along.mm, en_face.mm, across.mm) == pytest.approx((0.004, 0.01, 0.004))
    for made in (along, en_face, across):
        column, row = made.to_pixel((0.07, 0.016, 0.15))
        assert made.pixels[int(row), int(column)] >= 40 and np.nanmax(made.pixels) <= 50
    assert en_face.pixels.shape == (21, 10) and along.plane.markers == ("?",) * 4
