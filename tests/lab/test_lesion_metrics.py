"""Counts on toy maps small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.lab.lesion_metrics import (
    Tally,
    auroc,
    average_precision,
    count_table,
    crossvalidated_counts,
    f1,
    peaks,
    tally,
    threshold_levels,
)

VIEW = np.ones((40, 200), bool)  # 0.5 % of the width is one cell


def _map(points: dict[tuple[int, int], float]) -> np.ndarray:
    grid = np.zeros(VIEW.shape, np.float32)
    for (x, y), score in points.items():
        grid[y, x] = score
    return grid


def test_peaks_are_local_maxima_greatest_first() -> None:
    x, y, score = peaks(_map({(10, 5): 0.5, (11, 5): 0.9, (50, 20): 0.7}), 1)
    assert list(zip(x, y, strict=True)) == [(11, 5), (50, 20)]
    assert score == pytest.approx([0.9, 0.7])


def test_a_plateau_is_one_peak_and_a_flat_zero_map_has_none() -> None:
    grid = _map({})
    grid[10:15, 20:25] = 0.6
    x, y, _ = peaks(grid, 1)
    assert (x.tolist(), y.tolist()) == ([22], [12])
    assert len(peaks(_map({}), 1)[0]) == 0


def test_equal_cells_within_the_radius_are_one_peak() -> None:
    x, _, _ = peaks(_map({(10, 5): 0.5, (12, 5): 0.5, (30, 5): 0.5}), 3)
    assert len(x) == 2


def test_precision_recall_and_f1_by_hand() -> None:
    # two peaks in the first box, one outside any; second box empty: precision 2/3, recall 1/2
    score = _map({(10, 10): 0.9, (14, 14): 0.8, (100, 20): 0.7})
    boxes = np.array([[8, 8, 16, 16], [150, 5, 160, 15]], float)
    total = count_table([tally(score, VIEW, boxes, None)], np.array([0.5]))[0, 0]
    assert total.tolist() == [3, 2, 2, 1]
    assert f1(total) == pytest.approx((2 * (2 / 3) * 0.5 / (2 / 3 + 0.5), 2 / 3, 0.5))


def test_a_higher_threshold_drops_the_weaker_peaks() -> None:
    score = _map({(10, 10): 0.9, (14, 14): 0.8, (100, 20): 0.7})
    item = tally(score, VIEW, np.array([[8, 8, 16, 16]], float), None)
    table = count_table([item], np.array([0.85, 0.75, 0.0]))[0]
    assert table.tolist() == [[1, 1, 1, 1], [2, 2, 1, 1], [3, 2, 1, 1]]


def test_the_threshold_of_a_photograph_comes_from_the_others() -> None:
    # in both photographs 0.9 is true and 0.3 false, so either chooses 0.9 for the other
    box = np.array([[8, 8, 12, 12]], float)
    good = tally(_map({(10, 10): 0.9, (100, 20): 0.3}), VIEW, box, None)
    assert crossvalidated_counts([good, good], 0).tolist() == [[1, 1, 1, 1], [1, 1, 1, 1]]
    # a photograph whose truth scores low suffers the threshold learnt elsewhere
    odd = tally(_map({(10, 10): 0.5, (100, 20): 0.4}), VIEW, box, None)
    rows = crossvalidated_counts([good, good, odd], 0, folds=3)
    assert rows[2].tolist() == [0, 0, 1, 0]


def test_nothing_counts_outside_the_field_of_view() -> None:
    view = VIEW.copy()
    view[:, 90:] = False
    item = tally(_map({(10, 10): 0.5, (100, 20): 0.9}), view, np.array([[8, 8, 12, 12]], float), None)
    assert item.scores == pytest.approx([0.5])
    assert item.pointed is True


def test_pointing_looks_at_the_greatest_peak_only() -> None:
    boxes = np.array([[8, 8, 12, 12]], float)
    assert tally(_map({(10, 10): 0.5, (100, 20): 0.9}), VIEW, boxes, None).pointed is False
    assert tally(_map({}), VIEW, boxes, None).pointed is False
    assert tally(_map({(10, 10): 0.5}), VIEW, np.zeros((0, 4)), None).pointed is None


def test_average_precision_by_hand() -> None:
    # ranked: lesion .9, other .8, lesion .7, then the rest at zero -> AP = (1/2)(1/1) + (1/2)(2/3)
    score = _map({(10, 10): 0.9, (30, 10): 0.8, (50, 10): 0.7})
    mask = np.zeros(VIEW.shape, bool)
    mask[10, [10, 50]] = True
    item = tally(score, VIEW, np.array([[10, 10, 11, 11]], float), mask)
    assert item.pixels is not None
    assert average_precision(item.pixels) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_average_precision_of_a_flat_map_is_the_share_of_lesion() -> None:
    mask = np.zeros(VIEW.shape, bool)
    mask[:10] = True
    item = tally(np.full(VIEW.shape, 0.4, np.float32), VIEW, np.zeros((0, 4)), mask)
    assert item.pixels is not None
    assert average_precision(item.pixels) == pytest.approx(0.25)


def test_auroc_counts_pairs_and_ties_by_half() -> None:
    assert auroc(np.array([0.9, 0.5]), np.array([0.5, 0.1])) == pytest.approx(3.5 / 4)
    assert auroc(np.array([0.9]), np.zeros(0)) is None


def test_a_wide_map_is_judged_on_blocks_without_losing_its_peaks() -> None:
    score = np.zeros((100, 4288), np.float32)
    score[41, 2003] = 0.8
    item = tally(score, np.ones(score.shape, bool), np.array([[2000, 38, 2008, 44]], float), None)
    assert item.inside.tolist() == [True]


def test_thresholds_are_fine_where_lesions_are() -> None:
    """Ten lesions above ten thousand faint peaks: a threshold right between them is among those tried."""
    faint = np.linspace(0.001, 0.1, 10_000)
    strong = np.linspace(0.8, 0.9, 10)
    inside = np.append(np.ones(10, bool), np.zeros(10_000, bool))
    photo = Tally(np.append(strong, faint), inside, strong, True, 0.9, None)
    levels = threshold_levels([photo])
    assert 0.8 in levels and len(levels) <= 257 and levels[0] == 0.9 and levels[-1] == 0.001
    assert (np.diff(levels) < 0).all()
    assert f1(crossvalidated_counts([photo, photo], 0).sum(0)) == (1.0, 1.0, 1.0)
