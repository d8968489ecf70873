"""Colours about zero: symmetric in lightness, told apart with any colour vision, empty where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.imaging.diverging import MIDDLE, diverging_bar, diverging_rgba

# Machado, Oliveira and Fernandes 2009 (IEEE TVCG 15:1291), severity 1.0, on linear RGB.
SEEN_BY = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]}


def linear(rgb: np.ndarray) -> np.ndarray:
    share = rgb / 255.0
    return np.asarray(np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4))


def lightness(bar: np.ndarray) -> np.ndarray:
    """CIE L* of linear RGB."""
    y = np.clip(bar @ np.array([0.2126, 0.7152, 0.0722]), 0, 1)
    return np.asarray(np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y))


@pytest.mark.parametrize("eyes", ["all", "protan", "deutan"])
def test_both_sides_darken_and_stay_apart_for_every_eye(eyes: str) -> None:
    seen = linear(diverging_bar().astype(float))
    if eyes != "all":
        seen = np.clip(seen @ np.array(SEEN_BY[eyes]).T, 0, 1)
    light = lightness(seen)
    below, above = light[:MIDDLE + 1], light[MIDDLE:]
    assert (np.diff(below[::4]) > 0).all() and (np.diff(above[::4]) < 0).all()
    # At the same distance from zero the two sides differ most in blue against red and green, which every eye sees.
    blue = seen[:, 2] - seen[:, :2].mean(1)
    apart = blue[:MIDDLE][::-1] - blue[MIDDLE + 1:]
    assert (apart[10:] > 0.05).all()


def test_zero_is_the_middle_and_ends_hold_what_lies_beyond() -> None:
    values = np.array([[0.0, 50.0, -50.0, 900.0, -900.0, np.nan]], np.float32)
    made = diverging_rgba(values, 50.0, 200)
    bar = diverging_bar()
    assert made[0, :, 3].tolist() == [200, 200, 200, 200, 200, 0]
    assert [tuple(p) for p in made[0, :5, :3]] == [tuple(bar[i]) for i in (MIDDLE, 254, 0, 254, 0)]
    assert len(set(bar[MIDDLE].tolist())) == 1 and bar[MIDDLE, 0] > 240
