"""A convolutional backbone's last map as tokens, for towers and scorers that read pictures with text.

The backbone is handed in: any of transformers' classes whose ``last_hidden_state`` is (B, C, h, w), such as
``ResNetModel`` and ``ConvNextModel``.  Positions are fixed sines of the cell's place in the picture (0..1 along each
side), so that a picture of any size has them.  A cell's content and its place go through a small MLP together: added
alone they would still be a sum after any averaging, and "bright, on the left" could not be told from "bright, and
something on the left".  Content without place is returned too, for what must not know where it is.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from fineview.models.vision.normalisation import IMAGENET_MEAN, IMAGENET_STD


class ImageTokens(nn.Module):
    """Pictures to ``width`` channels a cell."""

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module, channels: int, width: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.project = nn.Linear(channels, width)
        self.norm = nn.LayerNorm(width)
        self.locate = nn.Sequential(nn.Linear(2 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.width = width
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD)[:, None, None], persistent=False)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, tuple[int, int]]:
        """(B, 3, H, W) RGB in [0, 1] -> content (B, h*w, D), located content (B, h*w, D), grid (h, w)."""
        seen = self.backbone((pixels - self.mean) / self.std).last_hidden_state
        grid = (int(seen.shape[-2]), int(seen.shape[-1]))
        content = self.content(seen.flatten(2).transpose(1, 2))
        place = places(grid, self.width).to(content).expand(len(content), -1, -1)
        return content, content + self.locate(torch.cat([content, place], -1)), grid

    def content(self, cells: Tensor) -> Tensor:
        """The backbone's cells (B, N, C), wherever they come from, to content (B, N, D)."""
        found: Tensor = self.norm(self.project(cells))
        return found


def places(grid: tuple[int, int], width: int) -> Tensor:
    """Sines and cosines of a cell centre's y and x in (0, 1), periods from 2 down by halves: (h*w, width) in [-1, 1].

    Four channels a period; channels left over are 0.
    """
    y, x = (torch.arange(side, dtype=torch.float64).add(0.5).div(side) for side in grid)
    rates = math.pi * 2.0 ** torch.arange(max(1, min(width // 4, 6)), dtype=torch.float64)
    ways = [wave(place[:, None] * rates) for place in (y, x) for wave in (torch.sin, torch.cos)]
    down = torch.cat(ways[:2], 1)[:, None, :].expand(-1, grid[1], -1)
    across = torch.cat(ways[2:], 1)[None, :, :].expand(grid[0], -1, -1)
    found = torch.cat([down, across], 2).flatten(0, 1).float()
    return nn.functional.pad(found, (0, width - found.shape[1]))
