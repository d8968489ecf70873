"""Half the size: means of two by two, by hand."""

from __future__ import annotations

import numpy as np

from fineview.imaging.halving import halved


def test_means_of_two_by_two() -> None:
    grey = np.array([[0, 4, 10, 10], [8, 8, 10, 30]], np.uint8)
    assert halved(grey).tolist() == [[5, 15]]
    colour = np.dstack([grey, grey + 100, grey, grey])
    assert halved(colour).tolist() == [[[5, 105, 5, 5], [15, 115, 15, 15]]]


def test_a_single_row_stays_one() -> None:
    assert halved(np.zeros((1, 9), np.uint8)).shape == (1, 4)
