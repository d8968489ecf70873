"""Phantoms kept on disk by seed, so that drawing a training crop costs a read and not a painting.

Deleting the folder is harmless: equal seeds make equal files again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import LAYERS, WORDS
from fineview.lab.array_files import write_arrays
from fineview.lab.phantom_fundus import fundus
from fineview.lab.phantom_oct import bscan
from fineview.lab.real_fundus import CachedPhotograph, read_cached, write_cached

Array = npt.NDArray[Any]
_FUNDUS_POOL, _OCT_POOL = "phantom_fundus_3", "phantom_oct_10"  # raise when a phantom changes: no stale files
_OCT_SIZES = ((496, 512), (496, 512), (496, 512), (496, 768), (640, 512), (496, 1024), (1024, 200))
_FUNDUS_SIZES = ((1530, 2304), (1530, 2304), (1900, 2000))


@dataclass(frozen=True, slots=True)
class CachedBScan:
    """``image`` and ``hit`` (H, W) uint8 (bit ``k`` of ``hit`` for class ``k``); ``lines`` (3, W): ``LAYERS``."""

    image: Array
    hit: Array
    lines: Array


def pooled_fundus(seed: int, cache: Path) -> CachedPhotograph:
    """The fundus phantom of this seed, from the pool."""
    stem = cache / _FUNDUS_POOL / f"{seed:05d}"
    if not stem.with_suffix(".spots.npz").exists():
        phantom = fundus(seed, _FUNDUS_SIZES[seed % len(_FUNDUS_SIZES)])
        hit = pack(phantom.masks, phantom.rgb.shape[:2])
        write_cached(stem, phantom.rgb, hit, np.full_like(hit, 255), phantom.field)
    return read_cached(stem, 1.0)


def pooled_bscan(seed: int, cache: Path) -> CachedBScan:
    """The B-scan phantom of this seed, from the pool."""
    path = cache / _OCT_POOL / f"{seed:05d}.npz"
    if not path.exists():
        size = _OCT_SIZES[seed % len(_OCT_SIZES)]
        phantom = bscan(seed, size, fine=2 if size[0] > 2 * size[1] else 1)
        write_arrays(path, {"image": phantom.image, "hit": pack(phantom.masks, phantom.image.shape),
                            "lines": np.stack([phantom.lines[name] for name in LAYERS])})
    with np.load(path) as stored:
        return CachedBScan(stored["image"], stored["hit"], stored["lines"])


def pack(masks: dict[str, Array], shape: tuple[int, ...]) -> Array:
    """Masks by word -> one uint8 plane with bit ``k`` for class ``k`` of ``WORDS``."""
    hit = np.zeros(shape, np.uint8)
    for word, mask in masks.items():
        hit |= mask.astype(np.uint8) << np.uint8(WORDS.index(word))
    return hit
