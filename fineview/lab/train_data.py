"""Batches for training: sample ``i`` is a pure function of ``i``, so a resumed run sees what it would have seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from fineview.models.inputs import extra_channels


@dataclass(frozen=True, slots=True)
class Batch:
    """``rgb`` (B, 3, S, S) in [0, 1]; ``extra`` (B, 2, S, S); ``target``, ``weight`` (B, 8, S/4, S/4); ``lines``
    (B, 3, S/4) rows on the quarter grid, NaN where there is none; ``lines_known`` (B,) 0 where nobody drew them;
    ``domain`` (B,) with -1 to ignore."""

    rgb: Tensor
    extra: Tensor
    target: Tensor
    weight: Tensor
    lines: Tensor
    lines_known: Tensor
    domain: Tensor


class _Samples(Dataset[dict[str, Any]]):
    def __init__(self, source: Any) -> None:
        self.source = source

    def __len__(self) -> int:
        return 1 << 40

    def __getitem__(self, index: int) -> dict[str, Any]:
        sample = self.source.sample(int(index))
        return {
            "rgb": np.ascontiguousarray(sample.rgb.transpose(2, 0, 1)), "extra": extra_channels(sample.rgb),
            "target": np.asarray(sample.target, np.float32), "weight": np.asarray(sample.weight, np.float32),
            "lines": np.asarray(sample.lines, np.float32), "domain": np.int64(sample.domain),
            "lines_known": np.float32(sample.origin != "real_oct"),
        }


def batches(source: Any, first_step: int, last_step: int, size: int, workers: int) -> Iterator[Batch]:
    """Batches of steps ``first_step`` .. ``last_step - 1``; step s holds samples s*size .. s*size + size - 1."""
    loader: DataLoader[dict[str, Any]] = DataLoader(
        _Samples(source), batch_size=size, sampler=range(first_step * size, last_step * size), num_workers=workers,
        prefetch_factor=4 if workers else None, worker_init_fn=_one_thread,
    )
    for raw in loader:
        yield Batch(raw["rgb"].float() / 255.0, raw["extra"].float(), raw["target"], raw["weight"], raw["lines"],
                    raw["lines_known"], raw["domain"])


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)


def make_source(size_px: int, fold: int, shared: Path | None, cache: Path, mix: Any) -> Any:
    """The sample source of one training stage."""
    from fineview.lab.samples import SampleSource

    return SampleSource(size_px, size_px, fold, shared, cache, mix)
