"""Crops for comparing small encoders: one set to train on, one kept back, both drawn once and kept on disk.

All variants of one seed read the same crops in the same order.  The seed is also the fold of photographs that is kept
back, so that repeats differ in weights, in training crops and in test photographs: an interval over seeds covers all.
Only photographs with drawn pixels are scored; loose boxes say nothing about pixels.  Kept-back crops stand half on
lesions and half anywhere, unturned and with their own colours; kept-back phantoms are from seeds no pool has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fineview.core.labels import LABELS, WORDS
from fineview.lab.boxed_photographs import open_boxed
from fineview.lab.crops import cut, frame, quarter
from fineview.lab.phantom_pool import pooled_bscan, pooled_fundus
from fineview.lab.real_fundus import FOLDS, CachedPhotograph, open_cached, photographs
from fineview.lab.samples import SampleSource
from fineview.lab.train_data import Batch
from fineview.models.inputs import extra_channels

Array = npt.NDArray[Any]
Draw = Callable[[int], tuple[Array, ...]]
SIZE_PX = 192
# Fundus alone: lesions of a few pixels are what fusion is for, and a short training cannot learn two kinds of picture.
MIX = {"real": 0.7, "phantom_fundus": 0.3}
FIRST_KEPT = 700_000
_GENERATION = "crops_1"


@dataclass(frozen=True, slots=True)
class Crops:
    """``rgb`` (N, S, S, 3) uint8; ``extra`` (N, 2, S, S) float16; ``target``, ``weight`` (N, 8, S/4, S/4) float16;
    ``lines`` (N, 3, S/4) float32; ``domain``, ``lines_known`` (N,).  Mapped from disk."""

    rgb: Array
    extra: Array
    target: Array
    weight: Array
    lines: Array
    domain: Array
    lines_known: Array

    def batch(self, chosen: Array, flips: Array) -> Batch:
        """These crops as tensors, some of them mirrored left to right."""
        def picked(name: str, axis: int | None = -1) -> torch.Tensor:
            rows = np.stack([np.flip(one, axis) if flip and axis is not None else one
                             for one, flip in zip(getattr(self, name)[chosen], flips, strict=True)])
            return torch.from_numpy(np.ascontiguousarray(rows)).float()

        return Batch(picked("rgb", 1).permute(0, 3, 1, 2).div(255).contiguous(), picked("extra"), picked("target"),
                     picked("weight"), picked("lines"), picked("lines_known", None), picked("domain", None).long())


@dataclass(frozen=True, slots=True)
class CropPlan:
    """How many crops, and where they are kept.  ``data``: folder of photographs or None for phantoms alone;
    ``masks`` False: training crops know drawn masks as loose boxes only."""

    cache: Path
    data: Path | None
    train: int = 2400
    size_px: int = SIZE_PX
    fundus: int = 12
    bscans: int = 0
    per_fundus: int = 24
    per_photo: int = 32
    mix: Mapping[str, float] = field(default_factory=lambda: MIX)
    masks: bool = True

    @property
    def mark(self) -> str:
        """What tells training crops apart that are drawn in another way than usual."""
        mixed = "" if dict(self.mix) == MIX else "-" + "-".join(f"{name}-{share:g}" for name, share in self.mix.items())
        return mixed + ("" if self.masks else "-boxed")


def training_crops(plan: CropPlan, seed: int) -> Crops:
    """The crops every variant of this seed trains on; the photographs of fold ``seed`` are left out."""
    def drawn() -> Iterator[tuple[Array, ...]]:
        source = SampleSource(plan.size_px, 1000 + seed, seed % FOLDS, plan.data, plan.cache, dict(plan.mix),
                              open_cached if plan.masks else open_boxed)
        for index in range(plan.train):
            one = source.sample(index)
            yield (one.rgb, one.target, one.weight, one.lines, np.int64(one.domain),
                   np.float32(one.origin != "real_oct"))

    return _kept(plan, f"train-{seed}-{plan.train}{plan.mark}", drawn)


def kept_phantoms(plan: CropPlan) -> Crops:
    """Crops of phantoms nobody trained on, the same for every seed."""
    def drawn() -> Iterator[tuple[Array, ...]]:
        rng = np.random.default_rng([1, plan.size_px])
        for number in range(plan.fundus):
            yield from _around(pooled_fundus(FIRST_KEPT + number, plan.cache), plan.per_fundus, plan.size_px, rng)
        for number in range(plan.bscans):
            scan = pooled_bscan(FIRST_KEPT + number, plan.cache)
            grey = np.repeat(scan.image[..., None], 3, 2)
            spots = {word: _places(scan.hit, k) for k, word in enumerate(WORDS)}
            everywhere = np.argwhere(np.ones((8, 8)))[:, ::-1] / 8 * scan.image.shape[::-1]
            photo = CachedPhotograph(grey, scan.hit, np.full_like(scan.hit, 255), 1.0, {**spots, "any": everywhere})
            yield from _around(photo, 3, plan.size_px, rng, 2.0)

    return _kept(plan, f"phantoms-{plan.fundus}-{plan.bscans}-{plan.per_fundus}", drawn)


def kept_photographs(plan: CropPlan, seed: int) -> Crops | None:
    """Crops of the drawn photographs of fold ``seed``; None without photographs."""
    if plan.data is None:
        return None
    chosen = [photo for photo in photographs(plan.data) if photo.fold == seed % FOLDS
              and photo.kind in ("masks", "exudates")]

    def drawn() -> Iterator[tuple[Array, ...]]:
        rng = np.random.default_rng([2, plan.size_px])
        for photo in chosen:
            yield from _around(open_cached(photo, plan.cache), plan.per_photo, plan.size_px, rng)

    return _kept(plan, f"photographs-{seed % FOLDS}-{plan.per_photo}", drawn) if chosen else None


def _around(photo: CachedPhotograph, count: int, size: int, rng: np.random.Generator, zoom: float = 1.0
            ) -> Iterator[tuple[Array, ...]]:
    """Crops of one picture, every second one near a lesion: a kind first, then one of its places."""
    kinds = [label.word for label in LABELS if label.lesion and len(photo.spots.get(label.word, ()))]
    for number in range(count):
        place = kinds[int(rng.integers(len(kinds)))] if kinds and number % 2 == 0 else "any"
        spots = photo.spots[place]
        centre = spots[int(rng.integers(len(spots)))] + rng.uniform(-0.35, 0.35, 2) * size / zoom
        matrix = frame((float(centre[0]), float(centre[1])), (zoom, zoom), 0.0, (False, False), size)
        rgb, hit, known = cut((photo.rgb, photo.hit, photo.known), matrix, size, (0, 0, 255))
        target, weight = quarter(hit, known, 1.0)
        yield rgb, target, weight, np.full((3, size // 4), np.nan, np.float32), np.int64(-1), np.float32(0)


def _places(hit: Array, k: int) -> Array:
    found = np.argwhere(hit & np.uint8(1 << k))[:, ::-1]
    return found[np.linspace(0, len(found) - 1, min(len(found), 400)).astype(int)] if len(found) else found


def _kept(plan: CropPlan, name: str, drawn: Callable[[], Iterator[tuple[Array, ...]]]) -> Crops:
    """From disk, or drawn and written there; the folder appears only when it is whole."""
    sort = "photographs" if plan.data is not None else "phantoms"
    folder = plan.cache / f"{_GENERATION}-{plan.size_px}-{sort}" / name
    if not folder.is_dir():
        rows = [(rgb, extra_channels(rgb), *rest) for rgb, *rest in drawn()]
        beside = folder.with_name(folder.name + ".part")
        beside.mkdir(parents=True, exist_ok=True)
        for part, values in zip(fields(Crops), zip(*rows, strict=True), strict=True):
            np.save(beside / f"{part.name}.npy", np.stack(values))
        beside.replace(folder)
    return Crops(*(np.load(folder / f"{part.name}.npy", mmap_mode="r") for part in fields(Crops)))
