"""The sample eye's two pictures agree with each other and with their truth."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.lab.sample_study import SampleEye, sample_volume


@pytest.fixture(scope="module")
def eye() -> SampleEye:
    return sample_volume()


def test_shapes_and_spacing(eye: SampleEye) -> None:
    assert (eye.volume.shape, eye.volume.dtype) == ((25, 496, 512), np.uint8)
    assert eye.spacing_mm == (0.24, 0.00387, 0.0117)
    assert eye.photo.shape == (1024, 1024, 3)
    assert eye.scan_lines.shape == (25, 4)


def test_every_lesion_of_the_story_is_there(eye: SampleEye) -> None:
    for word in ("drusen", "fluid", "hyperreflective_focus"):
        assert eye.masks[word].any()
    for word in ("haemorrhage", "hard_exudate", "optic_disc"):
        assert eye.photo_masks[word].any()
    assert eye.laterality == "R"
    assert eye.disc_xy[0] > eye.fovea_xy[0]


def test_scan_lines_have_the_length_and_distance_of_the_scan(eye: SampleEye) -> None:
    x0, y0, x1, y1 = eye.scan_lines.T
    assert (x1 - x0) * eye.photo_mm == pytest.approx(511 * 0.0117)
    assert np.diff(y0) * eye.photo_mm == pytest.approx(0.24)
    assert (y0 == y1).all()
    assert (x0[12] + x1[12]) / 2 == pytest.approx(eye.fovea_xy[0])
    assert y0[12] == pytest.approx(eye.fovea_xy[1])


def test_the_retina_is_thinnest_at_the_fovea_where_nothing_lifts_it(eye: SampleEye) -> None:
    thickness = eye.lines["BM"][12] - eye.lines["ILM"][12] - 30 * eye.masks["fluid"][12].any(0)
    assert abs(int(thickness.argmin()) - 256) < 70


def test_vessels_of_the_photograph_shadow_the_scans(eye: SampleEye) -> None:
    # in the choroid just under BM, columns below blood are darker than the others
    rows = np.round(eye.lines["BM"]).astype(int) + 15
    blood, clear = [], []
    for k in range(25):
        x = np.linspace(eye.scan_lines[k, 0], eye.scan_lines[k, 2], 512).round().astype(int)
        y = round(float(eye.scan_lines[k, 1]))
        under = eye.photo_masks["haemorrhage"][y, x]
        values = np.stack([eye.volume[k, rows[k] + d, np.arange(512)] for d in range(8)]).mean(0)
        blood += values[under].tolist()
        clear += values[~under].tolist()
    assert len(blood) > 100
    assert np.mean(blood) < 0.7 * np.mean(clear)


def test_two_makings_are_equal(eye: SampleEye) -> None:
    again = sample_volume()
    assert (again.volume == eye.volume).all()
    assert (again.photo == eye.photo).all()
