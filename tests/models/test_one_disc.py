"""Of two bright rounds the stronger is the disc."""

from __future__ import annotations

import numpy as np

from fineview.models.one_disc import one_disc


def test_the_second_bright_round_is_held_down() -> None:
    values = np.full((20, 40), 0.02, np.float32)
    values[5:10, 5:10], values[7, 7] = 0.5, 0.8
    values[5:9, 30:34] = 0.7
    found = one_disc(values)
    assert np.array_equal(found[:, :20], values[:, :20]), "the disc and what is faint stay as they are"
    assert (found[5:9, 30:34] == np.float32(0.2)).all() and found[0, 39] == np.float32(0.02)
    assert found.dtype == np.float32


def test_a_flat_map_and_none_at_all_stay_as_they_are() -> None:
    for shape in ((4, 5), (0, 0)):
        assert np.array_equal(one_disc(np.zeros(shape, np.float16)), np.zeros(shape))
    assert np.array_equal(one_disc(np.full((3, 3), 0.6)), np.full((3, 3), np.float32(0.6)))
