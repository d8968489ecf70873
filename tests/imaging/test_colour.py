"""Heat to colour: transparency, blending, and an order that a colour-vision deficiency keeps."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.imaging.colour import blend, colour_bar, heat_rgba, strongest_map
from fineview.imaging.pyramid_view import channel_view, component_view


def test_below_the_threshold_is_transparent() -> None:
    rgba = heat_rgba(np.array([[0.0, 0.29, 0.31, 1.0]]), "viridis", 0.3, 0.5)
    assert rgba[0, :, 3].tolist() == [0, 0, 128, 128]
    assert rgba[0, 3, :3].tolist() == colour_bar("viridis")[255].tolist()


def test_blending_by_hand() -> None:
    base = np.full((1, 2), 100, np.uint8)
    rgba = np.array([[[200, 0, 50, 255], [200, 0, 50, 51]]], np.uint8)
    assert blend(base, rgba)[0].tolist() == [[200, 0, 50], [120, 80, 90]]


@pytest.mark.parametrize("name", ["viridis", "cividis", "inferno"])
def test_more_heat_is_more_light(name: str) -> None:
    # Deuteranopia (Vienot 1999): red and green collapse; the order must survive in what is left.
    linear = (colour_bar(name).astype(float) / 255) ** 2.2
    seen = linear @ np.array([[0.29275, 0.29275, -0.02234], [0.70725, 0.70725, 0.02234], [0, 0, 1]])
    light = seen @ np.array([0.2126, 0.7152, 0.0722])
    assert np.all(np.diff(light[::8]) > 0)


def test_strongest_of_two() -> None:
    a, b = np.array([[0.1, 0.9]], np.float16), np.array([[0.4, 0.2]], np.float16)
    assert strongest_map([a, b]) == pytest.approx(np.array([[0.4, 0.9]]), abs=1e-3)


def test_energy_and_flat_channels() -> None:
    level = np.zeros((2, 4, 5), np.float16)
    level[0, 2, 3], level[1, 2, 3] = 3, 4
    energy, low, high = channel_view(level, None)
    assert energy[2, 3] == 1.0 and energy[0, 0] == 0.0
    assert low == 0.0 and 0 < high <= np.sqrt(25 / 2)
    flat, _, _ = channel_view(np.full((2, 4, 5), 7, np.float16), 1)
    assert not flat.any()


def test_components_separate_two_kinds_of_cell() -> None:
    level = np.zeros((3, 2, 8), np.float16)
    level[0, :, 4:], level[1, :, 4:] = 5, -5
    rgba = component_view(level, 1.0)
    left, right = rgba[0, 0, 0], rgba[0, 7, 0]
    assert abs(int(left) - int(right)) > 50
    assert (rgba[..., 3] == 255).all()
