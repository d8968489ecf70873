"""Filters against definitions written out in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.imaging.filters import (
    components,
    dark_spots,
    dilate,
    erode,
    gaussian,
    laplacian,
    line_opening,
    median,
    resize_area,
    resize_linear,
    tophat_bright,
    tophat_dark,
    warp_affine,
)


def test_a_constant_plane_stays_constant() -> None:
    plane = np.full((20, 30), 7.0, np.float32)
    for found in (gaussian(plane, 2.0), gaussian(plane, 0.0, 3.0), resize_linear(plane, (9, 50)),
                  resize_area(plane, (5, 6)), dilate(plane, 2), erode(plane, 2)):
        assert found == pytest.approx(np.full(found.shape, 7.0))
    assert laplacian(plane, 1.0) == pytest.approx(0, abs=1e-4)


def test_gaussian_has_the_variance_asked_for() -> None:
    spike = np.zeros((41, 61), np.float32)
    spike[20, 30] = 1
    found = gaussian(spike, 3.0, 1.5)
    rows, columns = np.mgrid[-20:21, -30:31]
    assert found.sum() == pytest.approx(1, abs=1e-4)
    assert (found * columns ** 2).sum() == pytest.approx(9, rel=0.03)
    assert (found * rows ** 2).sum() == pytest.approx(2.25, rel=0.03)


def test_resize_area_is_the_mean_of_each_block() -> None:
    plane = np.random.default_rng(0).random((12, 20)).astype(np.float32)
    assert resize_area(plane, (3, 5)) == pytest.approx(plane.reshape(3, 4, 5, 4).mean((1, 3)), abs=1e-6)


def test_warp_takes_source_points_to_destination_points() -> None:
    plane = np.zeros((10, 12), np.uint8)
    plane[3, 5] = 200
    shifted = warp_affine(plane, np.array([[1, 0, 2], [0, 1, 4]]), (10, 12))
    assert np.argwhere(shifted).tolist() == [[7, 7]]
    grown = warp_affine(plane, np.array([[2.0, 0, 0], [0, 2.0, 0]]), (20, 24))
    assert np.unravel_index(grown.argmax(), grown.shape) == (6, 10)
    assert (warp_affine(plane, np.array([[1, 0, 50], [0, 1, 0]]), (4, 4), fill=9) == 9).all()


def test_tophats_keep_what_is_narrower_than_the_disc() -> None:
    plane = np.full((60, 60), 100, np.uint8)
    plane[10:13, 10:13] = 160  # narrow and bright
    plane[10:13, 40:43] = 30  # narrow and dark
    plane[30:55, 30:55] = 160  # wide and bright
    bright, dark = tophat_bright(plane, 5), tophat_dark(plane, 5)
    assert (bright[11, 11], bright[42, 42], bright[11, 41]) == (60, 0, 0)
    assert (dark[11, 41], dark[11, 11]) == (70, 0)


def test_lines_survive_a_line_opening_and_dots_do_not() -> None:
    plane = np.zeros((80, 80), np.uint8)
    for k in range(70):
        plane[k + 5, k + 4:k + 7] = 200  # a slanted vessel
    plane[60:65, 10:15] = 200
    found = line_opening(plane, 31)
    assert found[40, 40] == 200
    assert found[62, 12] == 0


def test_dark_spots_forget_vessels() -> None:
    green = np.full((120, 120), 120, np.uint8)
    green[:, 58:63] = 60
    green[30:37, 20:27] = 60
    found = dark_spots(green, 9, 41)
    assert found[33, 23] == 60
    assert found[80, 60] == 0


def test_laplacian_is_positive_on_a_dark_dot() -> None:
    plane = np.full((40, 40), 100, np.float32)
    plane[18:23, 18:23] = 50
    assert laplacian(plane, 2.0)[20, 20] > 10


def test_components_count_touching_corners_as_one() -> None:
    mask = np.zeros((6, 8), bool)
    mask[1, 1] = mask[2, 2] = mask[4, 6] = True
    count, labels, boxes, centres = components(mask)
    assert count == 3
    assert labels[1, 1] == labels[2, 2] != labels[4, 6]
    assert boxes[1].tolist() == [1, 1, 2, 2, 2]
    assert centres[1] == pytest.approx([1.5, 1.5])


def test_median_removes_a_speck() -> None:
    plane = np.full((9, 9), 50, np.uint8)
    plane[4, 4] = 255
    assert (median(plane, 1) == 50).all()


def test_inputs_are_never_changed() -> None:
    plane = np.random.default_rng(1).integers(0, 255, (30, 30)).astype(np.uint8)
    before = plane.copy()
    for work in (lambda: gaussian(plane, 1), lambda: tophat_dark(plane, 3), lambda: dark_spots(plane, 3, 9),
                 lambda: resize_area(plane, (5, 5)), lambda: components(plane > 9)):
        work()
        assert (plane == before).all()


def test_nothing_has_no_components() -> None:
    count, names, boxes, centres = components(np.zeros((0, 7), bool))
    assert (count, names.shape, boxes.shape, centres.shape) == (1, (0, 7), (1, 5), (1, 2))
