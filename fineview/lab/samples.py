"""The endless, random-access stream of training crops for the embedded hybrid encoder.

``SampleSource(...).sample(i)`` depends only on the constructor's arguments and ``i``, so a training run
resumes anywhere and several workers may draw disjoint indices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from fineview.core.labels import DOMAINS, LABELS, LAYERS
from fineview.imaging.filters import resize_linear, warp_affine
from fineview.lab.augment import recolour, regrey
from fineview.lab.crops import KINDS, cut, frame, line_rows, quarter
from fineview.lab.phantom_other import other
from fineview.lab.phantom_pool import CachedBScan, pooled_bscan, pooled_fundus
from fineview.lab.real_fundus import CachedPhotograph, Photograph, oct_pictures, open_cached, photographs

Array = npt.NDArray[Any]
DEFAULT_MIX = {"real": 0.45, "phantom_fundus": 0.15, "phantom_oct": 0.27, "real_oct": 0.03, "other": 0.10}
POOL_FUNDUS, POOL_BSCANS = 60, 1500
_KIND_SHARE = {"masks": 0.45, "exudates": 0.13, "boxes": 0.24, "boxes_first": 0.13, "hrf": 0.05}
_WORD_SHARE = {"microaneurysm": 0.28, "haemorrhage": 0.28, "hard_exudate": 0.18, "soft_exudate": 0.19,
               "optic_disc": 0.07}
MISTAKEN = "mistaken"  # spots where an encoder saw what is not there (lab.mistakes)
_MISTAKEN_SHARE = 0.35
_FUNDUS_BITS = sum(1 << k for k, label in enumerate(LABELS) if label.domain == "fundus")


@dataclass(frozen=True, slots=True)
class Sample:
    """One crop of side S with its truth.

    ``rgb`` (S, S, 3) uint8; ``target`` and ``weight`` (K, S/4, S/4) float16: area fraction of class ``k`` in
    each 4x4 cell, and 0 where the truth is unknown; ``lines`` (3, S/4) float32: rows of ILM, RPE, BM in
    quarter-grid units (``(row_crop + 0.5) / 4 - 0.5``), NaN where unknown or outside; ``domain`` an index into
    ``DOMAINS`` or -1 to ignore; ``valid`` (S/4, S/4) bool: inside the field of view; ``origin`` names the part
    of the mix it came from.
    """

    rgb: Array
    target: Array
    weight: Array
    lines: Array
    domain: int
    valid: Array
    origin: str


class SampleSource:
    """Draws crops of ``size`` px, leaving out the photographs of ``fold`` (0..4), for evaluation, or none of them.

    ``opens`` reads a photograph with its truth."""

    def __init__(self, size: int, stream_seed: int, fold: int | None, shared: Path | None, cache: Path,
                 mix: dict[str, float] | None = None,
                 opens: Callable[[Photograph, Path], CachedPhotograph] = open_cached) -> None:
        self._size, self._seed, self._cache = size, stream_seed, cache
        photos = photographs(shared) if shared is not None else ()
        self._photos: dict[str, list[Photograph]] = {}
        for photo in photos:
            if photo.fold != fold:
                self._photos.setdefault(photo.kind, []).append(photo)
        self._oct_files = oct_pictures(shared) if shared is not None else ()
        shares = dict(DEFAULT_MIX if mix is None else mix)
        if not self._photos:
            shares.pop("real", None)
        if not self._oct_files:
            shares.pop("real_oct", None)
        self._origins = tuple(shares)
        self._chances = np.array([shares[name] for name in self._origins]) / sum(shares.values())
        self._open = lru_cache(maxsize=512)(lambda photo: opens(photo, cache))
        self._pool_fundus = lru_cache(maxsize=128)(lambda seed: pooled_fundus(seed, cache))

    def sample(self, index: int) -> Sample:
        """Return the crop number ``index`` of this stream."""
        rng = np.random.default_rng([self._seed, index, 31])
        origin = self._origins[int(rng.choice(len(self._origins), p=self._chances))]
        draw: dict[str, Callable[[np.random.Generator], Sample]] = {
            "real": self._real, "phantom_fundus": self._phantom_fundus, "phantom_oct": self._phantom_oct,
            "real_oct": self._real_oct, "other": self._other}
        return draw[origin](rng)

    def _real(self, rng: np.random.Generator) -> Sample:
        kinds = list(self._photos)
        chances = np.array([_KIND_SHARE[kind] for kind in kinds])
        group = self._photos[kinds[int(rng.choice(len(kinds), p=chances / chances.sum()))]]
        return self._fundus(self._open(group[int(rng.integers(len(group)))]), "real", rng)

    def _phantom_fundus(self, rng: np.random.Generator) -> Sample:
        return self._fundus(self._pool_fundus(int(rng.integers(POOL_FUNDUS))), "phantom_fundus", rng)

    def _fundus(self, photo: CachedPhotograph, origin: str, rng: np.random.Generator) -> Sample:
        size = self._size
        height, width = photo.hit.shape
        if rng.random() < 0.07:  # the whole photograph, as an overview pass sees it
            zoom = size / max(height, width) * rng.uniform(0.85, 1.0)
            centre = ((width - 1) / 2, (height - 1) / 2)
        else:
            zoom = float(np.exp(rng.normal(0, 0.16)))
            centre = _fundus_centre(photo, size / zoom, rng)
        flips = (bool(rng.random() < 0.5), bool(rng.random() < 0.5))
        matrix = frame(centre, (zoom, zoom * float(np.exp(rng.normal(0, 0.04)))), rng.normal(0, 0.2), flips, size)
        rgb, hit, known = cut((photo.rgb, photo.hit, photo.known), matrix, size, (0, 0, 255))
        valid = _field(photo.spots["view8"], matrix, size)
        target, weight = quarter(hit, known, photo.negative)
        domain = DOMAINS.index("fundus") if valid.mean() > 0.05 else -1
        return Sample(recolour(rgb, rng), target, weight, _no_lines(size), domain, valid, origin)

    def _phantom_oct(self, rng: np.random.Generator) -> Sample:
        scan = pooled_bscan(int(rng.integers(POOL_BSCANS)), self._cache)
        return self._oct(scan, 255, "phantom_oct", rng)

    def _real_oct(self, rng: np.random.Generator) -> Sample:
        path = self._oct_files[int(rng.integers(len(self._oct_files)))]
        image = np.array(Image.open(path).convert("L"))
        lines = np.full((len(LAYERS), image.shape[1]), np.nan, np.float32)
        return self._oct(CachedBScan(image, np.zeros_like(image), lines), _FUNDUS_BITS, "real_oct", rng)

    def _oct(self, scan: CachedBScan, known_bits: int, origin: str, rng: np.random.Generator) -> Sample:
        size = self._size
        matrix = _oct_frame(scan, size, rng)
        known = np.full_like(scan.hit, known_bits)
        grey, hit, known = cut((scan.image, scan.hit, known), matrix, size, (0, 0, 255))
        target, weight = quarter(hit, known, 1.0)
        lines = line_rows(scan.lines, matrix, size)
        grey = _white_edge(grey, lines, rng) if origin == "phantom_oct" and rng.random() < 0.06 else grey
        rgb = regrey(np.repeat(grey[..., None], 3, 2), rng)
        inside = warp_affine(np.ones(scan.hit.shape, np.uint8), matrix, (size, size), nearest=True)
        valid = inside[1::4, 1::4].astype(bool)
        seen = np.isfinite(lines).any() if origin == "phantom_oct" else grey.std() > 12
        return Sample(rgb, target, weight, lines, DOMAINS.index("oct") if seen else -1, valid, origin)

    def _other(self, rng: np.random.Generator) -> Sample:
        size = self._size
        fine = min(size, 384)  # painted small and enlarged: no lesion-sized truth depends on it
        rgb, blank = other(int(rng.integers(2 ** 31)), (fine, fine))
        rgb = resize_linear(rgb, (size, size)) if fine < size else rgb
        side = size // 4
        zero, one = np.zeros((KINDS, side, side), np.float16), np.ones((KINDS, side, side), np.float16)
        domain = -1 if blank else DOMAINS.index("other")
        return Sample(rgb, zero, one, _no_lines(size), domain, np.ones((side, side), bool), "other")


def _fundus_centre(photo: CachedPhotograph, span: float, rng: np.random.Generator) -> tuple[float, float]:
    words = [word for word in _WORD_SHARE if word in photo.spots]
    if MISTAKEN in photo.spots and rng.random() < _MISTAKEN_SHARE:
        spots = photo.spots[MISTAKEN]
    elif words and rng.random() < 0.65:
        chances = np.array([_WORD_SHARE[word] for word in words])
        spots = photo.spots[words[int(rng.choice(len(words), p=chances / chances.sum()))]]
    else:
        spots = photo.spots["any"]
    x, y = spots[int(rng.integers(len(spots)))]
    jitter = rng.uniform(-0.38, 0.38, 2) * span
    return float(x + jitter[0]), float(y + jitter[1])


def _oct_frame(scan: CachedBScan, size: int, rng: np.random.Generator) -> Array:
    height, width = scan.image.shape
    flips, angle = (bool(rng.random() < 0.5), False), rng.normal(0, 0.07)
    if rng.random() < 0.15:  # the whole B-scan squeezed into the crop
        return frame(((width - 1) / 2, (height - 1) / 2), (size / width, size / height), angle, flips, size)
    low, high = (1.5, 4.0) if size < 512 else (1.5, 3.6)
    zoom = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    span = size / zoom
    kinds = [bit for bit in (1 << k for k in range(KINDS)) if int(np.bitwise_or.reduce(scan.hit, None)) & bit]
    if kinds and rng.random() < 0.65:  # a kind first, or the few pixels of the foci would never be visited
        hits = np.flatnonzero(scan.hit & np.uint8(kinds[int(rng.integers(len(kinds)))]))
        spot = int(hits[int(rng.integers(len(hits)))])
        x, y = spot % width, spot // width
    else:
        x = int(rng.integers(width))
        known = bool(np.isfinite(scan.lines[0, x])) and rng.random() < 0.85
        y = int(np.clip(np.nanmean(scan.lines[:, x]), 0, height - 1)) if known else int(rng.uniform(0.2, 0.8) * height)
    centre = (x + rng.uniform(-0.35, 0.35) * span, y + rng.uniform(-0.35, 0.35) * span)
    return frame(centre, (zoom * float(np.exp(rng.normal(0, 0.12))), zoom), angle, flips, size)


def _white_edge(grey: Array, lines: Array, rng: np.random.Generator) -> Array:
    """White wedges above or below the scan, as realigned and exported B-scans show; the retina stays clear."""
    size = len(grey)
    if not np.isfinite(lines).any():
        return grey
    top, bottom = 4 * float(np.nanmin(lines)) - 12, 4 * float(np.nanmax(lines)) + 0.15 * size
    rows, columns = np.ogrid[:size, :size]
    slope = rng.normal(0, 0.05) * (columns - size / 2)
    above = rows < np.minimum(rng.uniform(0, 0.3) * size + slope, top)
    below = rows > np.maximum((1 - rng.uniform(0, 0.3)) * size + slope, bottom)
    return np.where(above if rng.random() < 0.5 else below, np.uint8(255), grey)


def _field(view8: Array, matrix: Array, size: int) -> Array:
    """The field of view, kept at 1/8 scale (every eighth pixel from the fourth on), on the crop's quarter grid."""
    up = np.array([[8, 0, 4], [0, 8, 4], [0, 0, 1.0]])
    down = np.array([[0.25, 0, -0.375], [0, 0.25, -0.375], [0, 0, 1.0]])
    whole = down @ np.vstack([matrix, [0, 0, 1]]) @ up
    return np.asarray(warp_affine(view8.astype(np.uint8), whole[:2], (size // 4, size // 4), nearest=True).astype(bool))


def _no_lines(size: int) -> Array:
    return np.full((len(LAYERS), size // 4), np.nan, np.float32)
