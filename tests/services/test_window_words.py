"""The window in a corner of the picture: a hand that drags sets no six digits, so none are shown."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.image import Raster, Window
from fineview.services.pane_view import window_words
from fineview.services.wishes import ViewWishes


@pytest.mark.parametrize(("window", "told"), [
    (Window(95.6994, 308.655), "W 309  L 95.7"), (Window(-600.0, 1500.0), "W 1500  L -600"),
    (Window(0.0125, 0.05), "W 0.05  L 0.0125"), (Window(40.0, 123456.7), "W 123457  L 40")])
def test_a_window_is_told_in_digits_that_a_hand_can_set(window: Window, told: str) -> None:
    raster = Raster(np.zeros((2, 2), np.int16), windows=(window,))
    assert window_words(raster, ViewWishes()) == told
    assert window_words(raster, ViewWishes(window=window)) == told
