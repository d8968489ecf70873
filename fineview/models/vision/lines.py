"""Retinal boundary lines from row logits: expectation over the rows of a column, silent where the column is unsure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fineview.imaging.placement import Placement

LEAST_SHARE = 0.5
NEAR_CELLS = 3
CELL = 4


def source_rows(logits: NDArray[np.float32], where: Placement) -> NDArray[np.float32]:
    """Row logits (L, h, w) of the whole 1/4 canvas to rows in source pixels (L, source columns), float32.

    The expectation is taken within three cells of the strongest row, since far rows only add bias; a column whose
    rows there hold less than half of the probability is NaN.
    """
    rows, cols = where.cells(CELL)
    inside = np.asarray(logits[:, rows, cols], np.float64)
    place = np.arange(inside.shape[1])[None, :, None] + 0.5
    weight = np.exp(inside - inside.max(1, keepdims=True))
    weight /= weight.sum(1, keepdims=True)
    near = weight * (np.abs(place - (weight.argmax(1)[:, None] + 0.5)) <= NEAR_CELLS)
    share = near.sum(1)
    mean = (near * place).sum(1) / share
    step_y, step_x = where.stride_px(CELL)
    found = np.where(share >= LEAST_SHARE, mean * step_y, np.nan)
    centres = (np.arange(found.shape[1]) + 0.5) * step_x
    columns = np.arange(where.source_hw[1]) + 0.5
    lines = np.stack([np.interp(columns, centres, line) for line in found]).astype(np.float32)
    return _in_order(lines)


def _in_order(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """The order ILM, RPE, BM from the vitreous outwards holds in every eye: crossings are cut, not shown."""
    lines[1:] = np.where(lines[1:] < lines[:-1], np.nan, lines[1:])
    return lines
