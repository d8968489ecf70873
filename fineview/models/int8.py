"""Weights in half the space of fp16: int8 with one scale per output channel, brought back to fp32 when loaded.

Large matrices and kernels lie as ``NAME.int8`` (same shape, symmetric, -127 ... 127) beside ``NAME.scale`` (one fp32
per output channel, shape (C, 1, ...)); everything else as it was.  Only storage is int8: the pass runs in the format
of the processor, so nothing depends on a quantised kernel.  Source: symmetric per-channel weight quantisation, as in
Krishnamoorthi (arXiv 1806.08342), section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from fineview.core.errors import WeightsProblem
from fineview.models import weights

VALUES, SCALE = ".int8", ".scale"
SMALLEST = 1024  # values; below it a scale for each channel saves little


def shrunk(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Floating tensors of two or more axes as int8 and scales, the rest unchanged."""
    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if not value.is_floating_point() or value.ndim < 2 or value.numel() < SMALLEST:
            found[name] = value
            continue
        plain = value.float()
        scale = plain.abs().amax(dim=tuple(range(1, plain.ndim)), keepdim=True).clamp_min(1e-12) / 127
        found[name + VALUES] = (plain / scale).round().clamp(-127, 127).to(torch.int8)
        found[name + SCALE] = scale
    return found


def restored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of :func:`shrunk` up to half a step; tensors without int8 parts come back as they are.

    Raises ``WeightsProblem`` ``weights-format`` where a part is missing or does not fit.
    """
    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if name.endswith(SCALE) and name.removesuffix(SCALE) + VALUES in tensors:
            continue
        if not name.endswith(VALUES):
            found[name] = value
            continue
        scale = tensors.get(name.removesuffix(VALUES) + SCALE)
        if scale is None or value.dtype != torch.int8 or scale.shape != (value.shape[0], *[1] * (value.ndim - 1)):
            raise WeightsProblem("The int8 weights are incomplete.", "Put the published files in place.",
                                 "weights-format")
        found[name.removesuffix(VALUES)] = value.float() * scale.float()
    return found


def save_int8(source: Path, into: Path) -> Path:
    """An int8 copy of a weights folder; returns the tensors' file.  Raises ``WeightsProblem``."""
    tensors, manifest = weights.load(source)
    return weights.save(shrunk(restored(tensors)), into, {**manifest.facts, "stored": "int8"})
