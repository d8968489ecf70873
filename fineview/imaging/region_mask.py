"""Regions as pixel masks, and the numbers inside them.  Which pixels a region holds is said here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from fineview.core.region import Region, RegionKind


def region_mask(region: Region, rows: int, cols: int) -> NDArray[np.bool_]:
    """The pixels whose centre lies in the region; bool (rows, cols).

    Centres on the border: of an ellipse inside; of a box and a polygon inside at the left and top border, outside at
    the right and bottom one, so that two regions side by side share no pixel.  A polygon that crosses itself holds
    what an odd number of its turns encloses.  A line and the arms of an angle cover the pixels under them.  A point,
    and what is too small to hold a pixel's centre, covers the pixel under its middle.  Parts outside the image are
    left out.
    """
    mask = _covered(region, rows, cols)
    if not mask.any():
        x, y = region.centre
        if 0 <= y <= rows and 0 <= x <= cols:
            mask[min(int(y), rows - 1), min(int(x), cols - 1)] = True
    return mask


def _covered(region: Region, rows: int, cols: int) -> NDArray[np.bool_]:
    if region.kind in (RegionKind.BOX, RegionKind.ELLIPSE):
        return _rounded(region, rows, cols)
    mask = np.zeros((rows, cols), np.uint8)
    if region.kind is RegionKind.POINT:
        return mask.astype(bool)
    # Our corner convention puts pixel centres at .5, OpenCV's at integers; 8 fractional bits keep sub-pixel vertices.
    points = np.rint((np.asarray(region.points) - 0.5) * 256).astype(np.int32)
    if region.kind in (RegionKind.LENGTH, RegionKind.ANGLE):
        for start, end in pairwise(points.tolist()):
            cv2.line(mask, start, end, 1, shift=8)
        return mask.astype(bool)
    return _polygon(np.asarray(region.points), rows, cols)


def _rounded(region: Region, rows: int, cols: int) -> NDArray[np.bool_]:
    box = region.bounds
    y = np.arange(rows)[:, None] + 0.5
    x = np.arange(cols)[None, :] + 0.5
    if region.kind is RegionKind.BOX:
        return np.asarray((x >= box.x) & (x < box.x + box.w) & (y >= box.y) & (y < box.y + box.h))
    if box.w <= 0 or box.h <= 0:
        return np.zeros((rows, cols), bool)
    cx, cy = box.centre
    return np.asarray(((x - cx) / (box.w / 2)) ** 2 + ((y - cy) / (box.h / 2)) ** 2 <= 1.0)


def _polygon(points: NDArray[np.float64], rows: int, cols: int) -> NDArray[np.bool_]:
    """Even-odd rule at pixel centres, one scan line at a time (OpenCV's fill also takes pixels the border touches)."""
    mask = np.zeros((rows, cols), bool)
    x0, y0 = points[:, 0], points[:, 1]
    x1, y1 = np.roll(x0, -1), np.roll(y0, -1)
    centres = np.arange(cols) + 0.5
    top, bottom = max(0, int(np.floor(y0.min()))), min(rows, int(np.ceil(y0.max())))
    for row in range(top, bottom):
        y = row + 0.5
        crossing = (y0 <= y) != (y1 <= y)
        at = x0[crossing] + (y - y0[crossing]) * (x1[crossing] - x0[crossing]) / (y1[crossing] - y0[crossing])
        mask[row] = np.searchsorted(np.sort(at), centres, side="right") % 2 == 1
    return mask


@dataclass(frozen=True, slots=True)
class RegionStatistics:
    """Of the values under a mask, in modality units; ``n`` pixels.  ``sd`` is the population standard deviation."""

    n: int
    mean: float
    sd: float
    minimum: float
    maximum: float


def statistics(values: NDArray[np.generic], mask: NDArray[np.bool_]) -> RegionStatistics | None:
    """``values`` (H, W) or (H, W, 3) (then luma Rec. 601).  None where the mask covers no finite value."""
    inside = _luma(values[mask], values.ndim == 3)
    inside = inside[np.isfinite(inside)]
    if inside.size == 0:
        return None
    return RegionStatistics(int(inside.size), float(inside.mean()), float(inside.std()), float(inside.min()),
                            float(inside.max()))


def luma(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """(H, W) float64: grey values as they are, RGB by Rec. 601 weights."""
    return _luma(values, values.ndim == 3)


def _luma(values: NDArray[np.generic], colour: bool) -> NDArray[np.float64]:
    plain = values.astype(np.float64)
    return np.asarray(plain @ np.array([0.299, 0.587, 0.114])) if colour else plain


def surroundings(mask: NDArray[np.bool_], width_px: int | None = None) -> NDArray[np.bool_]:
    """A ring around the mask, as wide as the region's own mean radius where ``width_px`` is not given (3..40 px)."""
    if width_px is None:
        width_px = int(np.clip(np.sqrt(mask.sum() / np.pi), 3, 40))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width_px + 1, 2 * width_px + 1))
    grown = np.asarray(cv2.dilate(mask.astype(np.uint8), kernel)).astype(bool)
    return np.asarray(grown & ~mask)
