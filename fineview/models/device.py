"""Which device and number format the encoder runs on, decided by what is there and by measurement.

``auto`` takes CUDA when torch sees one, else the CPU.  On a CPU bf16 is used only where the processor has it in
hardware *and* a short matrix product is clearly faster: on others autocast to bf16 costs a factor.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch

from fineview.core.errors import DeviceProblem

Wanted = Literal["auto", "cpu", "cuda"]
CLEARLY_FASTER = 1.15


@dataclass(frozen=True, slots=True)
class Device:
    """Where to run, and the autocast type; ``note`` is a sentence for the person when it is not what they asked."""

    name: Literal["cpu", "cuda"]
    dtype: torch.dtype
    note: str | None = None

    @property
    def dtype_word(self) -> str:
        return {torch.float32: "fp32", torch.bfloat16: "bf16", torch.float16: "fp16"}[self.dtype]

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.name, self.dtype, enabled=self.dtype != torch.float32)


def choose(wanted: Wanted = "auto") -> Device:
    """The device to use.  Raises :class:`DeviceProblem` ``device-missing`` when CUDA was asked for and is not there."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise DeviceProblem("No CUDA device is available.", "Use --device cpu, or auto.", "device-missing")
    if wanted != "cpu" and torch.cuda.is_available():
        return Device("cuda", torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16)
    return Device("cpu", cpu_dtype())


def after_memory_error() -> Device:
    """The device to fall back to, saying so."""
    return Device("cpu", cpu_dtype(), "The GPU has too little memory for this image; the CPU was used.")


@lru_cache(maxsize=1)
def cpu_dtype() -> torch.dtype:
    """bf16 or fp32 on this processor; measured once per process, a few milliseconds."""
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.float32
    full = torch.ones(512, 512)
    half = full.bfloat16()
    return torch.bfloat16 if _seconds(full) / _seconds(half) > CLEARLY_FASTER else torch.float32


def _seconds(matrix: torch.Tensor) -> float:
    matrix @ matrix
    found = []
    for _ in range(7):
        began = time.perf_counter()
        matrix @ matrix
        found.append(time.perf_counter() - began)
    return max(1e-9, min(found))
