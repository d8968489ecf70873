"""Boundary lines from drawn row logits, against the rows they were drawn at."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from fineview.imaging import placement
from fineview.models.vision.lines import beside, beside_bow, bow, cheapest_path, source_rows


def drawn(where: placement.Placement, rows_px: list[float], width: float = 1.0) -> np.ndarray:
    """Logits whose row distribution is a Gaussian around a source row, for each line."""
    high, wide = (size // 4 for size in where.fine_canvas_hw)
    cells = np.arange(high) + 0.5 - where.fine_corner[0] / 4
    logits = np.zeros((len(rows_px), high, wide), np.float32)
    for number, row in enumerate(rows_px):
        at = row / where.stride_px(4)[0]
        logits[number] = (-((cells - at) ** 2) / (2 * width**2))[:, None]
    return logits


def test_rows_come_back_in_source_pixels() -> None:
    where = placement.place(496, 768)
    found = source_rows(drawn(where, [100.0, 300.5, 320.0]), where)
    assert found.shape == (3, 768) and found.dtype == np.float32
    assert np.abs(found - np.array([[100.0], [300.5], [320.0]])).max() < 0.3


def test_an_unsure_column_is_silent() -> None:
    where = placement.place(496, 768)
    logits = drawn(where, [100.0, 300.0, 320.0])
    logits[0, :, :96] = 0.0
    found = source_rows(logits, where)
    assert np.isnan(found[0, 10:100]).all() and np.isfinite(found[0, 500:]).all() and np.isfinite(found[1]).all()


def test_the_pigment_epithelium_is_not_sought_below_the_membrane() -> None:
    where = placement.place(496, 768)
    logits = drawn(where, [100.0, 320.0, 300.0])
    assert np.isnan(source_rows(logits, where)[1]).all()  # nothing worth the name above it
    logits[1] = np.logaddexp(logits[1], drawn(where, [0.0, 290.0, 0.0])[1] - 0.3)  # a weaker second choice that may be
    found = source_rows(logits, where)
    assert np.abs(found - np.array([[100.0], [290.0], [300.0]])).max() < 0.5


@pytest.mark.parametrize("cost", [0.0, 0.4, 3.0])
def test_the_path_is_the_best_of_all_paths(cost: float) -> None:
    rng = np.random.default_rng(3)
    for _ in range(10):
        score = rng.normal(size=(4, 5))
        worth = {rows: sum(score[row, x] for x, row in enumerate(rows)) - cost * np.abs(np.diff(rows)).sum()
                 for rows in itertools.product(range(4), repeat=5)}
        assert tuple(cheapest_path(score, cost)) == max(worth, key=lambda rows: worth[rows])


def test_a_membrane_goes_straight_on_below_a_druse_that_offers_its_top() -> None:
    where = placement.place(496, 512)
    logits = drawn(where, [100.0, 280.0, 300.0])
    top = drawn(where, [100.0, 280.0, 280.0])[2]
    wide = logits.shape[2] // 2
    logits[2, :, wide:wide + 8] = np.logaddexp(logits[2, :, wide:wide + 8], top[:, wide:wide + 8] + 0.4)
    assert np.nanmax(np.abs(source_rows(logits, where)[2] - 300)) < 0.5


def test_the_sub_cell_row_is_the_mean_of_the_cells_near_the_path() -> None:
    weight = np.array([[0.0, 0.2, 0.6, 0.0, 0.0, 0.0, 0.2], [0.2, 0.05, 0.0, 0.0, 0.0, 0.0, 0.75]]).T
    found = beside(weight, np.array([2, 0]))
    assert found[0] == pytest.approx((0.2 * 1.5 + 0.6 * 2.5) / 0.8)  # the far cell counts for nothing
    assert np.isnan(found[1])


@pytest.mark.parametrize(("slope", "bend"), [(0.0, 0.0), (1.2, 0.0), (-0.9, 0.0), (0.3, 180.0)])
def test_steep_and_bowed_scans_keep_all_their_lines(slope: float, bend: float) -> None:
    """Rows of source pixels: a tilt of 1.2 is 50 degrees, as a stretched cube shows it."""
    where = placement.place(640, 256)
    columns = np.arange(256) + 0.5
    middle = 330 + slope * (columns - 128) + bend * ((columns - 128) / 128) ** 2 - bend / 3
    rows = np.stack([middle - 60, middle - 12, middle])
    step_y, step_x = where.stride_px(4)
    high, wide = (size // 4 for size in where.fine_canvas_hw)
    cells = (np.arange(high) + 0.5 - where.fine_corner[0] / 4)[:, None]
    across = (np.arange(wide) + 0.5 - where.fine_corner[1] / 4) * step_x
    logits = np.stack([-((cells - np.interp(across, columns, row) / step_y) ** 2) / 2 for row in rows])
    found = source_rows(logits.astype(np.float32), where)
    assert np.isfinite(found).all() and np.abs(found - rows)[:, 4:-4].max() < 2.0


def test_a_bow_is_that_of_most_columns() -> None:
    weight = np.full((40, 60), 0.01)
    rows = np.rint(10 + 12 * np.linspace(-1, 1, 60) ** 2).astype(int)
    weight[rows, np.arange(60)] = 0.9
    weight[:, 20:30] = 0.01
    weight[35, 20:30] = 0.9  # another surface there
    assert np.abs(bow(weight) - rows).max() <= 1
    assert np.array_equal(beside_bow(np.log(weight), rows, 1000.0), rows)
