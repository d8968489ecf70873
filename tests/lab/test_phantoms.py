"""Phantoms: equal seeds give equal pixels, and the truth says what the pixels show."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.lab.phantom_fundus import FUNDUS_WORDS, fundus
from fineview.lab.phantom_oct import bscan, volume
from fineview.lab.phantom_other import other

SMALL = (500, 760)


def test_equal_seeds_give_equal_pixels_and_others_do_not() -> None:
    first, again, next_one = bscan(3), bscan(3), bscan(4)
    assert (first.image == again.image).all()
    assert (first.image != next_one.image).any()
    assert (fundus(5, SMALL).rgb == fundus(5, SMALL).rgb).all()
    assert (other(2, (64, 64))[0] == other(2, (64, 64))[0]).all()


@pytest.mark.parametrize("seed", range(12))
def test_layers_lie_in_order(seed: int) -> None:
    lines = bscan(seed).lines
    assert (lines["ILM"] < lines["RPE"]).all()
    assert (lines["EZ"] < lines["RPE"]).all()
    assert (lines["RPE"] < lines["BM"]).all()


def test_the_rpe_line_is_on_the_brightest_row_and_bm_on_the_fall_below_it() -> None:
    # mean profile over columns without any lifting, of clean and noisy scans alike
    at_rpe, at_bm = [], []
    for seed in range(30):
        scan = bscan(seed)
        flat = scan.lines["BM"] - scan.lines["RPE"] < 6.5
        for column in np.flatnonzero(flat)[::7]:
            row = round(float(scan.lines["RPE"][column]))
            if 20 < row < scan.image.shape[0] - 20:
                at_rpe.append(scan.image[row - 4:row + 5, column].astype(float))
            row = round(float(scan.lines["BM"][column]))
            if 20 < row < scan.image.shape[0] - 20:
                at_bm.append(scan.image[row - 10:row + 11, column].astype(float))
    assert abs(int(np.mean(at_rpe, 0).argmax()) - 4) <= 1
    steepest = int(np.gradient(np.mean(at_bm, 0)).argmin()) - 10
    assert -2 <= steepest <= 2


def test_drusen_lie_between_rpe_and_bm_and_fluid_is_dark() -> None:
    seen = {"drusen": 0, "fluid": 0}
    for seed in range(25):
        scan = bscan(seed)
        rows = np.arange(scan.image.shape[0])[:, None]
        drusen = scan.masks["drusen"]
        seen["drusen"] += int(drusen.any())
        assert not (drusen & ((rows < scan.lines["RPE"] - 1) | (rows > scan.lines["BM"] + 1))).any()
        fluid = scan.masks["fluid"]
        if fluid.sum() > 200:
            seen["fluid"] += 1
            neural = (rows > scan.lines["ILM"] + 2) & (rows < scan.lines["BM"]) & ~fluid
            assert scan.image[fluid].mean() < 0.8 * scan.image[neural].mean()
    assert min(seen.values()) >= 3


def test_neighbouring_frames_of_a_volume_are_one_eye() -> None:
    frames = volume(4, 5, (300, 320), 0.05)
    for one, two in zip(frames, frames[1:], strict=False):
        assert np.abs(one.lines["BM"] - two.lines["BM"]).max() < 3
        assert np.abs(one.lines["ILM"] - two.lines["ILM"]).max() < 12
        assert (one.image != two.image).any()


def test_a_right_eye_has_its_disc_right_of_the_fovea() -> None:
    for side, sign in (("R", 1), ("L", -1)):
        picture = fundus(9, SMALL, laterality=side)
        assert picture.laterality == side
        assert sign * (picture.disc_xy[0] - picture.fovea_xy[0]) > 0.25 * picture.diameter_px


def test_blood_is_darker_and_fat_brighter_than_the_retina_beside_it() -> None:
    darker, brighter = [], []
    for seed in range(8):
        picture = fundus(seed, (765, 1152), lesions=True)
        green = picture.rgb[..., 1].astype(float)
        plain = picture.field & ~picture.vessels & ~np.any([picture.masks[w] for w in FUNDUS_WORDS], axis=0)
        level = np.median(green[plain])
        if picture.masks["haemorrhage"].sum() > 300:
            darker.append(green[picture.masks["haemorrhage"]].mean() / level)
        if picture.masks["hard_exudate"].sum() > 300:
            brighter.append(green[picture.masks["hard_exudate"]].mean() / level)
    assert len(darker) >= 3
    assert len(brighter) >= 3
    assert np.median(darker) < 0.9
    assert np.median(brighter) > 1.15


def test_a_healthy_eye_has_a_disc_and_no_lesion() -> None:
    picture = fundus(1, SMALL, lesions=False)
    assert {word for word, mask in picture.masks.items() if mask.any()} == {"optic_disc"}


def test_masks_stay_inside_the_field_of_view() -> None:
    picture = fundus(2, SMALL, lesions=True)
    assert not any((mask & ~picture.field).any() for mask in picture.masks.values())
    assert picture.rgb[~picture.field].mean() < 20
