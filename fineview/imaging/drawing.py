"""Drawing regions into pictures of a report."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fineview.core.region import Region, RegionKind

_SHIFT = 4
_LARGEST_PX = 4096


def draw_region(rgb: NDArray[np.uint8], region: Region, colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A copy of ``rgb`` (H, W, 3) with the outline of ``region`` in ``colour``, on a thin dark rim for contrast."""
    drawn = rgb.copy()
    width = max(1, round(max(rgb.shape[:2]) / 500))
    for thickness, ink in ((width + 2, (0, 0, 0)), (width, colour)):
        _outline(drawn, region, ink, thickness)
    return drawn


def true_aspect(rgb: NDArray[np.uint8], aspect: float) -> NDArray[np.uint8]:
    """``rgb`` (H, W, 3) with square pixels again: the finer direction is kept, the coarser one widened.

    ``aspect``: height of a source pixel over its width.
    """
    rows, cols = rgb.shape[:2]
    across, down = _stretch(aspect, rows, cols)
    if (across, down) == (1.0, 1.0):
        return rgb
    size = (max(1, round(cols * across)), max(1, round(rows * down)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def stretched(region: Region, aspect: float, rows: int, cols: int) -> Region:
    """The region as it lies on the picture that ``true_aspect`` made."""
    across, down = _stretch(aspect, rows, cols)
    return Region(region.kind, tuple((x * across, y * down) for x, y in region.points))


def _stretch(aspect: float, rows: int, cols: int) -> tuple[float, float]:
    """Factors across and down; a picture that would grow past 4096 px is shrunk in both."""
    across, down = (1.0 / aspect, 1.0) if aspect < 1.0 else (1.0, aspect)
    fit = min(1.0, _LARGEST_PX / max(cols * across, rows * down)) if (across, down) != (1.0, 1.0) else 1.0
    return across * fit, down * fit


def _outline(rgb: NDArray[np.uint8], region: Region, ink: tuple[int, int, int], thickness: int) -> None:
    # Corner convention to OpenCV's pixel-centre convention, with four fractional bits.
    points = np.rint((np.asarray(region.points) - 0.5) * (1 << _SHIFT)).astype(np.int32)
    line = cv2.LINE_AA
    if region.kind is RegionKind.BOX:
        cv2.rectangle(rgb, points[0].tolist(), points[1].tolist(), ink, thickness, line, _SHIFT)
    elif region.kind is RegionKind.ELLIPSE:
        centre, axes = points.mean(axis=0), np.abs(points[1] - points[0]) / 2
        cv2.ellipse(rgb, np.rint(centre).astype(int).tolist(), np.rint(axes).astype(int).tolist(), 0, 0, 360, ink,
                    thickness, line, _SHIFT)
    elif region.kind is RegionKind.POINT:
        centre = points[0].tolist()
        cv2.circle(rgb, centre, (5 * thickness) << _SHIFT, ink, thickness, line, _SHIFT)
    elif region.kind is RegionKind.LENGTH:
        cv2.line(rgb, points[0].tolist(), points[1].tolist(), ink, thickness, line, _SHIFT)
    else:
        closed = region.kind is not RegionKind.ANGLE
        cv2.polylines(rgb, [points.reshape(-1, 1, 2)], closed, ink, thickness, line, _SHIFT)
