"""The map of a change on its sheet: few scales, the same to both sides, empty where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.geometry import Box
from fineview.core.thickness import FundusMap
from fineview.imaging.diverging import MIDDLE, diverging_bar
from fineview.services.change_sheet import change_overlay, limit_um
from fineview.services.thickness_state import Sheet


def held(*values: float) -> FundusMap:
    return FundusMap(np.array([values], np.float32), (1.0, 2.0), 0.02)


@pytest.mark.parametrize(("values", "limit"), [
    ((0.0, 1.0), 25.0), ((-24.9, 3.0), 25.0), ((-26.0, -26.0), 50.0), ((120.0, 120.0), 200.0),
    ((900.0, 900.0), 400.0), ((np.nan, np.nan), 25.0)])
def test_the_smallest_of_few_scales_that_holds_the_map(values: tuple[float, ...], limit: float) -> None:
    assert limit_um(held(*values)) == limit


def test_one_wild_cell_does_not_wash_out_the_map() -> None:
    values = np.full((20, 20), 20.0, np.float32)
    values[3, 3] = 380.0
    assert limit_um(FundusMap(values, (0.0, 0.0), 0.02)) == 25.0


def test_the_overlay_lies_on_its_place_with_equal_ends() -> None:
    made = change_overlay(held(0.0, 25.0, -25.0, np.nan), Sheet(100, 100, (50.0, 50.0)), "words")
    bar = diverging_bar()
    assert made.ticks == (-25.0, 25.0) and made.rect == Box(50.0, 100.0, pytest.approx(4.0), pytest.approx(1.0))
    assert [tuple(one) for one in made.rgba[0, :3, :3]] == [tuple(bar[n]) for n in (MIDDLE, 2 * MIDDLE, 0)]
    assert made.rgba[0, :, 3].tolist()[3] == 0 and min(made.rgba[0, :3, 3]) > 0
