"""DAR in its three steps, against the document's formula computed by hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fineview.core.evidence import DarSettings
from fineview.imaging import dar, edges
from tests.shared_data import SHARED


@pytest.fixture
def picture() -> np.ndarray:
    rng = np.random.default_rng(1)
    made = np.clip(120 + 12 * rng.standard_normal((300, 400, 3)), 0, 255).astype(np.uint8)
    made[:, :40] = 0
    made[140:150, 200:210] = 20
    return made


def test_equals_gain_under_mask_and_clip_to_half_a_percent(picture: np.ndarray) -> None:
    base = np.random.default_rng(2).random((300, 400)).astype(np.float32)
    mask = dar.edge_mask(picture, "fundus", DarSettings(edges="laplacian"))
    found = dar.redistribute(base, mask, 2.0)
    by_hand = np.clip(np.where(mask.inside, 2.0 * base, base), 0, 1)
    assert found.dtype == np.float32 and found.min() >= 0 and found.max() <= 1
    assert np.abs(found - by_hand).max() <= 0.0051


def test_order_is_kept_where_a_clip_makes_plateaus() -> None:
    base = np.linspace(0.5, 1.0, 400, dtype=np.float32).reshape(20, 20)
    mask = dar.EdgeMask(np.ones((20, 20), bool), "laplacian", 1.0)
    found = dar.redistribute(base, mask, 2.0).ravel()
    assert np.all(np.diff(found) > 0)


def test_the_percentile_is_taken_over_picture_not_background(picture: np.ndarray) -> None:
    mask = dar.edge_mask(picture, "fundus", DarSettings(edges="laplacian", percentile=95))
    seen = dar.foreground(picture[:, :, 1], "fundus")
    assert not mask.inside[:, :36].any()
    assert 0.03 < mask.inside[seen].mean() <= 0.05
    wide = np.concatenate([np.zeros((300, 400, 3), np.uint8), picture], 1)
    assert abs(dar.edge_mask(wide, "fundus", DarSettings(edges="laplacian")).cut - mask.cut) <= 2


def test_a_flat_frame_has_an_empty_mask_and_keeps_its_map() -> None:
    for value in (0, 90):
        mask = dar.edge_mask(np.full((64, 64, 3), value, np.uint8), "other")
        assert not mask.inside.any()
        base = np.full((64, 64), 0.3, np.float32)
        assert np.array_equal(dar.redistribute(base, mask), base)


def test_large_pictures_come_back_on_their_own_grid() -> None:
    made = np.random.default_rng(0).integers(60, 180, (1700, 2000, 3)).astype(np.uint8)
    assert dar.edge_mask(made, "fundus").inside.shape == (1700, 2000)


@pytest.mark.parametrize(("anatomy", "name"), [("fundus", "tophat"), ("oct", "denoised"), ("other", "laplacian")])
def test_auto_knows_the_anatomy(anatomy: str, name: str) -> None:
    assert dar.measure_for(anatomy, "auto") == name
    assert dar.measure_for(anatomy, "laplacian") == "laplacian"


@settings(max_examples=40, deadline=None)
@given(st.floats(1.0, 8.0), st.integers(0, 10_000))
def test_a_higher_gain_never_lowers_the_map(gain: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = rng.random((12, 12)).astype(np.float32)
    mask = dar.EdgeMask(rng.random((12, 12)) < 0.3, "laplacian", 1.0)
    low, high = dar.redistribute(base, mask, gain), dar.redistribute(base, mask, gain * 1.5)
    assert np.all(high >= low - 1e-6) and high.max() <= 1.0
    assert np.allclose(low[~mask.inside & (base < dar.KNEE)], base[~mask.inside & (base < dar.KNEE)])


def test_refuses_another_grid_and_a_gain_of_nothing() -> None:
    mask = dar.EdgeMask(np.zeros((4, 4), bool), "laplacian", 1.0)
    with pytest.raises(ValueError, match="different grids"):
        dar.redistribute(np.zeros((4, 5), np.float32), mask)
    with pytest.raises(ValueError, match="positive"):
        dar.redistribute(np.zeros((4, 4), np.float32), mask, 0.0)


def test_inline_bias_is_log_gain_on_masked_patches_only() -> None:
    inside = np.zeros((64, 96), bool)
    inside[32:64, 32:64] = True
    borders = np.arange(0, 65, 32), np.arange(0, 97, 32)
    bias = dar.key_bias(dar.EdgeMask(inside, "tophat", 1.0), borders, 2.0)
    expected = np.zeros((2, 3), np.float32)
    expected[1, 1] = np.log(2.0)
    assert np.allclose(bias, expected)


@pytest.mark.parametrize(("text", "name"), [
    ("haemorrhage", "dark"), ("is there any bleeding here", "dark"), ("red dots", "dark"), ("Hard exudates?", "bright"),
    ("optic disc", "bright"), ("haemorrhage or exudate", "tophat"), ("lesion", "tophat"), ("fluid", "tophat"),
    ("", "tophat"), (None, "tophat")])
def test_words_choose_the_shade_on_a_photograph(text: str | None, name: str) -> None:
    assert dar.measure_for("fundus", "auto", text) == name
    assert dar.measure_for("oct", "auto", text) == "denoised"
    assert dar.measure_for("other", "auto", text) == "laplacian"
    assert dar.measure_for("fundus", "tophat", text) == "tophat"


def test_asked_for_blood_the_mask_holds_the_dark_spot_and_not_the_bright_one(picture: np.ndarray) -> None:
    calm = np.full_like(picture, 120)
    calm[144:147, 204:207] = 60
    calm[44:47, 304:307] = 200
    dark, bright = (dar.edge_mask(calm, "fundus", text=words).inside for words in ("haemorrhage", "hard exudate"))
    assert dark[145, 205] and not dark[45, 305]
    assert bright[45, 305] and not bright[145, 205]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.floats(0.0, 100.0), st.integers(1, 400), st.integers(0, 99))
def test_the_order_statistic_makes_the_mask_of_numpys_percentile(percentile: float, count: int, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 50, count).astype(np.float64)
    ours = np.sort(values)[dar.rank_of(percentile, count)]
    assert np.array_equal(values > ours, values > np.percentile(values, percentile, method="lower"))
    assert (values > ours).mean() >= (values > np.percentile(values, percentile)).mean()


@pytest.mark.parametrize("method_percentile", [50.0, 95.0, 99.0])
def test_the_mask_is_the_documents_on_a_picture_of_another_kind(method_percentile: float) -> None:
    """|Laplacian| above its percentile over the picture, with numpy alone."""
    grey = np.random.default_rng(5).integers(30, 220, (60, 80)).astype(np.uint8)
    wide = np.pad(grey.astype(np.float64), 1, mode="reflect")
    by_hand = np.abs(wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * wide[1:-1, 1:-1])
    found = dar.edge_mask(np.repeat(grey[..., None], 3, 2), "other", DarSettings(percentile=method_percentile))
    seen = dar.foreground(grey, "other")
    cut = np.percentile(by_hand[seen], method_percentile)
    assert np.array_equal(found.inside, (by_hand > cut) & seen)


@pytest.mark.parametrize("reach", range(5, 72, 2))
def test_a_closing_never_lies_below_its_picture(reach: int) -> None:
    """It would wrap around in whole numbers and mark the whole picture."""
    grey = np.random.default_rng(reach).integers(0, 256, (80, 90)).astype(np.uint8)
    dark, bright = edges.vessel_free(grey.astype(np.uint16) << 6, reach)
    assert dark.max() <= 255 << 6 and bright.max() <= 255 << 6
    assert all(np.array_equal(line, line[::-1, ::-1]) for line in edges.lines(reach))


def test_white_padding_around_a_scan_draws_no_edge() -> None:
    """Scans that were turned flat come with white corners, whose border is the sharpest line of all."""
    rng = np.random.default_rng(0)
    scan = np.clip(20 + 6 * rng.standard_normal((200, 260)), 0, 255)
    scan[90:130] += 90 + 30 * rng.standard_normal((40, 260))
    scan = np.clip(scan, 0, 245).astype(np.uint8)
    padded = scan.copy()
    padded[:40] = 255
    padded[160:, 100:] = 255
    for one in (scan, padded):
        mask = dar.edge_mask(one, "oct").inside
        assert mask.any() and mask[84:136].sum() == mask.sum()


@pytest.mark.parametrize(("rows", "columns"), [((0, 6), (0, 6)), ((0, 40), (80, 120)), ((20, 40), (50, 70))])
@pytest.mark.parametrize("level", [250, 255])
def test_a_white_block_that_is_no_padding_is_picture(rows: tuple[int, int], columns: tuple[int, int], level: int
                                                     ) -> None:
    """In a corner, or saturated tissue in the middle: the only edges of a calm scan are its own."""
    calm = np.full((200, 400), 22, np.uint8)
    calm[slice(*rows), slice(*columns)] = level
    marked = np.argwhere(dar.edge_mask(calm, "oct").inside)
    assert len(marked)
    inner = [(low, high) for low, high in (rows, columns)]
    # Nowhere farther from an edge of the block than the smoothing reaches, and never in its calm middle.
    far = [min(abs(at - side) for at, sides in zip(place, inner, strict=True) for side in sides) for place in marked]
    assert max(far) <= 9


def test_a_white_corner_does_not_hide_the_tissue() -> None:
    rng = np.random.default_rng(3)
    scan = 20 + 6 * rng.standard_normal((200, 260))
    scan[90:130] += 90 + 30 * rng.standard_normal((40, 260))
    scan = np.clip(scan, 0, 245).astype(np.uint8)
    block = scan.copy()
    block[:60, :60] = 255
    plain, beside = dar.foreground(scan, "oct"), dar.foreground(block, "oct")
    assert plain[95:125].mean() > 0.95 and np.array_equal(beside[90:130], plain[90:130]) and beside[20, 20]


def real_scans() -> list[Path]:
    scans = sorted((SHARED / "E_retina" / "oct_kermany").glob("*.jpeg")) if SHARED else []
    if not scans:
        pytest.skip("shared B-scans not found; set FINEVIEW_SHARED to their folder")
    return scans


def test_no_edge_of_real_padding_is_marked_however_thin_it_is() -> None:
    """Padding of turned scans, found here as large white pieces on the border: wedges that thin out to a pixel."""
    padded = 0
    for path in real_scans():
        grey = np.asarray(Image.open(path).convert("L"))
        near_rim = np.ones(grey.shape, bool)
        near_rim[24:-24, 24:-24] = False
        pieces, found = cv2.connectedComponents((grey >= 250).astype(np.uint8), connectivity=8)
        on_rim = [np.bincount(side, minlength=pieces) for side in (found[0], found[-1], found[:, 0], found[:, -1])]
        large = np.max(on_rim, 0) > 100
        large[0] = False
        padding = large[found].astype(np.uint8)
        if padding.any():
            padded += 1
            close = cv2.dilate(padding, np.ones((15, 15), np.uint8)).astype(bool)
            mask = dar.edge_mask(grey, "oct").inside
            assert mask.any() and not mask[close].any(), path.name
            seen = dar.foreground(grey, "oct")
            # Away from border and padding the tissue stays: the rule takes a rim and no more.
            tissue = (cv2.GaussianBlur(grey, (0, 0), 3.0) > 90) & ~near_rim & ~cv2.dilate(
                padding, np.ones((31, 31), np.uint8)).astype(bool)
            assert seen[tissue].all(), path.name
    assert padded >= 8


def test_on_real_scans_the_mask_lies_on_tissue_and_speckle_does_not_make_it() -> None:
    specks: dict[str, list[float]] = {"laplacian": [], "denoised": []}
    for path in real_scans():
        grey = np.asarray(Image.open(path).convert("L"))
        blank = cv2.boxFilter((grey >= 250).astype(np.float32), -1, (15, 15)) > 0.999
        for name, found in specks.items():
            mask = dar.edge_mask(grey, "oct", DarSettings(edges=name)).inside
            assert not mask[blank].any(), path.name
            area = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
            found.append(area[area < 6].sum() / max(area.sum(), 1))
    assert np.median(specks["denoised"]) < 0.1 < 0.3 < np.median(specks["laplacian"])
