"""Markers under all eight placements, against a picture of letters that numpy turns and mirrors."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.orientation import Orientation, ViewTransform, for_eye, opposite

PLACEMENTS = [ViewTransform(mirrored, turns) for mirrored in (False, True) for turns in range(4)]


def letters_after(transform: ViewTransform, left: str, top: str, right: str, bottom: str) -> tuple[str, ...]:
    picture = np.array([["", top, ""], [left, "", right], ["", bottom, ""]])
    if transform.mirrored:
        picture = np.fliplr(picture)
    picture = np.rot90(picture, k=-transform.quarter_turns)
    return tuple(str(picture[at]) for at in ((1, 0), (0, 1), (1, 2), (2, 1)))


@pytest.mark.parametrize("transform", PLACEMENTS)
def test_markers_follow_all_eight_placements(transform: ViewTransform) -> None:
    assert transform.markers(Orientation("L", "F")) == letters_after(transform, "R", "H", "L", "F")


def test_the_eight_placements_differ() -> None:
    assert len({one.markers(Orientation("L", "F")) for one in PLACEMENTS}) == 8


@pytest.mark.parametrize("start", PLACEMENTS)
def test_flips_act_on_the_screen(start: ViewTransform) -> None:
    left, top, right, bottom = start.markers(Orientation("A", "H"))
    assert start.flip_horizontal().markers(Orientation("A", "H")) == (right, top, left, bottom)
    assert start.flip_vertical().markers(Orientation("A", "H")) == (left, bottom, right, top)
    assert start.rotate().markers(Orientation("A", "H")) == (bottom, left, top, right)


def test_a_silent_header_gives_question_marks() -> None:
    for transform in PLACEMENTS:
        assert transform.markers(Orientation()) == ("?", "?", "?", "?")


def test_half_silent_header_turns_with_the_picture() -> None:
    assert ViewTransform(False, 1).markers(Orientation("", "F")) == ("F", "?", "H", "?")


def test_nasal_is_the_nose_side() -> None:
    assert for_eye("L", "R") == "N"
    assert for_eye("L", "L") == "T"
    assert for_eye("RH", "L") == "NH"
    assert for_eye("L", None) == "L"
    assert opposite("N") == "T"
    assert opposite("AL") == "PR"
