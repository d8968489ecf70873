"""How maps of encoders without trained heads are scaled: against the same encoder's answer to a blank tile.

Scales are fixed per encoder, never stretched per picture.  But a ViT attends to favourite places even where nothing is
to be seen, and a CNN answers to borders, so every value is compared with the one the encoder gives at that place of a
tile in one colour, the picture's mean.  A blank frame therefore comes out at 0 everywhere, whatever the weights.
All results lie in [0, 1]; shapes are (tiles, N) for N patches of a tile.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

EIGHTFOLD = 3.0
COLOUR_STEP = 8
SIDE = 24


def colour_of(rgb: NDArray[np.uint8]) -> tuple[int, int, int]:
    """The picture's mean colour in steps of 8 levels, so that frames alike share a reference; exact where it is one."""
    red, green, blue = (int(one) for one in rgb[0, 0])
    if not (rgb == rgb[0, 0]).all():
        mean = rgb.reshape(-1, 3).mean(0)
        red, green, blue = (min(255, int(round(float(one) / COLOUR_STEP)) * COLOUR_STEP) for one in mean)
    return red, green, blue


def attention(shares: Tensor, blank: Tensor) -> Tensor:
    """Attention in fair shares (1 = 1/N) against the blank tile's (N,): eight times as much is 1, as much or less 0.

    One fair share is added to both, so that a place the blank tile leaves out does not shine for a trifle.
    """
    return (((shares + 1.0) / (blank + 1.0)).log2() / EIGHTFOLD).clamp(0.0, 1.0)


def energy(tokens: Tensor, blank: Tensor) -> Tensor:
    """How far activations (tiles, N, D) are from the blank tile's (tiles, N, D), relative to their usual length."""
    length = blank.norm(dim=-1).mean().clamp_min(1e-6)
    away = (tokens - blank).norm(dim=-1)
    return away / (away + length)


def likeness(cosines: Tensor, blank: Tensor, scale: float) -> Tensor:
    """Cosines of patches with a text against the blank tile's, times the learned scale: 2 sigmoid(x) - 1, x > 0."""
    return 2.0 * torch.sigmoid(scale * (cosines - blank).clamp_min(0.0)) - 1.0


def beside_borders(blank: Tensor, grid: tuple[int, int]) -> Tensor:
    """A blank tile's values (N, D) for all tiles of a canvas (tiles, N, D), for a network that sees the whole canvas.

    Each cell takes the value of the cell as far from the nearest border; beyond half a tile that is the middle.
    """
    square = blank.reshape(SIDE, SIDE, -1)
    rows, cols = (_nearest(count * SIDE) for count in grid)
    canvas = square[rows][:, cols]
    tiles = canvas.reshape(grid[0], SIDE, grid[1], SIDE, -1).permute(0, 2, 1, 3, 4)
    return tiles.reshape(grid[0] * grid[1], SIDE * SIDE, -1)


def _nearest(count: int) -> Tensor:
    places, half = torch.arange(count), SIDE // 2
    return torch.where(places < half, places, torch.where(places >= count - half, places - count + SIDE, half))
