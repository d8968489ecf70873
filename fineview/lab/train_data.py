"""Batches for training: sample ``i`` is a pure function of ``i``, so a resumed run sees what it would have seen.

Step ``s`` of batches of B holds samples s*B .. s*B + B - 1.  Process ``r`` of ``P`` draws the ``r``-th part of each, so
one process and many see the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

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

    def to(self, device: torch.device) -> Self:
        """The same batch on a device."""
        return self._changed(lambda value: value.to(device), ())

    def whole(self, gather: Callable[[Tensor], Tensor]) -> Self:
        """The truth of all slices; the pictures stay this slice's, since nobody reads the others."""
        return self._changed(gather, ("rgb", "extra"))

    def _changed(self, change: Callable[[Tensor], Tensor], kept: tuple[str, ...]) -> Self:
        held = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in kept}
        return replace(self, **{name: change(value) for name, value in held.items() if isinstance(value, Tensor)})


Item = Callable[[int], dict[str, Any]]


class _Samples(Dataset[dict[str, Any]]):
    def __init__(self, item: Item) -> None:
        self.item = item

    def __len__(self) -> int:
        return 1 << 40

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.item(int(index))


class _Slices(Sampler[int]):
    """Numbers of the samples of steps first..last - 1 that belong to one process."""

    def __init__(self, first: int, last: int, size: int, number: int, count: int) -> None:
        self._steps, self._size, self._part = range(first, last), size, size // count
        self._offset = number * self._part

    def __len__(self) -> int:
        return len(self._steps) * self._part

    def __iter__(self) -> Iterator[int]:
        for step in self._steps:
            begin = step * self._size + self._offset
            yield from range(begin, begin + self._part)


def item_of(sample: Any) -> dict[str, Any]:
    """A :class:`fineview.lab.samples.Sample` as arrays to be stacked."""
    return {
        "rgb": np.ascontiguousarray(sample.rgb.transpose(2, 0, 1)), "extra": extra_channels(sample.rgb),
        "target": np.asarray(sample.target, np.float32), "weight": np.asarray(sample.weight, np.float32),
        "lines": np.asarray(sample.lines, np.float32), "domain": np.int64(sample.domain),
        "lines_known": np.float32(sample.origin != "real_oct"),
    }


def batch_of(raw: dict[str, Tensor], kind: type[Batch] = Batch, **more: Any) -> Any:
    """Stacked items as a batch of this kind."""
    return kind(**{**raw, **more, "rgb": raw["rgb"].float() / 255.0, "extra": raw["extra"].float()})


def stacked(item: Item, first_step: int, last_step: int, size: int, workers: int, number: int = 0, count: int = 1
            ) -> Iterator[dict[str, Tensor]]:
    """Items of steps ``first_step`` .. ``last_step - 1``, ``size`` of them a step, those of process ``number`` of
    ``count``, which divides ``size``."""
    loader: DataLoader[dict[str, Any]] = DataLoader(
        _Samples(item), batch_size=size // count, sampler=_Slices(first_step, last_step, size, number, count),
        num_workers=workers, prefetch_factor=4 if workers else None, worker_init_fn=_one_thread,
    )
    yield from loader


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
