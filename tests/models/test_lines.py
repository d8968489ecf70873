"""Boundary lines from drawn row logits, against the rows they were drawn at."""

from __future__ import annotations

import numpy as np

from fineview.imaging import placement
from fineview.models.vision.lines import source_rows


def drawn(where: placement.Placement, rows_px: list[float], width: float = 1.0) -> np.ndarray:
    """Logits whose row distribution is a Gaussian around a source row, for each line."""
    high, wide = (size // 4 for size in where.fine_canvas_hw)
    cells = np.arange(high) + 0.5 - where.fine_corner[0] / 4
    logits = np.zeros((len(rows_px), high, wide), np.float32)
    for number, row in enumerate(rows_px):
        at = row / where.stride_px(4)[0]
        logits[number] = (-((cells - at) ** 2) / (2 * width**2))[:, None]
    return logits


def test_rows_come_back_in_source_pixels() -> None:
    where = placement.place(496, 768)
    found = source_rows(drawn(where, [100.0, 300.5, 320.0]), where)
    assert found.shape == (3, 768) and found.dtype == np.float32
    assert np.abs(found - np.array([[100.0], [300.5], [320.0]])).max() < 0.3


def test_an_unsure_column_is_silent() -> None:
    where = placement.place(496, 768)
    logits = drawn(where, [100.0, 300.0, 320.0])
    logits[0, :, :96] = 0.0
    found = source_rows(logits, where)
    assert np.isnan(found[0, 10:100]).all() and np.isfinite(found[0, 500:]).all() and np.isfinite(found[1]).all()


def test_lines_that_cross_are_cut() -> None:
    where = placement.place(496, 768)
    found = source_rows(drawn(where, [100.0, 320.0, 300.0]), where)
    assert np.isfinite(found[:2]).all() and np.isnan(found[2]).all()
