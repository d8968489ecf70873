"""The edge mask in torch against OpenCV's own: equal grey levels, identical masks, whatever the picture's size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fineview.core.evidence import DarSettings
from fineview.imaging import dar, edges
from fineview.models.attention import edge_mask as ours

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def picture(height: int, width: int, seed: int, smooth: bool) -> np.ndarray:
    """Noise or blobs, with spots, a line and a dark border where there is room: flat regions, ties, sharp rims."""
    rng = np.random.default_rng(seed)
    made = rng.integers(0, 256, (height, width)).astype(np.uint8)
    if smooth:
        made = cv2.GaussianBlur(made, (0, 0), 2.0)
        cv2.line(made, (0, height // 2), (width, height // 3), 30, 2)
        cv2.circle(made, (width // 3, height // 2), max(1, height // 20), 220, -1)
        made[:, : width // 6] = 0
        if seed % 2:
            made[: height // 3, width // 2:] = 255  # the white padding of turned B-scans
        if seed % 3 == 0:
            made[-(height // 5):, : width // 7] = 255  # a white corner that is none
    return made


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 10_000), st.booleans(), st.sampled_from(edges.MEASURES),
       st.sampled_from([5, 9, 17]))
def test_measures_are_those_of_opencv(height: int, width: int, seed: int, smooth: bool, name: edges.Measure,
                                      reach: int) -> None:
    grey = picture(height, width, seed, smooth)
    found = ours.measure(name, torch.from_numpy(grey), reach).numpy()
    assert found.dtype == np.float32
    assert np.abs(found - edges.measure(name, grey, reach)).max() <= 1e-5 * 255


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 10_000), st.booleans(),
       st.sampled_from(["fundus", "oct", "other"]), st.sampled_from(["auto", *edges.MEASURES]),
       st.floats(50.0, 100.0))
def test_masks_are_identical(height: int, width: int, seed: int, smooth: bool, anatomy: str, name: str,
                             percentile: float) -> None:
    rgb = np.repeat(picture(height, width, seed, smooth)[..., None], 3, 2)
    wanted = DarSettings(edges=name, percentile=percentile)  # type: ignore[arg-type]
    theirs = dar.edge_mask(rgb, anatomy, wanted, "bleeding")
    mine = ours.edge_mask(rgb, anatomy, wanted, "bleeding")
    assert np.array_equal(mine.inside, theirs.inside)
    assert (mine.measure, mine.cut) == (theirs.measure, theirs.cut)


@pytest.mark.parametrize("device", DEVICES)
def test_a_large_picture_and_a_real_device(device: str) -> None:
    rgb = np.repeat(picture(400, 1700, 3, True)[..., None], 3, 2)
    for anatomy in ("fundus", "oct"):
        theirs = dar.edge_mask(rgb, anatomy)
        assert 0 < theirs.inside.mean() < 0.1
        assert np.array_equal(ours.edge_mask(rgb, anatomy, device=device).inside, theirs.inside)


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown edge measure"):
        ours.measure("sobel", torch.zeros(8, 8, dtype=torch.uint8))  # type: ignore[arg-type]
