"""Phantoms: equal seeds give equal pixels, and the truth says what the pixels show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fineview.lab.oct_disc import Disc
from fineview.lab.oct_eye import OctEye
from fineview.lab.oct_lesions import draw_eye
from fineview.lab.oct_render import draw_look
from fineview.lab.phantom_fundus import FUNDUS_WORDS, fundus
from fineview.lab.phantom_oct import BScanPhantom, bscan, volume
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
    there = np.isfinite(lines["BM"])  # not in the optic disc
    assert there.mean() > 0.3
    for name in ("RPE", "EZ"):
        assert (np.isfinite(lines[name]) == there).all()
    assert (lines["ILM"] < lines["RPE"])[there].all()
    assert (lines["EZ"] < lines["RPE"])[there].all()
    assert (lines["RPE"] < lines["BM"])[there].all()


def _carved(disc: Disc) -> tuple[BScanPhantom, np.ndarray]:
    eye = replace(OctEye(), disc=disc, centre_x_mm=disc.x, lesion_z=())
    look = draw_look(np.random.default_rng(0), "spectralis")
    scan = volume(1, 1, (496, 512), eye=eye, look=look, shadows=np.zeros((1, 512), np.float32))[0]
    x = (np.arange(512) - 255.5) * eye.lateral_mm
    return scan, x


def test_in_the_optic_disc_the_outer_lines_end_where_its_opening_says() -> None:
    scan, x = _carved(Disc(4.0, 0.0, 0.8, 0.5, 60.0, 30.0))
    for name in ("RPE", "BM", "EZ"):
        assert (np.isfinite(scan.lines[name]) == (np.abs(x) > 0.8)).all()
    assert np.isfinite(scan.lines["ILM"]).all()
    # the cup's floor lies 60 rows below where the membrane would go on: 496 / 2, bent by the globe at 4 mm
    bottom = 496 / 2 - 1000 * OctEye().bend * 4.0 ** 2 + 60
    assert scan.lines["ILM"][256] == pytest.approx(bottom, abs=3)  # an S-shaped wall has not quite ended there
    middle, beside = (slice(236, 276), slice(20, 60))
    rows = np.arange(496)[:, None]
    outer = [np.where((rows > bottom - 70) & (rows < bottom - 5), scan.image, 0)[:, middle].mean()]
    assert outer[0] < 0.1 * scan.image[:, beside].max()  # no band crosses the cup


def test_a_disc_that_the_scan_passes_by_changes_no_outer_line() -> None:
    scan, _ = _carved(Disc(4.0, 0.9, 0.8, 0.5, 60.0, 30.0))
    assert np.isfinite(scan.lines["BM"]).all()


def test_some_eyes_are_scanned_at_their_disc_and_most_are_not() -> None:
    eyes = [draw_eye(np.random.default_rng(seed)) for seed in range(200)]
    discs = [eye for eye in eyes if eye.disc is not None]
    assert 0.05 < len(discs) / len(eyes) < 0.25
    opened = [eye.section(eye.lesion_z[0], (496, 512)) for eye in discs]
    assert np.mean([section.nerve.max() == 1 for section in opened]) > 0.3
    for section in opened:  # the lines go on through the opening, so that whatever is painted has its rows
        assert all(np.isfinite(line).all() for line in section.lines.values())
        assert (section.lines["ILM"] < section.lines["RPE"])[section.nerve == 0].all()


def test_a_cube_has_two_rows_for_each_and_the_same_truth() -> None:
    seed = next(seed for seed in range(40) if bscan(seed, (800, 160), fine=2).masks["drusen"].sum() > 100)
    scan = bscan(seed, (800, 160), fine=2)
    assert scan.image.shape == scan.masks["drusen"].shape == (800, 160)
    rows = np.arange(800)[:, None]
    for name, mask in scan.masks.items():
        assert (mask[::2] == mask[1::2]).all(), name
    drusen = scan.masks["drusen"]
    assert not (drusen & ((rows < scan.lines["RPE"] - 2) | (rows > scan.lines["BM"] + 2))).any()


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
