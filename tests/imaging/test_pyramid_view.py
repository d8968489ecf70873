"""Views of the pyramid: two levels as one, and words in balance with a level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fineview.imaging import pyramid_view as views


def test_a_map_is_read_at_the_middle_of_each_cell() -> None:
    pixels = np.arange(8 * 12, dtype=np.float32).reshape(8, 12)
    assert np.array_equal(views.on_cells(pixels, (2, 3), (4.0, 4.0)), pixels[2::4, 2::4])
    shifted = views.on_cells(pixels, (3, 3), (4.0, 4.0), (-2.0, 0.0))
    assert np.array_equal(shifted, pixels[np.ix_([0, 4, 7], [2, 6, 10])]), "half cells at the rim read the picture"


def test_two_levels_together_are_their_mean_on_the_finer_grid() -> None:
    coarse = np.array([[0.0, 1.0]], np.float32)
    fine = np.random.default_rng(0).random((4, 7)).astype(np.float32)
    by_hand = (np.repeat(np.repeat(coarse, 4, 0), 4, 1)[:, :7] + fine) / 2
    assert np.allclose(views.together(coarse, fine, (4.0, 4.0)), by_hand)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.floats(0.0, 1.0), st.integers(0, 99))
def test_balance_goes_from_vision_to_text(balance: float, seed: int) -> None:
    vision, words = np.random.default_rng(seed).random((2, 5, 6)).astype(np.float32)
    found = views.balanced(vision, words, balance)
    assert np.allclose(found, vision + balance * (words - vision), atol=1e-6)
    assert np.array_equal(views.balanced(vision, words, 0.0), vision)
    assert np.array_equal(views.balanced(vision, words, 1.0), words)


def test_balance_refuses_what_it_cannot_mix() -> None:
    level = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="between 0"):
        views.balanced(level, level, 1.5)
    with pytest.raises(ValueError, match="different grids"):
        views.balanced(level, np.zeros((3, 3), np.float32), 0.5)
