"""Devices of phantom B-scans: speckle of the right kind, makers apart, one maker kept from training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.lab import oct_sheet
from fineview.lab.oct_device import MAKERS, TRAINED, UNSEEN, Device, acquire, draw_device
from fineview.lab.oct_lesions import draw_eye
from fineview.lab.phantom_oct import bscan

PLAIN = Device(looks=4.0, grain=(0.0, 0.9), noise=0.0, noise_looks=1.0, noise_grain=(0.5, 0.5), blur=(0.0, 0.0),
               range_db=0.0, black=0.0, white=1.0, gamma=1.0)


def _power(device: Device, grey: float = 130.0) -> np.ndarray:
    scene = np.full((300, 400), grey, np.float32)
    return (acquire(scene, device, np.random.default_rng(1)) / 255.0) ** 4


@pytest.mark.parametrize("looks", [2.0, 4.0, 16.0])
def test_speckle_keeps_the_mean_power_and_has_a_variance_of_one_over_the_looks(looks: float) -> None:
    power = _power(replace(PLAIN, looks=looks))
    assert power.mean() == pytest.approx((130 / 255) ** 4, rel=0.05)
    assert power.var() / power.mean() ** 2 == pytest.approx(1 / looks, rel=0.15)


def test_grain_is_shared_along_depth_as_a_gaussian_filter_shares_it() -> None:
    # white noise through a Gaussian of sigma s has a correlation of exp(-1 / (4 s^2)) at one pixel
    shown = np.cbrt(_power(replace(PLAIN, looks=30.0)))
    shown -= shown.mean()
    down, across = (shown[1:] * shown[:-1]).mean(), (shown[:, 1:] * shown[:, :-1]).mean()
    assert down / shown.var() == pytest.approx(np.exp(-1 / (4 * 0.9 ** 2)), abs=0.06)
    assert across / shown.var() == pytest.approx(0, abs=0.05)


def test_a_logarithmic_display_shows_decibels() -> None:
    device = replace(PLAIN, looks=1e6, range_db=40.0)
    # a tenth of full power is 10 dB down, so a quarter of the range below white
    scene = np.full((8, 8), 255 * 0.1 ** 0.25, np.float32)
    assert acquire(scene, device, np.random.default_rng(0)).mean() == pytest.approx(255 * 0.75, abs=1.5)


def test_one_maker_is_never_drawn_for_training_and_can_be_asked_for() -> None:
    assert UNSEEN in MAKERS
    assert UNSEEN not in TRAINED
    widest = max(draw_device(np.random.default_rng(seed)).grain[0] for seed in range(300))
    narrowest = min(draw_device(np.random.default_rng(seed), UNSEEN).grain[0] for seed in range(100))
    assert widest < narrowest
    with pytest.raises(KeyError):
        bscan(0, (64, 64), "nobody")


def test_makers_show_one_eye_differently_with_one_truth() -> None:
    scans = [bscan(8, (300, 320), maker) for maker in MAKERS]
    assert len({scan.image.tobytes() for scan in scans}) == len(MAKERS)
    for scan in scans[1:]:
        assert all((scan.lines[name] == line).all() for name, line in scans[0].lines.items())


def test_rpe_and_bm_lie_apart_by_the_published_few_rows_and_not_by_one_number() -> None:
    apart = []
    for seed in range(60):
        eye = replace(draw_eye(np.random.default_rng(seed)), drusen=(), detachments=(), deposits=())
        lines = eye.section(0.0, (496, 512)).lines
        apart.append((lines["BM"] - lines["RPE"]) / eye.axial)
    rows = np.stack(apart)
    assert rows.min() > 2.49
    assert rows.max() <= 12
    assert rows.mean(1).std() > 0.8  # between eyes
    assert np.median(rows.std(1)) > 0.2  # along one scan


def test_a_serous_detachment_is_fluid_below_its_roof_and_drusen_are_not() -> None:
    shown = 0
    for seed in range(120):
        scan = bscan(seed, (496, 256))
        columns = np.flatnonzero(scan.lines["BM"] - scan.lines["RPE"] > 25)
        below = scan.masks["fluid"] & (np.arange(496)[:, None] > scan.lines["RPE"])
        shown += int(below[:, columns].any())
        assert not (below & scan.masks["drusen"]).any()
    assert shown >= 3


def test_the_sheet_shows_pixels_and_beside_them_their_truth(tmp_path: Path) -> None:
    grey = np.full((496, 512), 100, np.uint8)
    mask = np.zeros((496, 512), bool)
    mask[100:200, 50:300] = True
    both = oct_sheet.cell(grey, {"fluid": mask}, {"BM": np.full(512, 300.0)})
    assert (both[:, :256] == 100).all()
    changed = (both[:, 256:] != 100).any(2)
    assert changed[50:100, 25:150].all()
    assert changed[150].all()  # row 300 of 496 is row 150 of 248
    assert changed.sum() == 50 * 125 + 256
    assert oct_sheet.main([str(tmp_path / "sheet.png")]) == 0
    with Image.open(tmp_path / "sheet.png") as made:
        assert made.size == (4 * 2 * 256, len(MAKERS) * 248)
