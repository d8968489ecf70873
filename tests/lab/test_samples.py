"""The stream of training crops: random access, shapes, and truth that stays on what it names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fineview.core.labels import DOMAINS, LABELS, WORDS
from fineview.imaging.field_of_view import field_of_view
from fineview.lab.crops import cut, frame, line_rows, quarter
from fineview.lab.fundus_truth import box_truth, mask_truth
from fineview.lab.real_fundus import open_cached, photographs
from fineview.lab.samples import SampleSource
from tests.shared_data import SHARED, needs_shared

OCT_ONLY = {"phantom_oct": 0.8, "other": 0.2}


def test_a_sample_depends_on_its_index_alone(tmp_path: Path) -> None:
    first = SampleSource(384, 5, None, None, tmp_path, OCT_ONLY)
    second = SampleSource(384, 5, None, None, tmp_path, OCT_ONLY)
    late = [first.sample(i) for i in (7, 2, 3)]
    again = [second.sample(i) for i in (3, 7, 2)]
    for one, two in zip(late, (again[1], again[2], again[0]), strict=True):
        assert (one.rgb == two.rgb).all()
        assert (one.target == two.target).all()
        np.testing.assert_array_equal(one.lines, two.lines)


@pytest.mark.parametrize("size", [384, 768])
def test_shapes_types_and_ranges(tmp_path: Path, size: int) -> None:
    source = SampleSource(size, 1, None, None, tmp_path, OCT_ONLY)
    side = size // 4
    for index in range(8):
        s = source.sample(index)
        assert (s.rgb.shape, s.rgb.dtype) == ((size, size, 3), np.uint8)
        assert s.target.shape == s.weight.shape == (len(WORDS), side, side)
        assert s.target.dtype == s.weight.dtype == np.float16
        assert (s.lines.shape, s.lines.dtype, s.valid.shape) == ((3, side), np.float32, (side, side))
        assert 0 <= float(s.target.min()) <= float(s.target.max()) <= 1
        assert -1 <= s.domain < len(DOMAINS)
        if s.origin == "phantom_oct":
            fundus = [k for k, label in enumerate(LABELS) if label.domain == "fundus"]
            assert not s.target[fundus].any()
            assert s.weight[fundus].min() == 1


def test_the_middle_of_the_crop_is_the_centre_asked_for() -> None:
    plane = np.zeros((200, 300), np.uint8)
    plane[98:103, 148:153] = 255
    for flips in ((False, False), (True, False), (True, True)):
        matrix = frame((150, 100), (2.0, 2.0), 0.3, flips, 64)
        (found,) = cut((plane,), matrix, 64, (0,))
        rows, columns = np.nonzero(found > 127)
        assert (rows.mean(), columns.mean()) == pytest.approx((31.5, 31.5), abs=0.6)


def test_a_shrunken_crop_stays_in_register() -> None:
    yy, xx = np.mgrid[:400, :400]
    plane = (255 * np.exp(-((xx - 250) ** 2 + (yy - 150) ** 2) / 800)).astype(np.uint8)
    matrix = frame((200, 200), (0.25, 0.25), 0.0, (False, False), 96)
    (found,) = cut((plane,), matrix, 96, (0,))
    expected = matrix @ [250, 150, 1]
    rows, columns = np.mgrid[:96, :96]
    weight = found / found.sum()
    assert ((weight * columns).sum(), (weight * rows).sum()) == pytest.approx(tuple(expected), abs=0.15)


def test_quarter_cells_hold_area_fractions_and_unknown_counts_nothing() -> None:
    hit, known = np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)
    hit[0:2, 0:4] = 2  # haemorrhage fills half of the first cell
    known[4:8, 4:8] = 255 - 2
    target, weight = quarter(hit, known, 0.4)
    assert target[1].astype(float).tolist() == [[0.5, 0], [0, 0]]
    assert weight[1].astype(float) == pytest.approx(np.array([[1, 0.4], [0.4, 0]]), abs=1e-3)


def test_lines_are_in_quarter_units_of_the_crop() -> None:
    lines = np.full((1, 100), 40.0)
    matrix = frame((50, 40), (2.0, 2.0), 0.0, (False, False), 64)
    # source row 40 lands on crop row 31.5, hence (31.5 + 0.5) / 4 - 0.5
    assert line_rows(lines, matrix, 64) == pytest.approx(np.full((1, 16), 7.5))
    below = frame((50, -200), (2.0, 2.0), 0.0, (False, False), 64)
    assert np.isnan(line_rows(lines, below, 64)).all()
    lines[:, 20:32] = np.nan  # a gap, as in the optic disc: what lies in it is unknown, what lies beside it is not
    found = line_rows(lines, matrix, 64)[0]
    columns = (np.arange(16) * 4 + 1.5 - matrix[0, 2]) / matrix[0, 0]
    assert (np.isnan(found) == ((columns > 19) & (columns < 32))).all()
    assert np.isnan(line_rows(np.full_like(lines, np.nan), matrix, 64)).all()


def test_drawn_lines_follow_the_crop_they_belong_to(tmp_path: Path) -> None:
    # on the line of the RPE the crop is brighter than ten cells above the ILM, in nearly every sample
    source = SampleSource(384, 2, None, None, tmp_path, {"phantom_oct": 1.0})
    brighter = []
    for index in range(20):
        s = source.sample(index)
        seen = np.flatnonzero(np.isfinite(s.lines[1]) & np.isfinite(s.lines[0]) & (s.lines[0] > 8))
        if len(seen) > 10:
            rows = np.round((s.lines[:2, seen] + 0.5) * 4 - 0.5).astype(int)
            grey = s.rgb[..., 0].astype(float)
            brighter.append(grey[rows[1], seen * 4 + 2].mean() > grey[rows[0] - 20, seen * 4 + 2].mean())
    assert len(brighter) >= 5
    assert np.mean(brighter) > 0.9


def test_inside_a_loose_box_only_the_spot_is_positive_and_the_rest_unknown() -> None:
    rgb = np.full((400, 600, 3), (180, 90, 40), np.uint8)
    rgb[195:206, 295:306] = (70, 20, 15)
    view = field_of_view(rgb)
    disc = (0.0, 0.2, 0.2, 0.05, 0.05)
    truth = box_truth(rgb, view, [(2.0, 0.5, 0.5, 0.1, 0.15), disc])
    blood, dot = np.uint8(1 << WORDS.index("haemorrhage")), np.uint8(1 << WORDS.index("microaneurysm"))
    assert truth.hit[200, 300] & blood
    assert not truth.known[180, 280] & blood
    assert not (truth.known & dot).any(), "where something was boxed, smaller things were not"
    assert (box_truth(rgb, view, [disc]).known & dot).all(), "in an eye without boxed lesions none are expected"
    assert truth.known[50, 50] & blood
    assert not truth.hit[50, 50]
    assert not (truth.known & np.uint8(1 << WORDS.index("soft_exudate"))).any()


def test_a_mask_says_nothing_about_other_classes() -> None:
    plane = np.zeros((10, 10), bool)
    plane[3, 3] = True
    truth = mask_truth({"hard_exudate": plane}, np.ones((10, 10), bool))
    known = {word for k, word in enumerate(WORDS) if (truth.known >> k & 1).all()}
    assert known == {"hard_exudate", "drusen", "fluid", "hyperreflective_focus"}


def test_a_veil_of_blood_is_no_lesion_and_no_absence() -> None:
    plane = np.zeros((100, 100), bool)
    plane[10:13, 10:13] = True
    plane[40:80, 40:80] = True
    truth = mask_truth({"haemorrhage": plane, "optic_disc": plane}, np.ones((100, 100), bool))
    blood, disc = (np.uint8(1 << WORDS.index(word)) for word in ("haemorrhage", "optic_disc"))
    assert truth.hit[11, 11] & blood and truth.known[11, 11] & blood
    assert not truth.hit[60, 60] & blood and not truth.known[60, 60] & blood
    assert truth.hit[60, 60] & disc, "a disc may be large"


@needs_shared
def test_copies_of_one_photograph_fall_into_one_fold() -> None:
    assert SHARED is not None
    folds = {photo.name: photo.fold for photo in photographs(SHARED)}
    # the catalogue says that these are the same photographs
    assert folds["masks_IDRiD_17"] == folds["boxes_first_0271"]
    assert folds["exudates_IDRiD_28"] == folds["boxes_first_0295"]
    assert set(folds.values()) == {0, 1, 2, 3, 4}


@needs_shared
def test_a_masked_photograph_keeps_its_lesions_at_the_common_scale(tmp_path: Path) -> None:
    assert SHARED is not None
    photo = next(p for p in photographs(SHARED) if p.name == "masks_IDRiD_01")
    cached = open_cached(photo, tmp_path)
    exudate = np.asarray(cached.hit) >> WORDS.index("hard_exudate") & 1
    # the catalogue counts 113286 px at 4288 wide; the scale is 2304 / 4288
    assert exudate.sum() == pytest.approx(113286 * (2304 / 4288) ** 2, rel=0.05)
    assert 1780 < cached.rgb.shape[1] < 1900


@needs_shared
def test_the_fold_left_out_is_left_out(tmp_path: Path) -> None:
    assert SHARED is not None
    source = SampleSource(384, 1, 2, SHARED, tmp_path)
    names = {photo.name for group in source._photos.values() for photo in group}
    assert names == {photo.name for photo in photographs(SHARED) if photo.fold != 2}
