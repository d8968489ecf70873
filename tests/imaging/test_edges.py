"""Edge measures on drawn truth: a dot stays, a vessel goes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fineview.imaging import edges


@pytest.fixture
def retina() -> np.ndarray:
    grey = np.full((220, 220), 120, np.uint8)
    cv2.line(grey, (10, 30), (200, 70), 60, 6)
    cv2.circle(grey, (100, 140), 6, 60, -1)
    cv2.circle(grey, (160, 160), 3, 200, -1)
    return grey


def test_the_top_hat_keeps_dots_and_forgets_lines(retina: np.ndarray) -> None:
    dark, bright = edges.vessel_free(retina)
    assert dark[140, 100] >= 55 and bright[160, 160] >= 55
    assert dark[45:56, 60:150].max() <= 12 and bright[45:56, 60:150].max() <= 12
    values = edges.measure("tophat", retina)
    assert values.dtype == np.float32 and values.min() >= 0
    assert values[140, 100] > 5 * values[50, 105]


def test_the_plain_laplacian_prefers_the_vessel(retina: np.ndarray) -> None:
    """Why the document's form loses on haemorrhages: most of its strongest pixels lie on the line."""
    values = edges.measure("laplacian", retina)
    strongest = values >= np.percentile(values, 99)
    rows = np.nonzero(strongest)[0]
    assert (rows < 90).mean() > 0.5
    assert np.array_equal(values, np.abs(cv2.Laplacian(retina, cv2.CV_64F)).astype(np.float32))


def test_denoising_lowers_speckle_but_keeps_the_spot() -> None:
    rng = np.random.default_rng(0)
    speckle = np.clip(80 + 40 * rng.standard_normal((200, 200)), 0, 255)
    speckle[96:104, 96:104] = 250
    picture = speckle.astype(np.uint8)
    spot, noise = (slice(90, 110), slice(90, 110)), (slice(0, 60), slice(0, 60))
    plain, smooth = edges.measure("laplacian", picture), edges.measure("denoised", picture)
    assert smooth[spot].max() / smooth[noise].max() > 1.5 * plain[spot].max() / plain[noise].max()


@pytest.mark.parametrize("name", edges.MEASURES)
def test_a_blank_picture_has_no_edges(name: edges.Measure) -> None:
    assert not edges.measure(name, np.full((64, 80, 3), 77, np.uint8)).any()


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown edge measure"):
        edges.measure("sobel", np.zeros((8, 8), np.uint8))  # type: ignore[arg-type]
