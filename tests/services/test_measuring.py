"""Numbers in answers, against hand computation and brute force."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from fineview.core.dialogue import Answer, Question
from fineview.core.geometry import Box, ScaleSource, Spacing
from fineview.core.image import Raster
from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameKey
from fineview.services import measuring
from fineview.services.analyse import FrameRequest

KEY = FrameKey("1.2.3", 0)
OCT = Spacing(0.004, 0.012, None, ScaleSource.CALIBRATED)


def request(pixels: np.ndarray, spacing: Spacing = OCT, unit: str = "") -> FrameRequest:
    return FrameRequest(KEY, Raster(pixels, unit), spacing, "OPT")


def question(region: Region | None, text: str = "") -> Question:
    return Question(text, "1.2", KEY, region)


def test_size_in_millimetres_with_both_spacings() -> None:
    box = Region.from_box(Box(0, 0, 100, 50))
    made = measuring.how_large(question(box), request(np.zeros((200, 200), np.uint8)), "size")
    assert made.value == pytest.approx(100 * 0.012 * 50 * 0.004)
    assert made.unit == "mm2"
    assert "calibrated" in made.text
    assert "200 \u00b5m" in made.text  # height: 50 rows of 4 um


@pytest.mark.parametrize("source", [ScaleSource.NONE, ScaleSource.ASSUMED])
def test_size_in_pixels_says_why(source: ScaleSource) -> None:
    spacing = Spacing(0.1, 0.1, None, source)
    box = question(Region.from_box(Box(0, 0, 10, 5)))
    made = measuring.how_large(box, request(np.zeros((20, 20)), spacing), "size")
    assert (made.value, made.unit) == (50, "px2")
    assert "mm" not in made.text and "um" not in made.text.replace("assumed", "")
    assert made.reason is not None and "spacing" in made.reason


def test_a_line_is_as_long_as_it_is() -> None:
    line = Region(RegionKind.LENGTH, ((0, 0), (100, 400)))
    made = measuring.how_long(question(line), request(np.zeros((500, 500), np.uint8)), "length")
    assert made.value == pytest.approx(math.hypot(1.2, 1.6))
    assert made.unit == "mm"


@pytest.mark.parametrize("ask", [measuring.how_large, measuring.how_long])
def test_an_angle_is_asked_like_a_size(ask: Callable[[Question, FrameRequest, str], Answer]) -> None:
    # Arms of 10 columns and of 30 rows with 12 and 4 um: 0.12 mm each, at a right angle.
    angle = question(Region(RegionKind.ANGLE, ((10, 0), (0, 0), (0, 30))))
    made = ask(angle, request(np.zeros((60, 60), np.uint8)), "")
    assert (made.value, made.unit, made.reason) == (pytest.approx(90.0), "deg", None)
    assert made.text == "Angle 90.0\u00b0 (scale calibrated)."
    half = question(Region(RegionKind.ANGLE, ((10, 0), (0, 0), (10, 10))))
    assert ask(half, request(np.zeros((60, 60)), Spacing()), "").text == (
        "Angle 45.0\u00b0 (pixels taken as square, not calibrated: the spacing of this file is unknown).")


def test_the_perimeter_is_no_length_of_a_region() -> None:
    made = measuring.how_long(question(Region.from_box(Box(0, 0, 100, 50))), request(np.zeros((200, 200))), "length")
    assert made.value == pytest.approx(1.2) and "erimeter" not in made.text


def test_distance_from_a_marked_fovea() -> None:
    region = Region(RegionKind.POINT, ((10, 10),))
    made = measuring.fovea_distance(question(region), request(np.zeros((99, 199))), (110, 10), "fovea")
    assert made.value == pytest.approx(1.2)


def test_brightness_is_in_modality_units() -> None:
    pixels = np.full((50, 50), -1000, np.int16)
    pixels[10:20, 10:20] = 40
    box = question(Region.from_box(Box(10, 10, 10, 10)))
    made = measuring.brightness(box, request(pixels, OCT, "HU"), "brightness")
    assert (made.value, made.unit) == (40, "HU")


def test_brighter_and_darker_agree() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.normal(100, 10, (80, 80))
    pixels[30:40, 30:40] += 30
    box = question(Region.from_box(Box(30, 30, 10, 10)))
    yes = measuring.comparison(box, request(pixels), "brighter")
    no = measuring.comparison(box, request(pixels), "darker")
    assert (yes.verdict, no.verdict) == ("yes", "no")
    assert yes.confidence == no.confidence and yes.confidence > 0.99
    shown_inverted = FrameRequest(KEY, Raster(pixels, inverted=True), OCT, "OPT")
    assert measuring.comparison(box, shown_inverted, "brighter").verdict == "no"


def test_the_same_as_around_it_is_cannot_tell() -> None:
    pixels = np.random.default_rng(1).normal(100, 10, (80, 80))
    made = measuring.comparison(question(Region.from_box(Box(30, 30, 10, 10))), request(pixels), "brighter")
    assert made.abstained and made.verdict == "cannot tell"


def test_probability_brighter_counts_pairs() -> None:
    inside, outside = np.array([1.0, 2.0, 5.0]), np.array([2.0, 3.0])
    wins = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in inside for b in outside)
    assert measuring.probability_brighter(inside, outside) == pytest.approx(wins / 6)
