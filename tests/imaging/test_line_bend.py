"""Bending a line against the cosine written out, and what must not move."""

from __future__ import annotations

import math

import numpy as np

from fineview.imaging.line_bend import bend, knots


def test_the_knot_goes_where_it_is_put_and_its_neighbours_follow_by_the_cosine() -> None:
    got = bend(np.full(11, 10.0), 5, 14.0, 4)
    hump = [10 + 4 * 0.5 * (1 + math.cos(math.pi * d / 4)) for d in (3, 2, 1, 0, 1, 2, 3)]
    expected = [10.0, 10.0, *hump, 10.0, 10.0]
    assert got.tolist() == [np.float32(v) for v in expected]


def test_unknown_columns_stay_unknown_but_for_the_knot() -> None:
    rows = np.array([1.0, np.nan, 1.0, np.nan, 1.0])
    assert np.isnan(bend(rows, 2, 3.0, 2)).tolist() == [False, True, False, True, False]
    got = bend(rows, 1, 5.0, 3)
    assert got[1] == 5.0 and got[0] == 1.0 and np.isnan(got[3])


def test_at_the_ends_and_with_no_reach() -> None:
    assert bend(np.zeros(4), 0, 2.0, 1).tolist() == [2.0, 0.0, 0.0, 0.0]
    assert bend(np.zeros(4), 3, 2.0, 2).tolist() == [0.0, 0.0, 1.0, 2.0]


def test_knots_are_even() -> None:
    assert knots(512, 32).tolist() == [16 + 32 * i for i in range(16)]
    assert knots(5, 32).tolist() == [2]
