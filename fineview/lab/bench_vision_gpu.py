"""The full-size hybrid on a GPU in bf16: the share it reaches of the matrix product of the same run."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import torch

from fineview.lab import full_size_model as full
from fineview.lab.figures import Figure
from fineview.lab.gemm_ceiling import gflops
from fineview.lab.operations import operations
from fineview.lab.timing import seconds

if TYPE_CHECKING:
    from fineview.app import App

NAME = "full-size hybrid on the GPU in bf16, share of the matrix product"
ROUNDS, BATCH, GEMM_SIDE = 10, 4, 8192


def run(app: App) -> list[Figure]:
    """One figure; without a GPU its value is empty and its name says so."""
    del app
    if not torch.cuda.is_available():
        return [Figure(f"{NAME} (no GPU on this machine)", None, "fraction", 0, None, 0.4, None)]
    made = full.build("cuda")
    encoder = made.fused.bfloat16()
    fine = full.canvas("cuda").expand(BATCH, -1, -1, -1)

    def encode() -> None:
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
            encoder(fine, None, full.GRID)
        torch.cuda.synchronize()

    work = operations(encoder, encode)
    shares, times = [], []
    for _ in range(ROUNDS):
        top = gflops("cuda", torch.bfloat16, GEMM_SIDE)
        times.append(seconds(encode))
        shares.append(work / times[-1] / 1e9 / top)
    middle = statistics.median(shares)
    return [Figure(NAME, round(middle, 4), "fraction", ROUNDS, (round(min(shares), 4), round(max(shares), 4)), 0.4,
                   middle >= 0.4, {"encode_ms": round(1000 * statistics.median(times) / BATCH, 2),
                                   "gflop_counted": round(work / BATCH / 1e9, 1)})]
