"""Gain and percentile of DAR without training: as strong as an entropy bound allows, for this map and this picture.

A map divided by its sum is a distribution over places; its Shannon entropy H in bits says over how many places the
attention is spread (2**H is the effective number of places: Hill's number of order one, Jost, Oikos 113:363, 2006).
Redistribution concentrates it.  The bound: H may fall by at most :data:`MOST_BITS`, so a map is sharpened and never
replaced by its edges.  Of all pairs within the bound the one with the largest gain is taken, then the one with the
lowest percentile.  A map that already lies under the mask loses little entropy and gets more of it.

The entropy after the gain has a closed form in two sums over the mask, so the map is not made for each pair:
with p the map before, S its sum under the mask, A the sum of p log p there and T over all,
Z = g S + 1 - S and H' = log Z - (g (A + S log g) + T - A) / Z.  The bend at 1 is left out: it keeps the order.
Everything is a fixed grid and a fixed rule: equal pixels give equal choices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import DarSettings
from fineview.imaging.dar import EdgeField, EdgeMask, cut_at, percentile_for, rank_of

GAINS: tuple[float, ...] = (8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.7, 1.5, 1.3, 1.2, 1.1)
PERCENTILES: tuple[float, ...] = (90.0, 92.0, 94.0, 95.0, 96.0, 97.0, 98.0, 99.0, 99.5)
MOST_BITS = 0.25
EDGE_WORDS = {"laplacian": "Laplacian", "denoised": "denoised Laplacian", "tophat": "spots", "dark": "dark spots",
              "bright": "bright spots"}


@dataclass(frozen=True, slots=True)
class Choice:
    """``bits``: by how much the entropy falls.  Gain 1 means that nothing within the bound changes the map."""

    gain: float
    percentile: float
    bits: float

    @property
    def words(self) -> str:
        return f"gain {self.gain:g}, percentile {self.percentile:g}, chosen by entropy"


def fit(base: NDArray[np.float32], field: EdgeField, settings: DarSettings) -> tuple[DarSettings, EdgeMask, str]:
    """The settings to use for a map (H, W) on the source grid, their mask, and in words how they came about.

    What a person set by hand is used as it is; with ``adaptive`` the entropy bound chooses.
    """
    words = ""
    if settings.adaptive:
        height, width = field.values.shape
        small = np.asarray(cv2.resize(base, (width, height), interpolation=cv2.INTER_AREA), np.float32)
        chosen = choose(small, field.values, field.seen)
        settings, words = replace(settings, gain=chosen.gain, percentile=chosen.percentile), chosen.words
    percentile = percentile_for(field.measure, settings.percentile)
    mask = cut_at(field, percentile)
    words = words or f"gain {settings.gain:g}, percentile {percentile:g}"
    return replace(settings, percentile=percentile), mask, f"{words}, {EDGE_WORDS[mask.measure]}"


def choose(base: NDArray[np.float32], values: NDArray[np.float32], seen: NDArray[np.bool_],
           most_bits: float = MOST_BITS) -> Choice:
    """Gain and percentile for a map under an edge measure.

    ``base`` (H, W) >= 0, ``values`` (H, W) the edge measure, ``seen`` (H, W) where there is picture, all on one grid.
    A map without attention, a flat picture or an empty one gives gain 1 at the highest percentile.
    """
    known, share = values[seen], base[seen].astype(np.float64)
    total = float(share.sum())
    if known.size == 0 or not total > 0:
        return Choice(1.0, PERCENTILES[-1], 0.0)
    share = np.clip(share / total, 0.0, None)
    surprise = np.where(share > 0, share * np.log2(np.maximum(share, 1e-300)), 0.0)
    order = np.sort(known)
    masks = [known > order[rank_of(percentile, known.size)] for percentile in PERCENTILES]
    under = [(float(share[mask].sum()), float(surprise[mask].sum())) for mask in masks]
    whole = float(surprise.sum())
    for gain in GAINS:
        for percentile, (part, inside) in zip(PERCENTILES, under, strict=True):
            fall = _entropy_fall(gain, part, inside, whole)
            if part > 0 and fall <= most_bits:
                return Choice(gain, percentile, fall)
    return Choice(1.0, PERCENTILES[-1], 0.0)


def _entropy_fall(gain: float, part: float, inside: float, whole: float) -> float:
    """Bits lost; negative where attention lay outside the mask and is spread more evenly now."""
    scale = gain * part + 1.0 - part
    after = np.log2(scale) - (gain * (inside + part * np.log2(gain)) + whole - inside) / scale
    return float(-whole - after)


def entropy_bits(values: NDArray[Any]) -> float:
    """Shannon entropy of a map divided by its sum, in bits; 0 for a map without attention."""
    flat = np.clip(values.astype(np.float64).ravel(), 0.0, None)
    total = flat.sum()
    if not total > 0:
        return 0.0
    share = flat[flat > 0] / total
    return float(-(share * np.log2(share)).sum())
