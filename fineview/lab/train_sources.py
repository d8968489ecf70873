"""What each kind of training looks at: crops, captioned phantoms, whole canvases.  Sample ``i`` depends on ``i`` alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import DOMAINS, LAYERS, WORDS
from fineview.lab.captions import BETWEEN, Captioned
from fineview.lab.crops import quarter
from fineview.lab.mistakes import open_with_mistakes
from fineview.lab.pair_augment import another_picture
from fineview.lab.pair_pool import POOL_PAIRS, pooled_pair
from fineview.lab.phantom_pool import pack
from fineview.lab.real_fundus import open_cached
from fineview.lab.samples import Sample, SampleSource
from fineview.lab.text_augment import TextAugmentation
from fineview.lab.train_canvases import CanvasBatch
from fineview.lab.train_data import Batch, batch_of, item_of, stacked
from fineview.lab.train_pairs import PairBatch
from fineview.models.language.words import START, encode
from fineview.models.vision.tiling import Grid

Array = npt.NDArray[Any]
STATEMENTS, WORD_COUNT = 8, 16
# A statement that was left out may be what tells two captions apart, so none is.
WORDING = TextAugmentation(deletion=0.0)
# Canvases of the app (tiles: rows, columns) and how often each comes: photographs are 3:2, B-scans wide.
CANVASES: tuple[tuple[Grid, float], ...] = (
    ((1, 1), 0.1), ((1, 2), 0.15), ((2, 1), 0.1), ((2, 2), 0.3), ((1, 3), 0.1), ((3, 1), 0.05), ((2, 3), 0.15),
    ((3, 2), 0.05))


@dataclass(frozen=True, slots=True)
class Where:
    """Which pictures: photographs of ``shared`` without those of ``fold`` (None: phantoms alone), kept in ``cache``,
    in shares ``mix``; with a folder of ``mistakes`` their places come more often."""

    fold: int
    shared: Path | None
    cache: Path
    mix: dict[str, float] | None = None
    mistakes: Path | None = None

    def source(self, size: int, stream_seed: int) -> SampleSource:
        """Crops of ``size`` px."""
        opens = open_cached if self.mistakes is None else partial(open_with_mistakes, folder=self.mistakes)
        return SampleSource(size, stream_seed, self.fold, self.shared, self.cache, self.mix, opens)


@dataclass(frozen=True, slots=True)
class Draw:
    """Steps first..last - 1 of batches of ``size``, tiles of ``tile_px``; part ``number`` of ``count`` of each."""

    first: int
    last: int
    size: int
    tile_px: int
    workers: int = 0
    number: int = 0
    count: int = 1


def crops(where: Where, draw: Draw) -> Iterator[Batch]:
    """Square crops of one tile's size."""
    source = where.source(draw.tile_px, draw.tile_px)
    for raw in _stacked(lambda index: item_of(source.sample(index)), draw):
        yield batch_of(raw)


def pairs(where: Where, draw: Draw) -> Iterator[PairBatch]:
    """Captioned phantoms in other pictures and other words."""
    for raw in _stacked(lambda index: pair_item(index, draw.tile_px, where.cache), draw):
        yield batch_of(raw, PairBatch)


def canvases(where: Where, draw: Draw) -> Iterator[CanvasBatch]:
    """Whole canvases; the grid is that of the step."""
    sides = {max(grid) for grid, _ in CANVASES}
    sources = {side: where.source(side * draw.tile_px, 40_000 + side) for side in sides}

    def item(index: int) -> dict[str, Any]:
        grid = grid_of(index // draw.size)
        return item_of(canvas_of(sources[max(grid)].sample(index), grid, draw.tile_px))

    for step, raw in enumerate(_stacked(item, draw), start=draw.first):
        yield batch_of(raw, CanvasBatch, grid=grid_of(step))


def _stacked(item: Any, draw: Draw) -> Iterator[Any]:
    return stacked(item, draw.first, draw.last, draw.size, draw.workers, draw.number, draw.count)


def grid_of(step: int) -> Grid:
    """The canvas of a step."""
    chances = np.array([share for _, share in CANVASES])
    return CANVASES[int(np.random.default_rng([step, 53]).choice(len(CANVASES), p=chances / chances.sum()))][0]


def canvas_of(sample: Sample, grid: Grid, tile_px: int) -> Sample:
    """The middle of a square sample that is as large as the canvas's longer side: ``grid`` tiles of it."""
    high, wide = (tiles * tile_px // 4 for tiles in grid)
    side = sample.rgb.shape[0] // 4
    top, left = (side - high) // 2, (side - wide) // 2
    cells = (slice(top, top + high), slice(left, left + wide))
    fine = tuple(slice(4 * part.start, 4 * part.stop) for part in cells)
    lines = sample.lines[:, cells[1]] - top
    lines = np.where((lines < -0.5) | (lines > high - 0.5), np.nan, lines)  # NaN is neither and stays
    valid = sample.valid[cells]
    return replace(sample, rgb=np.ascontiguousarray(sample.rgb[fine]), target=sample.target[:, cells[0], cells[1]],
                   weight=sample.weight[:, cells[0], cells[1]], lines=lines, valid=valid,
                   domain=sample.domain if valid.mean() > 0.05 else -1)


def pair_item(index: int, size_px: int, cache: Path) -> dict[str, Any]:
    """Picture, truth and caption number ``index``: a pair of the pool, mirrored or not, framed, reworded."""
    rng = np.random.default_rng([index, 54])
    made = another_picture(_pair(int(rng.integers(POOL_PAIRS)), size_px, cache), rng)
    hit = pack({word: mask for _, word, mask in made.objects}, made.rgb.shape[:2])
    target, weight = quarter(hit, np.full_like(hit, 255), 1.0)
    blank = np.full((len(LAYERS), size_px // 4), np.nan, np.float32)
    domain = DOMAINS.index(made.facts.modality)
    drawn = Sample(made.rgb, target, weight, blank, domain, np.ones(target.shape[1:], bool), "captioned")
    ids, spoken = statements(WORDING(made.words, rng))
    return {**item_of(drawn), "lines_known": np.float32(0), "statements": ids, "spoken": spoken,
            "saying": np.int64(saying(made))}


@lru_cache(maxsize=512)
def _pair(seed: int, size_px: int, cache: Path) -> Captioned:
    return pooled_pair(seed, size_px, cache)


def statements(words: str) -> tuple[Array, Array]:
    """Word ids (M, 16) int64 of a caption's statements, and (M,) float32 which of them are spoken."""
    told = [encode(part) for part in words.split(BETWEEN.strip())][:STATEMENTS]
    ids = np.zeros((STATEMENTS, WORD_COUNT), np.int64)
    ids[:, 0] = START  # also where nothing is said: attention needs one word
    ids[:len(told)] = told
    return ids, (np.arange(STATEMENTS) < len(told)).astype(np.float32)


def saying(pair: Captioned) -> int:
    """A number that two captions share when they name and deny the same, whatever the count and the place."""
    named = sorted((group.kind, group.large) for group in pair.facts.groups)
    said = repr((pair.facts.modality, pair.facts.side, named, sorted(pair.facts.absent),
                 sorted({word for _, word, _ in pair.objects} & set(WORDS))))
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:7], "big")
