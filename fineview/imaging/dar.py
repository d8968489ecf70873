"""DAR, dynamic attention redistribution in map mode: base map, high-frequency mask, gain under the mask.

The three steps of the user's document: a base attention map; a mask where an edge measure exceeds its 95th
percentile; the map times a gain (2.0) under the mask, kept in [0, 1].  Two things are done with care:

* the edge measure has the shape of what is sought (:mod:`edges`) and its percentile is taken over picture, not
  background; on haemorrhages the document's Laplacian marks vessels and lowers F1, the top-hat raises it;
* a hard clip at 1 turns the strongest places into a plateau whose ties become false peaks, so the last
  hundredth of the range bends instead: order is kept, and no value moves by more than 0.005 from the clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import DarSettings
from fineview.imaging import edges

Anatomy = Literal["fundus", "oct", "other"]
KNEE = 0.99
WORK_PX = 1536
REACH_AT_PX = 2304 / edges.REACH_PX
BACKGROUND_GREY = 12


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMask:
    """``inside`` (H, W) bool on the source grid, the ``measure`` it came from and its ``cut`` in grey levels."""

    inside: NDArray[np.bool_]
    measure: edges.Measure
    cut: float


def measure_for(anatomy: str, wanted: str) -> edges.Measure:
    """The edge measure of ``auto``: top-hat on photographs, denoised Laplacian on B-scans, Laplacian elsewhere."""
    if wanted in edges.MEASURES:
        return next(name for name in edges.MEASURES if name == wanted)
    if wanted != "auto":
        raise ValueError(f"unknown edge measure {wanted!r}")
    choice: dict[str, edges.Measure] = {"fundus": "tophat", "oct": "denoised"}
    return choice.get(anatomy, "laplacian")


def foreground(grey: NDArray[Any], anatomy: str) -> NDArray[np.bool_]:
    """Where a picture (H, W) shows something, without its rim: the edge of the field of view is no lesion."""
    smooth: NDArray[Any] = cv2.GaussianBlur(grey, (0, 0), 3.0)
    level = BACKGROUND_GREY
    if anatomy == "oct":
        level = max(level, int(0.8 * cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0]))
    seen: NDArray[Any] = (smooth > level).astype(np.uint8)
    if anatomy == "fundus":
        seen = cv2.erode(seen, np.ones((9, 9), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return seen.astype(np.bool_)


def edge_mask(rgb: NDArray[np.uint8], anatomy: str, settings: DarSettings | None = None) -> EdgeMask:
    """The high-frequency mask of a picture (H, W, 3) or (H, W) uint8.  A flat picture has an empty mask.

    Work is done at no more than 1536 px; the mask comes back on the source grid.
    """
    settings = settings or DarSettings()
    name = measure_for(anatomy, settings.edges)
    grey: NDArray[Any] = edges.luminance(rgb)
    height, width = grey.shape
    shrink = min(1.0, WORK_PX / max(height, width))
    if shrink < 1.0:
        grey = cv2.resize(grey, (max(1, round(width * shrink)), max(1, round(height * shrink))),
                          interpolation=cv2.INTER_AREA)
    reach = max(5, round(max(grey.shape) / REACH_AT_PX) | 1)
    values = edges.measure(name, grey, reach_px=reach)
    seen = foreground(grey, anatomy)
    if not seen.any():
        return EdgeMask(np.zeros((height, width), np.bool_), name, 0.0)
    cut = float(np.percentile(values[seen], settings.percentile))
    inside: NDArray[Any] = ((values > cut) & seen).astype(np.uint8)
    if shrink < 1.0:
        inside = cv2.resize(inside, (width, height), interpolation=cv2.INTER_NEAREST)
    return EdgeMask(inside.astype(np.bool_), name, cut)


def redistribute(base: NDArray[np.float32], mask: EdgeMask, gain: float = 2.0) -> NDArray[np.float32]:
    """The base map (H, W) in [0, 1] times ``gain`` under the mask, in [0, 1], order kept at the top.

    Raises ``ValueError`` when map and mask do not lie on the same grid, or the gain is not positive.
    """
    if base.shape != mask.inside.shape:
        raise ValueError(f"map {base.shape} and mask {mask.inside.shape} lie on different grids")
    if not gain > 0:
        raise ValueError("the gain must be positive")
    raised = np.maximum(base, np.float32(0)).astype(np.float32)
    np.multiply(raised, np.float32(gain), out=raised, where=mask.inside)
    high = raised > KNEE
    over = raised[high] - np.float32(KNEE)
    raised[high] = np.float32(KNEE) + over * np.float32(1 - KNEE) / (over + np.float32(1 - KNEE))
    return raised


def key_bias(mask: EdgeMask, cells: tuple[NDArray[np.int64], NDArray[np.int64]], gain: float = 2.0
             ) -> NDArray[np.float32]:
    """Inline mode: log(gain) for each patch key, scaled by how much of the patch the mask covers.

    ``cells`` are the source rows and columns (h + 1 and w + 1 edges) of the patch grid; returns float32 (h, w), to be
    added to the attention logits of those keys.
    """
    sums = np.zeros((mask.inside.shape[0] + 1, mask.inside.shape[1] + 1), np.float64)
    sums[1:, 1:] = mask.inside.cumsum(0).cumsum(1)
    rows, cols = np.clip(cells[0], 0, mask.inside.shape[0]), np.clip(cells[1], 0, mask.inside.shape[1])
    corner = sums[np.ix_(rows, cols)]
    total = corner[1:, 1:] - corner[1:, :-1] - corner[:-1, 1:] + corner[:-1, :-1]
    area = np.maximum(np.outer(np.diff(rows), np.diff(cols)), 1)
    # Four times the fair share of a 5 % mask is a patch that the mask clearly belongs to.
    share = np.clip(total / area / 0.2, 0.0, 1.0)
    return np.asarray(np.log(gain) * share, np.float32)
