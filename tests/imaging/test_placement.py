"""Canvases and the exact way back, against transformers' own rule and by property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fineview.imaging import placement

SIZES = st.tuples(st.integers(8, 5000), st.integers(8, 5000))


def test_canvas_choice_equals_transformers_on_2000_random_sizes() -> None:
    processing = pytest.importorskip("transformers.image_processing_utils")
    rng = np.random.default_rng(3)
    for canvases in (placement.FILA_CANVASES, placement.RETINA_CANVASES):
        for height, width in rng.integers(10, 5000, (1000, 2)):
            size = (int(height), int(width))
            assert placement.choose_canvas(*size, canvases) == processing.select_best_resolution(size, list(canvases))


def test_a_3_to_2_photograph_is_seen_at_2304_by_1536() -> None:
    where = placement.place(2848, 4288)
    assert where.canvas_hw == (672, 1008)
    assert where.fine_canvas_hw == (1536, 2304)
    assert where.fine_hw == (1530, 2304)


@settings(max_examples=300, deadline=None)
@given(SIZES, st.floats(0, 1), st.floats(0, 1))
def test_source_to_canvas_to_source_is_the_identity(size: tuple[int, int], y: float, x: float) -> None:
    where = placement.place(*size)
    point = np.array([y * size[0], x * size[1]])
    there = where.to_canvas(point)
    assert np.all(there >= 0) and np.all(there <= np.array(where.canvas_hw) + 1e-9)
    assert np.abs(where.to_source(there) - point).max() < 1e-6


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.integers(20, 120), st.integers(20, 120)), st.sampled_from(
    [placement.FILA_CANVASES, placement.RETINA_CANVASES]))
def test_what_a_tile_shows_comes_from_where_the_way_back_says(size: tuple[int, int], canvases: tuple) -> None:
    """A picture whose colours are its own coordinates, two levels a pixel, through drawing and cutting.

    Within half a pixel: OpenCV's resizing of bytes is off by up to three quarters of a level.
    """
    rows, cols = np.indices(size)
    rgb = np.stack([2 * rows, 2 * cols, np.zeros_like(rows)], -1).astype(np.uint8)
    where = placement.place(*size, canvases)
    canvas, grow = placement.draw(rgb, where), 32 / 14
    for top, left, height, width in where.tiles():
        ys, xs = (np.arange(round(start * grow), round((start + count) * grow), 5)
                  for start, count in ((top, height), (left, width)))
        points = np.stack(np.meshgrid(ys + 0.5, xs + 0.5, indexing="ij"), -1) / grow
        back = where.to_source(points)
        inner = (back > 1).all(-1) & (back < np.array(size) - 1).all(-1)
        shown = canvas[np.ix_(ys, xs)][..., :2] / 2 + 0.5
        assert np.abs(shown - back)[inner].max(initial=0.0) < 0.5


@settings(max_examples=200, deadline=None)
@given(SIZES)
def test_aspect_is_kept_to_half_a_fine_pixel_and_the_corner_lies_on_the_patch_grid(size: tuple[int, int]) -> None:
    where = placement.place(*size)
    exact = min(where.fine_canvas_hw[0] / size[0], where.fine_canvas_hw[1] / size[1])
    for axis in (0, 1):
        assert abs(where.fine_hw[axis] - max(1.0, size[axis] * exact)) <= 0.5 + 1e-9
        assert where.fine_corner[axis] % 32 == 0
        assert where.fine_corner[axis] + where.fine_hw[axis] <= where.fine_canvas_hw[axis]
    for cell in (4, 8, 16, 32):
        rows, cols = where.cells(cell)
        step_y, step_x = where.stride_px(cell)
        assert (rows.stop - rows.start - 1) * step_y < size[0] <= (rows.stop - rows.start) * step_y + 1e-6
        assert (cols.stop - cols.start - 1) * step_x < size[1] <= (cols.stop - cols.start) * step_x + 1e-6


@pytest.mark.parametrize("size", [(1024, 1024), (700, 1100), (2000, 3008), (300, 210)])
def test_a_drawn_spot_comes_back_to_its_place_within_half_a_cell(size: tuple[int, int]) -> None:
    where = placement.place(*size)
    rgb = np.zeros((*size, 3), np.uint8)
    y, x = size[0] // 3, 2 * size[1] // 3
    reach = max(6, size[0] // 40)
    rgb[y - reach: y + reach, x - reach: x + reach] = 255
    canvas = placement.draw(rgb, where)
    assert canvas.shape == (*where.fine_canvas_hw, 3)
    quarter = canvas[:, :, 0].reshape(canvas.shape[0] // 4, 4, -1, 4).mean((1, 3)).astype(np.float32)
    found = placement.back(quarter, where, 4)
    weight = found / found.sum()
    centre = (weight.sum(1) @ (np.arange(size[0]) + 0.5), weight.sum(0) @ (np.arange(size[1]) + 0.5))
    step_y, step_x = where.stride_px(4)
    assert abs(centre[0] - y) < max(0.5, step_y / 2) and abs(centre[1] - x) < max(0.5, step_x / 2)


def test_a_flat_map_comes_back_flat_and_edges_of_cells_match_strides() -> None:
    where = placement.place(900, 1300)
    flat = np.full((where.fine_canvas_hw[0] // 32, where.fine_canvas_hw[1] // 32), 0.25, np.float32)
    found = placement.back(flat, where, 32)
    assert found.shape == (900, 1300) and found.dtype == np.float32
    assert np.abs(found - 0.25).max() < 1e-6
    rows, _ = where.cell_edges(32)
    first = where.cells(32)[0].start
    assert rows[first] == 0 and rows[-1] == 900
    assert abs(rows[first + 3] - 3 * where.stride_px(32)[0]) <= 0.5


def test_tiles_cover_the_canvas_once() -> None:
    where = placement.place(2848, 4288)
    cover = np.zeros(where.canvas_hw, int)
    for top, left, height, width in where.tiles():
        cover[top: top + height, left: left + width] += 1
    assert where.grid == (2, 3) and np.all(cover == 1)


@pytest.mark.parametrize("size", [(0, 10), (10, 0)])
def test_an_empty_picture_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="needed"):
        placement.choose_canvas(*size)
