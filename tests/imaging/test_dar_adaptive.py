"""The entropy bound, against entropies of maps that are really made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fineview.core.evidence import DarSettings
from fineview.imaging import dar, dar_adaptive


def bits(values: np.ndarray) -> float:
    share = values.astype(np.float64).ravel() / values.sum()
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def raised(base: np.ndarray, values: np.ndarray, seen: np.ndarray, gain: float, percentile: float) -> np.ndarray:
    cut = np.percentile(values[seen], percentile, method="lower")
    return np.where(values > cut, base.astype(np.float64) * gain, base)[seen]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(0.02, 1.0), st.floats(0.3, 6.0))
def test_the_choice_keeps_the_bound_and_no_stronger_pair_does(seed: int, most: float, power: float) -> None:
    rng = np.random.default_rng(seed)
    base = (rng.random((30, 40)) ** power).astype(np.float32)
    values = rng.random((30, 40)).astype(np.float32)
    seen = rng.random((30, 40)) < 0.8
    found = dar_adaptive.choose(base, values, seen, most)
    before = bits(base[seen])
    fall = before - bits(raised(base, values, seen, found.gain, found.percentile))
    assert fall <= most + 1e-6 and fall == pytest.approx(found.bits, abs=1e-6)
    pairs = [(gain, percentile) for gain in dar_adaptive.GAINS for percentile in dar_adaptive.PERCENTILES]
    stronger = pairs[:pairs.index((found.gain, found.percentile))] if (found.gain, found.percentile) in pairs else pairs
    assert all(before - bits(raised(base, values, seen, *pair)) > most - 1e-6 for pair in stronger)


def test_entropy_of_known_maps() -> None:
    assert dar_adaptive.entropy_bits(np.ones((8, 8))) == pytest.approx(6.0)
    assert dar_adaptive.entropy_bits(np.array([0.0, 1.0, 0.0])) == 0.0
    assert dar_adaptive.entropy_bits(np.array([1.0, 1.0, 2.0])) == pytest.approx(1.5)
    assert dar_adaptive.entropy_bits(np.zeros(4)) == 0.0


def test_nothing_to_choose_on_an_empty_map_or_a_flat_picture() -> None:
    blank, edge = np.zeros((9, 9), np.float32), np.random.default_rng(0).random((9, 9)).astype(np.float32)
    everywhere = np.ones((9, 9), bool)
    for base, values, seen in ((blank, edge, everywhere), (edge, blank, everywhere), (edge, edge, ~everywhere)):
        assert dar_adaptive.choose(base, values, seen).gain == 1.0


def test_what_was_chosen_is_said_and_used() -> None:
    rng = np.random.default_rng(3)
    rgb = rng.integers(40, 200, (120, 160, 3)).astype(np.uint8)
    base = rng.random((120, 160)).astype(np.float32)
    field = dar.edge_field(rgb, "other", "laplacian")
    used, mask, note = dar_adaptive.fit(base, field, DarSettings(adaptive=True))
    chosen = dar_adaptive.choose(base, field.values, field.seen)
    assert (used.gain, used.percentile) == (chosen.gain, chosen.percentile)
    assert np.array_equal(mask.inside, dar.cut_at(field, chosen.percentile).inside)
    assert note == f"gain {chosen.gain:g}, percentile {chosen.percentile:g}, chosen by entropy, Laplacian"
    same = DarSettings(gain=3.0, percentile=90.0)
    used, mask, note = dar_adaptive.fit(base, field, same)
    assert used == same and note == "gain 3, percentile 90, Laplacian"
    assert np.array_equal(mask.inside, dar.edge_mask(rgb, "other", same).inside)
