"""Fusion by addition: the stage's cells, projected to the token width, are added to the tokens.

    x + tanh(alpha) * MLP(pooled crop of the stage map)

One of the two rivals of channel concatenation in FILA's ablation (arXiv 2412.08378), and the form of LLaVA-HR's
adapters (arXiv 2403.03003) without their reading of the token.  What is added does not depend on the token: the ViT
cannot ask, it is only told.  The projection has a hidden layer, so that its parameters can match the rivals'.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fineview.models.vision.cvfm import cells


class AddFusion(nn.Module):
    """Adds a projected stage map to patch tokens; the gate starts closed (the exact identity)."""

    def __init__(self, token_width: int, stage_width: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * stage_width)
        self.mlp = nn.Sequential(nn.Linear(2 * stage_width, hidden), nn.GELU(), nn.Linear(hidden, token_width))
        self.alpha = nn.Parameter(torch.zeros(()))

    def forward(self, patches: Tensor, crop: Tensor) -> Tensor:
        """``patches`` (N, g*g, D) and the tile's crop (N, C, k, k), k a multiple of g, give (N, g*g, D)."""
        seen = cells(crop, round(patches.shape[1] ** 0.5)).to(patches.dtype)
        return patches + torch.tanh(self.alpha).to(patches.dtype) * self.mlp(self.norm(seen))
