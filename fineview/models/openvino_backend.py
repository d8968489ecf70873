"""The embedded model by OpenVINO on a CPU: the same inputs, the same outputs, the exact attention row included.

Each grid of tiles is converted once and kept in the person's cache folder under the weights' hash, the versions and
the grid.  Where a grid cannot be converted torch does the work, and ``trouble`` says why.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fineview.models import openvino_convert
from fineview.models.network import Grid, Network, Parts, Passed, WholePass, passed
from fineview.models.vision.retina import RetinaModel


class OpenVinoNetwork:
    """``otherwise`` takes what cannot be converted.  ``kept``: the folder of intermediate forms, None for no folder."""

    backend = "openvino"

    def __init__(self, model: RetinaModel, sha256: str, bf16: bool, otherwise: Network, kept: Path | None) -> None:
        self._whole, self._bf16, self._otherwise, self._kept = WholePass(model), bf16, otherwise, kept
        self._name = f"{sha256[:16]}-{openvino_convert.version()}" if kept is not None else ""
        self._turn, self._requests = threading.Lock(), threading.local()
        self._models: dict[tuple[Grid, int], Any] = {}
        self._compiled: dict[tuple[Grid, int, int], Any] = {}
        self.dtype = "bf16" if bf16 else "fp32"
        self.trouble: str | None = None

    def __call__(self, fine: Tensor, extra: Tensor, grid: Grid, inside: Tensor) -> Passed:
        if self.trouble is not None:
            return self._otherwise(fine, extra, grid, inside)
        inputs = (fine, extra, inside)
        try:
            request = self._request(inputs, grid)
        except Exception as problem:  # two large libraries may refuse a model in any of their ways
            self.trouble = f"OpenVINO could not take this encoder ({type(problem).__name__}); torch was used."
            return self._otherwise(fine, extra, grid, inside)
        request.infer([part.numpy() for part in inputs])
        return passed(tuple(torch.from_numpy(tensor.data).clone() for tensor in request.output_tensors))

    def _request(self, inputs: Parts, grid: Grid) -> Any:
        """This thread's request.  A thread with one of torch's threads is a lane beside others."""
        threads = torch.get_num_threads()
        key = (grid, inputs[0].shape[0], threads)
        held: dict[Any, Any] = self._requests.__dict__
        if key not in held:
            with self._turn:
                held[key] = self._compile(inputs, grid, threads).create_infer_request()
        return held[key]

    def _compile(self, inputs: Parts, grid: Grid, threads: int) -> Any:
        key = (grid, inputs[0].shape[0], threads)
        if key not in self._compiled:
            if key[:2] not in self._models:
                kept = self._kept and self._kept / f"{self._name}-{grid[0]}x{grid[1]}-{key[1]}.xml"
                self._models[key[:2]] = openvino_convert.converted(_OneGrid(self._whole, grid), inputs, kept)
            cores = torch.get_num_threads() if threads > 1 else _cores()
            self._compiled[key] = openvino_convert.compiled(self._models[key[:2]], self._bf16, cores,
                                                            1 if threads > 1 else cores)
        return self._compiled[key]


class _OneGrid(nn.Module):
    """The whole pass with its grid fixed: a function of tensors alone."""

    def __init__(self, whole: WholePass, grid: Grid) -> None:
        super().__init__()
        self.whole, self.grid = whole, grid

    def forward(self, fine: Tensor, extra: Tensor, inside: Tensor) -> Parts:
        return self.whole(fine, extra, inside, self.grid)  # type: ignore[no-any-return]


def _cores() -> int:
    import os

    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
