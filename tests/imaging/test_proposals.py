"""Proposals from drawn probability maps: one per lesion, with the numbers a person would count."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.geometry import Box
from fineview.core.region import Region, RegionKind
from fineview.imaging.proposals import MOST_PER_LABEL, find_proposals


def test_each_spot_is_one_proposal_with_its_box_area_and_score() -> None:
    values = np.zeros((60, 80), np.float16)
    values[10:14, 20:26] = 0.6
    values[12, 22] = 0.9
    values[40, 70] = 0.55
    values[50, 5] = 0.3
    found = find_proposals({"haemorrhage": values}, {"haemorrhage": 0.5})
    assert [(p.label, p.box, p.area_px) for p in found] == [
        ("haemorrhage", Box(20.0, 10.0, 6.0, 4.0), 24.0), ("haemorrhage", Box(70.0, 40.0, 1.0, 1.0), 1.0)]
    assert abs(found[0].score - 0.9) < 1e-3 and abs(found[1].score - 0.55) < 1e-3
    xs, ys = zip(*found[0].contour, strict=True)
    assert (min(xs), max(xs), min(ys), max(ys)) == pytest.approx((20, 26, 10, 14), abs=0.1)


def test_diagonal_neighbours_belong_together_and_thresholds_are_by_label() -> None:
    values = np.zeros((20, 20), np.float16)
    values[5, 5] = values[6, 6] = 0.4
    assert len(find_proposals({"drusen": values}, {"drusen": 0.3})) == 1
    assert find_proposals({"drusen": values}, {"haemorrhage": 0.3}) == ()


def test_fluid_reaches_as_far_as_it_is_likelier_than_not_and_a_dot_does_not() -> None:
    values = np.zeros((30, 30), np.float32)
    values[4:12, 4:14] = 0.6
    values[6:8, 6:8] = 0.9  # strong enough to be proposed, and two more places in the same water
    values[10, 12] = 0.85
    values[20:24, 20:24] = 0.6  # never strong: proposed nowhere
    values[3, :] = 0.4
    fluid, = find_proposals({"fluid": values}, {"fluid": 0.8})
    assert (fluid.box, fluid.area_px) == (Box(4.0, 4.0, 10.0, 8.0), 80.0)
    assert fluid.score == pytest.approx(0.9)
    assert [p.area_px for p in find_proposals({"haemorrhage": values}, {"haemorrhage": 0.8})] == [4.0, 1.0]
    assert find_proposals({"fluid": values}, {"fluid": 0.3})[0].area_px == 80 + 30 + 0  # a low threshold stays itself


def test_strongest_first_and_no_flood() -> None:
    rng = np.random.default_rng(0)
    values = np.zeros((200, 200), np.float16)
    values[::4, ::4] = rng.uniform(0.5, 1.0, (50, 50))
    found = find_proposals({"microaneurysm": values}, {})
    assert len(found) == MOST_PER_LABEL
    assert all(a.score >= b.score for a, b in zip(found, found[1:], strict=False))
    assert found[0].score == float(values.max())


def test_a_flat_map_proposes_nothing() -> None:
    assert find_proposals({"fluid": np.zeros((30, 30), np.float16)}, {"fluid": 0.5}) == ()


def test_the_outline_has_the_size_of_the_lesion() -> None:
    rows, cols = np.mgrid[:120, :160]
    values = np.where((rows - 50) ** 2 + (cols - 60) ** 2 < 400, 0.9, 0.0).astype(np.float32)
    values[100:102, 100:102] = 0.8
    disc, dot = find_proposals({"fluid": values}, {"fluid": 0.5})
    assert Region(RegionKind.POLYGON, disc.contour).area_px == pytest.approx(disc.area_px, rel=0.03)
    assert Region(RegionKind.POLYGON, dot.contour).area_px == pytest.approx(4.0, abs=0.6)
    assert max(len(disc.contour), len(dot.contour)) <= 24
