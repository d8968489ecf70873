"""What the machine can do at best: a square matrix product, in operations a second."""

from __future__ import annotations

import torch

from fineview.lab.timing import seconds


def ceiling(size: int = 1536) -> dict[str, float]:
    """GFLOP/s of a square matrix product on the CPU in fp32 and bf16."""
    return {f"gemm_{word}_gflops": round(max(gflops("cpu", dtype, size) for _ in range(5)), 1)
            for word, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16))}


def gflops(device: str, dtype: torch.dtype, size: int) -> float:
    """GFLOP/s of one product of two (size, size) matrices."""
    a = torch.randn(size, size).to(device, dtype)

    def product() -> None:
        _ = a @ a
        if device != "cpu":
            torch.cuda.synchronize()

    product()
    return 2 * size**3 / seconds(product) / 1e9
