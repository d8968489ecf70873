"""MFP of an encoder without a decoder: what it computes itself at 1/4, 1/8 and 1/16, and its tokens from above.

An encoder with stages gives its stage maps.  A plain ViT has none: nothing it computes after the first layer is finer
than a patch.  Its first layer is: the patch embedding, read at every pixel instead of every patch, is its own linear
features of the picture, averaged to the cells of a level.  That keeps the three exact grids without passing an
upsampled token map off as a fine one.  Both kinds are normalised over channels, projected by fixed orthonormal rows
(a property of the widths alone, no training) and added to the tokens' own projection, each with the same weight.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from fineview.imaging.placement import Placement
from fineview.models.pyramid.mfp import SCALES
from fineview.models.vision.features import Features

CHANNELS = 16
TOKEN_STRIDE = 32


def from_stages(seen: Features, where: Placement) -> dict[int, NDArray[np.float16]]:
    """Levels {4, 8, 16: float16 (C, h, w)}, C <= 16, of one picture's features, on the cells that hold picture."""
    count = min(CHANNELS, seen.tokens.shape[1], *(stage.shape[1] for stage in seen.stages[:3]))
    return {scale: _joined(_projected(_normed(stage), count), seen.tokens, scale, where)
            for scale, stage in zip(SCALES, seen.stages, strict=False)}


def from_patches(pixels: Tensor, kernel: Tensor, tokens: Tensor, where: Placement) -> dict[int, NDArray[np.float16]]:
    """The same for a plain ViT: normalised ``pixels`` (1, 3, H, W) at its own resolution, its patch embedding
    ``kernel`` (D, 3, p, p), its ``tokens`` (1, D, h, w)."""
    count, patch = min(CHANNELS, kernel.shape[0]), kernel.shape[-1]
    filters = torch.einsum("cd,dkyx->ckyx", basis(kernel.shape[0], count).to(kernel.device), kernel.float())
    filters = filters / filters.flatten(1).norm(dim=1).mean().clamp_min(1e-6)
    around = (patch - 1) // 2
    padded = functional.pad(pixels.float(), (around, patch - 1 - around, around, patch - 1 - around), mode="replicate")
    finest = functional.conv2d(padded, filters, stride=max(1, patch // 8))
    rows, cols = where.fine_canvas_hw
    return {scale: _joined(functional.adaptive_avg_pool2d(finest, (rows // scale, cols // scale)), tokens, scale, where)
            for scale in SCALES}


def _joined(own: Tensor, tokens: Tensor, scale: int, where: Placement) -> NDArray[np.float16]:
    above = _projected(_normed(tokens), own.shape[1])
    both = own + functional.interpolate(above, scale_factor=TOKEN_STRIDE // scale, mode="nearest")
    rows, cols = where.cells(scale)
    return (both[0, :, rows, cols] / 2**0.5).clamp(-65000, 65000).to(torch.float16).cpu().numpy()


def _normed(maps: Tensor) -> Tensor:
    """Every cell's channels (B, C, h, w) to mean 0 and deviation 1."""
    values = maps.float()
    return (values - values.mean(1, keepdim=True)) / values.std(1, keepdim=True, unbiased=False).clamp_min(1e-6)


def _projected(maps: Tensor, count: int) -> Tensor:
    return torch.einsum("cd,bdhw->bchw", basis(maps.shape[1], count).to(maps.device), maps)


@lru_cache(maxsize=16)
def basis(width: int, count: int) -> Tensor:
    """``count`` fixed orthonormal rows of length ``width``."""
    drawn = torch.randn(width, count, generator=torch.Generator().manual_seed(width), dtype=torch.float64)
    return torch.linalg.qr(drawn)[0].T.float().contiguous()
