"""Windows against the pseudo-code of PS3.3 C.11.2.1.2.1, written out pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fineview.core.image import Raster, Window
from fineview.imaging.modality import apply_lut, palette_rgb, rescale, to_8bit_rgb
from fineview.imaging.window import NAMED, apply_window, default_window, presets, render_gray, robust_window, to_rgb


def _standard(x: float, window: Window) -> float:
    c, w = window.centre, window.width
    if window.function == "sigmoid":
        return 255 / (1 + math.exp(-4 * (x - c) / w))
    if window.function == "linear_exact":
        return 0 if x <= c - w / 2 else 255 if x > c + w / 2 else ((x - c) / w + 0.5) * 255
    if x <= c - 0.5 - (w - 1) / 2:
        return 0
    if x > c - 0.5 + (w - 1) / 2:
        return 255
    return ((x - (c - 0.5)) / (w - 1) + 0.5) * 255


@pytest.mark.parametrize("function", ["linear", "linear_exact", "sigmoid"])
@pytest.mark.parametrize(("centre", "width"), [(40, 400), (0, 1), (2048, 4096), (0.5, 3.3)])
def test_functions_of_the_standard(function: str, centre: float, width: float) -> None:
    window = Window(centre, width, function)  # type: ignore[arg-type]
    values = np.arange(-300, 3000, 7)
    expected = [_standard(float(x), window) if not (function == "sigmoid" and abs(x - centre) > 170 * width)
                else (0.0 if x < centre else 255.0) for x in values]
    assert np.allclose(apply_window(values, window), expected, atol=1e-3)


def test_the_examples_of_the_standard() -> None:
    # C.11.2.1.2.1: centre 2048, width 4096 maps 0..4095 onto the whole range; 2048 and 1 is a threshold at 2048.
    full = apply_window(np.array([0, 4095]), Window(2048, 4096))
    assert full.tolist() == [0.0, 255.0]
    assert apply_window(np.array([2047, 2048]), Window(2048, 1)).tolist() == [0.0, 255.0]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.float32,
                                   np.float64])
def test_every_dtype_gives_the_same_picture(dtype: type) -> None:
    values = np.arange(0, 240).reshape(12, 20)
    expected = np.rint([[_standard(float(x), Window(100, 90)) for x in row] for row in values])
    assert np.abs(render_gray(Raster(values.astype(dtype)), Window(100, 90)) - expected).max() <= 1


def test_negative_and_wide_values() -> None:
    values = np.array([[-2000, -1, 0], [39, 40, 30000]], np.int16)
    assert render_gray(Raster(values), Window(0, 3, "linear_exact")).tolist() == [[0, 42, 128], [255, 255, 255]]
    far = np.array([[-(2**40), 2**40]])
    assert render_gray(Raster(far), Window(0, 3)).tolist() == [[0, 255]]


def test_inversion_is_of_the_file_and_of_the_person() -> None:
    values = np.array([[0, 255]], np.uint8)
    assert render_gray(Raster(values, inverted=True)).tolist() == [[255, 0]]
    assert render_gray(Raster(values.copy(), inverted=True), inverted=True).tolist() == [[0, 255]]


def test_eight_bits_are_shown_as_they_are() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(render_gray(Raster(values)), values)


def test_a_blank_frame_is_flat_and_holes_are_black() -> None:
    assert len(np.unique(render_gray(Raster(np.full((9, 9), 700, np.int16))))) == 1
    holed = np.array([[np.nan, 0.0, 1.0]])
    assert render_gray(Raster(holed), Window(0.5, 1, "linear_exact")).tolist() == [[0, 0, 255]]


def test_voi_lut_wins_where_the_file_has_no_window() -> None:
    raster = Raster(np.array([[5, 10, 11, 12, 99]], np.uint16), voi_lut=(10, np.array([0, 2048, 4095], np.uint16), 12))
    assert render_gray(raster).tolist() == [[0, 0, 128, 255, 255]]
    assert render_gray(raster, Window(10, 2, "linear_exact")).tolist() != render_gray(raster).tolist()


def test_default_is_the_file_s_first_window_else_robust() -> None:
    assert default_window(Raster(np.zeros((2, 2)), windows=(Window(1, 2), Window(3, 4)))) == Window(1, 2)
    rng = np.random.default_rng(0)
    values = rng.normal(1000, 50, (100, 100))
    values[0, 0], values[:40] = 1e6, -2000
    window = robust_window(Raster(values))
    assert window.centre - window.width / 2 > 700 and window.centre + window.width / 2 < 1300


# Name, centre, width as radiology textbooks give them; what the keys stand for.
CT = (("Lung", -600, 1500), ("Mediastinum", 50, 350), ("Bone", 300, 2000), ("Brain", 40, 80), ("Soft tissue", 40, 400),
      ("Subdural", 75, 215))


def standards_formula(x: np.ndarray, centre: float, width: float) -> np.ndarray:
    """PS3.3 C.11.2.1.2.1 word by word, with ymin 0 and ymax 255, rounded to whole grey values."""
    below, above = x <= centre - 0.5 - (width - 1) / 2, x > centre - 0.5 + (width - 1) / 2
    inside = ((x - (centre - 0.5)) / (width - 1) + 0.5) * (255 - 0) + 0
    return np.rint(np.where(below, 0.0, np.where(above, 255.0, inside))).astype(np.uint8)


@pytest.mark.parametrize(("name", "centre", "width"), CT)
def test_a_named_window_shows_what_the_standard_s_formula_gives(name: str, centre: float, width: float) -> None:
    values = np.arange(-1200, 3000, dtype=np.int16).reshape(60, 70)
    window = next(one for one in presets(NAMED["CT"], Raster(values, "HU")) if one.name == name)
    assert np.array_equal(render_gray(Raster(values.copy(), "HU"), window), standards_formula(values, centre, width))


def test_presets_stand_in_an_order_that_keys_can_rely_on() -> None:
    plain = Raster(np.arange(4).reshape(2, 2))
    told = Raster(np.arange(4).reshape(2, 2), windows=(Window(9, 4, name="A"), Window(5, 2, name="B")))
    first = [one[0] for one in CT] + ["Automatic", "Full range", "More contrast", "Less contrast"]
    assert [one.name for one in presets(NAMED["CT"], plain)] == first
    assert [one.name for one in presets(NAMED["CT"], told)] == [*first, "A", "B"]
    assert [(one.centre, one.width) for one in presets((), told)[2:4]] == [(9, 2.4), (9, 6.4)]
    assert presets(NAMED["CT"], Raster(np.zeros((2, 2, 3), np.uint8))) == ()


def test_rgb() -> None:
    grey = to_rgb(Raster(np.array([[0, 128]], np.uint8)))
    assert grey.tolist() == [[[0, 0, 0], [128, 128, 128]]]
    colour = np.array([[[1, 2, 3]]], np.uint8)
    assert to_rgb(Raster(colour), inverted=True).tolist() == [[[254, 253, 252]]]


def test_rescale_keeps_integers_and_never_wraps() -> None:
    assert rescale(np.array([0, 65535], np.uint16), 1, -1024).tolist() == [-1024, 64511]
    assert rescale(np.array([0, 4095], np.uint16), 1, -1024).dtype == np.int16
    assert rescale(np.array([3]), 0.5, 0).dtype == np.float32
    assert rescale(np.array([2**31 - 1], np.int32), 4, 0).tolist() == [2**33 - 4]


def test_tables() -> None:
    lut = (10, np.array([7, 8, 9], np.uint16), 8)
    assert apply_lut(np.array([0, 10, 11, 50]), lut).tolist() == [7, 7, 8, 9]
    ramp = np.arange(4, dtype=np.uint16) << 8
    assert palette_rgb(np.array([[0, 3]]), 0, (ramp, ramp, ramp), 16).tolist() == [[[0, 0, 0], [3, 3, 3]]]
    with pytest.raises(IndexError):
        palette_rgb(np.array([[4]]), 0, (ramp, ramp, ramp), 16)
    assert to_8bit_rgb(np.array([[[0, 2048, 4095]]], np.uint16), 12).tolist() == [[[0, 128, 255]]]
