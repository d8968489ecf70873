"""Pictures that are remembered: the same object again, within a budget, and gone with what they were made of."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from fineview.core.image import Raster, Window
from fineview.services.picture import render_base
from fineview.services.remembered import PICTURES, remembered
from fineview.services.wishes import ViewWishes


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    budget = PICTURES.budget_bytes
    PICTURES.clear()
    yield
    PICTURES.clear()
    PICTURES.budget_bytes = budget


def grey(value: int = 7) -> Raster:
    return Raster(np.full((10, 20), value, np.uint16), windows=(Window(10, 20),))


def test_a_picture_is_made_once_and_counted_once() -> None:
    raster = grey()
    first = render_base(raster, ViewWishes())
    assert render_base(raster, ViewWishes()) is first and PICTURES.held_bytes == 10 * 20
    assert render_base(raster, ViewWishes(inverted=True)) is not first and PICTURES.held_bytes == 2 * 10 * 20


def test_a_picture_goes_with_its_source() -> None:
    raster = grey()
    render_base(raster, ViewWishes())
    gone = weakref.ref(raster)
    del raster
    assert gone() is None, "a remembered picture must not keep the frame it was made of"
    other = grey(9)
    render_base(other, ViewWishes())
    assert len(PICTURES) == 1 and PICTURES.held_bytes == 10 * 20


def test_a_colour_frame_shown_as_it_is_costs_nothing() -> None:
    raster = Raster(np.zeros((10, 20, 3), np.uint8))
    assert render_base(raster, ViewWishes()) is raster.pixels and PICTURES.held_bytes == 0
    assert render_base(raster, ViewWishes(inverted=True)).min() == 255 and PICTURES.held_bytes == 600


def test_what_is_on_screen_stays_under_the_smallest_budget() -> None:
    PICTURES.budget_bytes = 0
    asked: list[int] = []

    @remembered
    def square(number: int) -> np.ndarray:
        asked.append(number)
        return np.zeros((number, number), np.uint8)

    for number in [*range(1, 10), *range(2, 10), 1]:
        square(number)
    assert asked == [*range(1, 10), 1]


def test_the_gone_are_looked_for_only_where_a_source_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, forget = [], PICTURES.forget
    monkeypatch.setattr(PICTURES, "forget", lambda gone: (looked.append(len(PICTURES)), forget(gone)))
    kept = [grey(value) for value in range(20)]
    render_base(kept[0], ViewWishes())  # what earlier tests let go of
    looked.clear()
    for raster in kept:
        render_base(raster, ViewWishes())
    assert looked == [] and len(PICTURES) == 20
    kept.pop()
    del raster
    render_base(kept[0], ViewWishes(inverted=True))
    assert looked == [20] and len(PICTURES) == 20
