"""CVFM, the fusion of one ConvNeXt stage into the ViT's patch tokens (FILA, arXiv 2412.08378, section 3).

    x + tanh(alpha) * MLP([x, pooled crop of the stage map])

The source leaves the place of ``tanh(alpha)`` open; outside the MLP it is the exact identity at alpha = 0, and no
LayerNorm stands outside the gate, so an untrained fusion equals plain CLIP bit for bit.  The crop is brought to
the token grid by mean *and* maximum: a lesion of three pixels survives a maximum, not a mean.

The other fusions (:mod:`cross_fusion`, :mod:`add_fusion`) read the same :func:`cells` and keep the same gate, so that
a comparison compares the operator and nothing else.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def cells(crop: Tensor, grid: int) -> Tensor:
    """A tile's crop (N, C, k, k), k a multiple of ``grid``, as cells on the token grid: (N, grid*grid, 2C), the means
    first, then the maxima."""
    # Not adaptive pooling: its maximum is twice as slow here, and k is a multiple of the grid anyway.
    size = crop.shape[-1] // grid
    mean = functional.avg_pool2d(crop, size) if size > 1 else crop
    peak = functional.max_pool2d(crop, size) if size > 1 else mean
    return torch.cat([mean, peak], dim=1).flatten(2).transpose(1, 2)


class CVFM(nn.Module):
    """Fuses a stage map into patch tokens; the gate starts closed."""

    def __init__(self, token_width: int, stage_width: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(token_width + 2 * stage_width)
        self.mlp = nn.Sequential(nn.Linear(token_width + 2 * stage_width, hidden), nn.GELU(),
                                 nn.Linear(hidden, token_width))
        self.alpha = nn.Parameter(torch.zeros(()))

    def forward(self, patches: Tensor, crop: Tensor) -> Tensor:
        """``patches`` (N, g*g, D) and the tile's crop (N, C, k, k), k a multiple of g, give (N, g*g, D)."""
        seen = cells(crop, round(patches.shape[1] ** 0.5)).to(patches.dtype)
        both = torch.cat([patches, seen], dim=-1)
        return patches + torch.tanh(self.alpha).to(patches.dtype) * self.mlp(self.norm(both))
