"""DAR, dynamic attention redistribution in map mode: base map, high-frequency mask, gain under the mask.

The three steps of the user's document: a base attention map; a mask where an edge measure exceeds its 95th
percentile; the map times a gain (2.0) under the mask, kept in [0, 1].  Two things are done with care:

* the edge measure has the shape of what is sought (:mod:`edges`) and its percentile is taken over picture, not
  background.  On photographs the words decide the half of the top-hat: who asks for blood wants dark spots, who asks
  for exudate bright ones;
* a hard clip at 1 turns the strongest places into a plateau whose ties become false peaks, so the last
  hundredth of the range bends instead: order is kept, and no value moves by more than 0.005 from the clip.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import DarSettings
from fineview.core.labels import LABELS
from fineview.imaging import edges

Anatomy = Literal["fundus", "oct", "other"]
KNEE = 0.99
WORK_PX = 1536
# Lines of 4.3 % of the longer side (100 px of a photograph shown 2304 px wide): vessels are longer, bleeds are not.
LINE_SHARE = 100 / 2304
# Lesions are about the hundredth part of a photograph; what is a spot at all is more than the document's twentieth.
OWN_PERCENTILE: dict[edges.Measure, float] = {"laplacian": 95.0, "denoised": 95.0, "tophat": 99.0, "dark": 99.0,
                                              "bright": 99.0}
BACKGROUND_GREY = 12
# Padding is white along at least this share of a side (the least of real scans: half), and draws an edge up to 12 px
# away: as far as the smoothing of the denoised measure and the ringing of JPEG blocks reach.
WHITE_GREY, PADDING_SHARE, PADDING_RIM_PX = 250, 0.4, 25
DARK = frozenset({"microaneurysm", "haemorrhage"})
SHADED = DARK | {"hard_exudate", "soft_exudate", "optic_disc"}


@dataclass(frozen=True, slots=True, eq=False)
class EdgeField:
    """The edge measure before any percentile: ``values`` float32 and ``seen`` bool (h, w) on the working grid of a
    picture of ``source_hw``; ``measure``: its name."""

    values: NDArray[np.float32]
    seen: NDArray[np.bool_]
    measure: edges.Measure
    source_hw: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class EdgeMask:
    """``inside`` (H, W) bool on the source grid, the ``measure`` it came from and its ``cut`` in grey levels."""

    inside: NDArray[np.bool_]
    measure: edges.Measure
    cut: float


def measure_for(anatomy: str, wanted: str, text: str | None = None) -> edges.Measure:
    """The edge measure of ``auto``: top-hat on photographs, its dark or bright half where ``text`` names a structure of
    one shade, denoised Laplacian on B-scans, Laplacian elsewhere.  Raises ``ValueError`` for an unknown ``wanted``."""
    if wanted in edges.MEASURES:
        return next(name for name in edges.MEASURES if name == wanted)
    if wanted != "auto":
        raise ValueError(f"unknown edge measure {wanted!r}")
    if anatomy == "fundus":
        return shade_of(text) or "tophat"
    return "denoised" if anatomy == "oct" else "laplacian"


def shade_of(text: str | None) -> Literal["dark", "bright"] | None:
    """What every structure that ``text`` names looks like on a photograph; None for none, or for both shades."""
    words = f" {re.sub(r'[^a-z]+', ' ', (text or '').lower())} "
    named = {label.word for label in LABELS if any(f" {name} " in words or f" {name}s " in words
                                                   for name in label.synonyms)}
    shades: set[Literal["dark", "bright"]] = {"dark" if word in DARK else "bright" for word in named & SHADED}
    return shades.pop() if len(shades) == 1 else None


def foreground(grey: NDArray[Any], anatomy: str) -> NDArray[np.bool_]:
    """Where a picture (H, W) shows something: without its rim on a photograph, whose border is no lesion, and without
    white padding on a B-scan, whose straight border would be its strongest edge."""
    smooth: NDArray[Any] = cv2.GaussianBlur(grey, (0, 0), 3.0)
    if anatomy == "oct":
        tissue = ~_padding(grey)
        # A white block that is no padding belongs to the picture, but does not say how dark its background is.
        judged = smooth[tissue & (smooth < WHITE_GREY)]
        otsu = cv2.threshold(judged, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0] if judged.size else 0.0
        return np.asarray((smooth > max(BACKGROUND_GREY, int(0.8 * otsu))) & tissue)
    seen: NDArray[Any] = (smooth > BACKGROUND_GREY).astype(np.uint8)
    if anatomy == "fundus":
        seen = cv2.erode(seen, np.ones((9, 9), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return seen.astype(np.bool_)


def _padding(grey: NDArray[Any]) -> NDArray[np.bool_]:
    """The white that reaches straight in from a side that is white along a good part of it, with a rim.

    Scans that were turned flat are padded with wedges: seldom whole rows, always long on one side.  A bright block in
    a corner or saturated tissue is picture.
    """
    white: NDArray[Any] = grey >= WHITE_GREY
    found = np.zeros(white.shape, np.bool_)
    for turns in range(4):
        side = np.rot90(white, turns)
        if side[0].sum() >= PADDING_SHARE * side.shape[1]:
            found |= np.rot90(np.logical_and.accumulate(side, axis=0), -turns)
    rim = np.ones((PADDING_RIM_PX, PADDING_RIM_PX), np.uint8)
    return cv2.dilate(found.astype(np.uint8), rim).astype(np.bool_)


def working_grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The channel that is measured, uint8 (h, w), no larger than 1536 px."""
    grey: NDArray[Any] = edges.luminance(rgb)
    height, width = grey.shape
    shrink = min(1.0, WORK_PX / max(height, width))
    if shrink < 1.0:
        grey = cv2.resize(grey, (max(1, round(width * shrink)), max(1, round(height * shrink))),
                          interpolation=cv2.INTER_AREA)
    return grey


def reach_px(grey_hw: tuple[int, ...]) -> int:
    """Length of the top-hat's lines on a working grid of this size."""
    return max(5, round(max(grey_hw) * LINE_SHARE) | 1)


def percentile_for(name: edges.Measure, wanted: float | None) -> float:
    """The percentile a person set, or the measure's own: 95 (the document's) for Laplacians, 99 for spots."""
    return OWN_PERCENTILE[name] if wanted is None else wanted


def rank_of(percentile: float, count: int) -> int:
    """Which of ``count`` sorted values is the percentile: an order statistic, the same in every library."""
    return min(count - 1, max(0, math.floor((count - 1) * percentile / 100)))


def on_source(inside: NDArray[Any], source_hw: tuple[int, ...]) -> NDArray[np.bool_]:
    """A mask of the working grid on the source grid."""
    if inside.shape == tuple(source_hw[:2]):
        return inside.astype(np.bool_)
    grown: NDArray[Any] = cv2.resize(inside.astype(np.uint8), (source_hw[1], source_hw[0]),
                                     interpolation=cv2.INTER_NEAREST)
    return grown.astype(np.bool_)


def edge_field(rgb: NDArray[np.uint8], anatomy: str, name: edges.Measure) -> EdgeField:
    """Measure a picture (H, W, 3) or (H, W) uint8 once; any percentile can be cut from it."""
    grey = working_grey(rgb)
    return EdgeField(edges.measure(name, grey, reach_px(grey.shape)), foreground(grey, anatomy), name,
                     (rgb.shape[0], rgb.shape[1]))


def cut_at(field: EdgeField, percentile: float) -> EdgeMask:
    """The mask (H, W) on the source grid where the measure exceeds its percentile over the picture."""
    known = field.values[field.seen]
    if known.size == 0:
        return EdgeMask(np.zeros(field.source_hw, np.bool_), field.measure, 0.0)
    rank = rank_of(percentile, known.size)
    cut = float(np.partition(known, rank)[rank])
    return EdgeMask(on_source((field.values > cut) & field.seen, field.source_hw), field.measure, cut)


def edge_mask(rgb: NDArray[np.uint8], anatomy: str, settings: DarSettings | None = None, text: str | None = None
              ) -> EdgeMask:
    """The high-frequency mask of a picture (H, W, 3) or (H, W) uint8.  A flat picture has an empty mask.

    ``text``: the words the map is for; they may decide the measure.  Work is done at no more than 1536 px; the mask
    comes back on the source grid.
    """
    settings = settings or DarSettings()
    name = measure_for(anatomy, settings.edges, text)
    return cut_at(edge_field(rgb, anatomy, name), percentile_for(name, settings.percentile))


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
    sums = cv2.integral(np.ascontiguousarray(mask.inside).view(np.uint8))
    rows, cols = np.clip(cells[0], 0, mask.inside.shape[0]), np.clip(cells[1], 0, mask.inside.shape[1])
    corner = sums[np.ix_(rows, cols)]
    total = corner[1:, 1:] - corner[1:, :-1] - corner[:-1, 1:] + corner[:-1, :-1]
    area = np.maximum(np.outer(np.diff(rows), np.diff(cols)), 1)
    # Four times the fair share of a 5 % mask is a patch that the mask clearly belongs to.
    share = np.clip(total / area / 0.2, 0.0, 1.0)
    return np.asarray(np.log(gain) * share, np.float32)
