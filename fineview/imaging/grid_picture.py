"""A map of the fundus with the ETDRS grid and its numbers as a picture for reports, drawn from values alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Point
from fineview.core.thickness import RADII_MM, FundusMap
from fineview.imaging.colour import blend
from fineview.imaging.etdrs import cuts

SIDE_PX = 680
_REACH_MM = 3.4
_PX_MM = SIDE_PX / (2 * _REACH_MM)
_LEGEND_PX, _BAR_PX = 56, 300
_SHIFT = 4
_GROUND = 60
_FONT = cv2.FONT_HERSHEY_SIMPLEX
# Middles of the fields from the grid's centre, in the grid's own order, y down; the centre's above the cross.
_PLACES = ((0.0, -0.27), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0),
           (2.25, 0.0), (0.0, -2.25), (-2.25, 0.0), (0.0, 2.25))
Rgb = NDArray[np.uint8]


def ground(picture: Rgb | None, px_per_mm: Point | None, centre_mm: Point) -> Rgb:
    """The part of the localizer about the grid's centre, RGB (SIDE_PX, SIDE_PX, 3); even grey where there is none.

    ``picture``: RGB (H, W, 3), its top-left corner the origin of the fundus plane.
    """
    plain = np.full((SIDE_PX, SIDE_PX, 3), _GROUND, np.uint8)
    if picture is None or px_per_mm is None:
        return plain
    x, y = (_PX_MM / scale for scale in px_per_mm)
    # Pixel centres of the picture to pixel centres of the canvas.
    to_canvas = np.array([[x, 0, 0.5 * x - (centre_mm[0] - _REACH_MM) * _PX_MM - 0.5],
                          [0, y, 0.5 * y - (centre_mm[1] - _REACH_MM) * _PX_MM - 0.5]])
    return np.asarray(cv2.warpAffine(picture, to_canvas, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR,
                                     borderMode=cv2.BORDER_CONSTANT, borderValue=(_GROUND,) * 3), np.uint8)


def at_pixels(held: FundusMap, centre_mm: Point) -> NDArray[np.float32]:
    """The map's values at the canvas' pixels, (SIDE_PX, SIDE_PX), each that of the cell it lies in; NaN outside."""
    steps = (np.arange(SIDE_PX) + 0.5) / _PX_MM - _REACH_MM
    cols = np.floor((centre_mm[0] + steps - held.corner_mm[0]) / held.cell_mm).astype(np.int64)
    rows = np.floor((centre_mm[1] + steps - held.corner_mm[1]) / held.cell_mm).astype(np.int64)
    height, width = held.values.shape
    seen = held.values[np.clip(rows, 0, height - 1)[:, None], np.clip(cols, 0, width - 1)[None, :]].copy()
    seen[(rows < 0) | (rows >= height), :] = np.nan
    seen[:, (cols < 0) | (cols >= width)] = np.nan
    return np.asarray(seen, np.float32)


def grid_picture(base: Rgb, rgba: NDArray[np.uint8], words: Sequence[str], bar: Rgb, ends: tuple[str, str]) -> Rgb:
    """``base`` under ``rgba`` with rings, cuts, a word in each field in the grid's order, and the legend below.

    ``bar``: RGB (n, 3), low to high; ``ends``: words at its ends.  Returns RGB.
    """
    drawn = np.ascontiguousarray(blend(base, rgba))
    for width, ink in ((4, (0, 0, 0)), (2, (244, 246, 248))):
        _rings(drawn, width, ink)
    for text, (dx, dy) in zip(words, _PLACES, strict=True):
        _write(drawn, text, (SIDE_PX / 2 + dx * _PX_MM, SIDE_PX / 2 + dy * _PX_MM), 0.95)
    return np.vstack([drawn, _legend(bar, ends)])


def _rings(rgb: Rgb, width: int, ink: tuple[int, int, int]) -> None:
    middle = round((SIDE_PX / 2 - 0.5) * (1 << _SHIFT))
    for radius in RADII_MM:
        cv2.circle(rgb, (middle, middle), round(radius * _PX_MM * (1 << _SHIFT)), ink, width, cv2.LINE_AA, _SHIFT)
    for begin, end in cuts():
        ends = [tuple(middle + round(v * _PX_MM * (1 << _SHIFT)) for v in point) for point in (begin, end)]
        cv2.line(rgb, ends[0], ends[1], ink, width, cv2.LINE_AA, _SHIFT)
    reach = round(0.09 * _PX_MM * (1 << _SHIFT))
    cv2.line(rgb, (middle - reach, middle), (middle + reach, middle), ink, width, cv2.LINE_AA, _SHIFT)
    cv2.line(rgb, (middle, middle - reach), (middle, middle + reach), ink, width, cv2.LINE_AA, _SHIFT)


def _write(rgb: Rgb, text: str, middle: Point, size: float) -> None:
    (width, height), _ = cv2.getTextSize(text, _FONT, size, 2)
    at = (math.floor(middle[0] - width / 2), math.floor(middle[1] + height / 2))
    stencil = np.zeros(rgb.shape[:2], np.uint8)
    cv2.putText(stencil, text, at, _FONT, size, 255, 2, cv2.LINE_AA)
    # A rim of its own: the letters of this library grow heavier with thickness, but get none.
    rim = cv2.dilate(stencil, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    for mask, ink in ((rim, 0.0), (stencil, 255.0)):
        share = mask[..., None].astype(np.float32) / 255.0
        rgb[:] = np.rint(rgb * (1.0 - share) + ink * share).astype(np.uint8)


def _legend(bar: Rgb, ends: tuple[str, str]) -> Rgb:
    made = np.full((_LEGEND_PX, SIDE_PX, 3), 255, np.uint8)
    left = (SIDE_PX - _BAR_PX) // 2
    made[18:38, left:left + _BAR_PX] = bar[np.linspace(0, len(bar) - 1, _BAR_PX).round().astype(int)]
    (width, height), _ = cv2.getTextSize(ends[0], _FONT, 0.55, 1)
    baseline = 28 + height // 2
    cv2.putText(made, ends[0], (left - width - 10, baseline), _FONT, 0.55, (40, 40, 40), 1, cv2.LINE_AA)
    cv2.putText(made, ends[1], (left + _BAR_PX + 10, baseline), _FONT, 0.55, (40, 40, 40), 1, cv2.LINE_AA)
    return made
