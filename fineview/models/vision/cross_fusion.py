"""Fusion by cross-attention: every token asks all cells of its tile's crop.

    x + tanh(alpha) * Attention(query = x, keys and values = pooled crop of the stage map)

One of the two rivals of channel concatenation in FILA's ablation (arXiv 2412.08378), whose details are not published.
The crop comes to the token grid as in :mod:`cvfm`, so all fusions see the same numbers.  Queries and keys get the
same fixed sine code of their place on the grid (as in arXiv 2005.12872): without it no token could tell its own cell
from another.  Sines and not a learned table, because training on parts of a tile must carry over to whole tiles.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fineview.models.vision.cvfm import cells

HEAD_WIDTH = 16
LONGEST_PERIOD = 200.0


class CrossFusion(nn.Module):
    """Tokens query the cells of a stage map; the gate starts closed (the exact identity).

    ``hidden``: width of queries, keys and values, brought up to a multiple of 16, one head each.
    """

    def __init__(self, token_width: int, stage_width: int, hidden: int) -> None:
        super().__init__()
        self.heads = -(-hidden // HEAD_WIDTH)
        inner = self.heads * HEAD_WIDTH
        self.token_norm, self.cell_norm = nn.LayerNorm(token_width), nn.LayerNorm(2 * stage_width)
        self.query, self.key = nn.Linear(token_width, inner), nn.Linear(2 * stage_width, inner)
        self.value, self.out = nn.Linear(2 * stage_width, inner), nn.Linear(inner, token_width)
        self.alpha = nn.Parameter(torch.zeros(()))

    def forward(self, patches: Tensor, crop: Tensor) -> Tensor:
        """``patches`` (N, g*g, D) and the tile's crop (N, C, k, k), k a multiple of g, give (N, g*g, D)."""
        grid = round(patches.shape[1] ** 0.5)
        seen = self.cell_norm(cells(crop, grid).to(patches.dtype))
        asked = self.query(self.token_norm(patches))
        place = places(grid, asked.shape[-1]).to(asked)
        query, key, value = (part.unflatten(-1, (self.heads, HEAD_WIDTH)).transpose(1, 2)
                             for part in (asked + place, self.key(seen) + place, self.value(seen)))
        found = functional.scaled_dot_product_attention(query, key, value)
        return patches + torch.tanh(self.alpha).to(patches.dtype) * self.out(found.transpose(1, 2).flatten(2))


def places(grid: int, width: int) -> Tensor:
    """Sine code of each cell, (grid*grid, width) in [-1, 1]: a quarter each of sin y, cos y, sin x, cos x in every
    head, periods from 4 to 200 cells."""
    rates = 2 * torch.pi / torch.logspace(0, 1, HEAD_WIDTH // 4, base=LONGEST_PERIOD / 4) / 4
    angle = torch.arange(grid).unsqueeze(1) * rates
    wave = torch.cat([angle.sin(), angle.cos()], 1)
    rows, columns = wave.unsqueeze(1).expand(-1, grid, -1), wave.unsqueeze(0).expand(grid, -1, -1)
    return torch.cat([rows, columns], -1).flatten(0, 1).repeat(1, width // HEAD_WIDTH)
