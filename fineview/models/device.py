"""Which device and number format the encoder runs on, decided by what is there.

``auto`` takes CUDA when torch sees one, else the CPU.  On a CPU bf16 is used where the processor multiplies it in
hardware (AVX-512 BF16 or AMX), and nowhere else: on others autocast to bf16 costs a factor.  The choice is read off
the processor and never timed, so that a busy machine gives the same numbers as an idle one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from fineview.core.errors import DeviceProblem

Wanted = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True, slots=True)
class Device:
    """Where to run, and the autocast type."""

    name: Literal["cpu", "cuda"]
    dtype: torch.dtype

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


def cpu_dtype() -> torch.dtype:
    """bf16 where this processor has instructions for it, fp32 elsewhere."""
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported() \
        else torch.float32
