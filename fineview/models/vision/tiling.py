"""Cutting tiles out of canvases and stage maps, and stitching token grids back: integer crops only.

At 32/14 the stride-32 grid of ConvNeXt coincides with the ViT's /14 grid, so tile (r, c) of any stage map is
``[r*k:(r+1)*k, c*k:(c+1)*k]`` with k = 192, 96, 48, 24 for stages 1-4 of a 336 tile.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

VIT_PATCH = 14
FINE_PATCH = 32

Grid = tuple[int, int]


def cut(maps: Tensor, grid: Grid) -> Tensor:
    """(B, C, R*k, S*k) -> (B*R*S, C, k, k), row by row."""
    batch, channels, height, width = maps.shape
    rows, cols = grid
    parts = maps.reshape(batch, channels, rows, height // rows, cols, width // cols)
    return parts.permute(0, 2, 4, 1, 3, 5).reshape(batch * rows * cols, channels, height // rows, width // cols)


def stitch(tokens: Tensor, grid: Grid) -> Tensor:
    """Patch tokens (B*R*S, g*g, D) -> (B, D, R*g, S*g), the inverse of :func:`cut` on the token grid."""
    rows, cols = grid
    side = round(tokens.shape[1] ** 0.5)
    parts = tokens.reshape(-1, rows, cols, side, side, tokens.shape[-1])
    return parts.permute(0, 5, 1, 3, 2, 4).reshape(parts.shape[0], tokens.shape[-1], rows * side, cols * side)


def views(fine: Tensor, grid: Grid, whole: bool) -> Tensor:
    """The ViT's pixels of a canvas given at ConvNeXt resolution.

    ``fine`` (B, 3, H, W) with H and W multiples of 32 per tile.  Returns (N, 3, s, s): with ``whole`` first the B
    global views (the canvas squeezed to one tile), then B*R*S tiles, s = 14/32 of the fine tile.
    """
    from torch import cat

    height = fine.shape[-2] * VIT_PATCH // FINE_PATCH
    width = fine.shape[-1] * VIT_PATCH // FINE_PATCH
    canvas = functional.interpolate(fine, size=(height, width), mode="bilinear", antialias=True)
    tiles = cut(canvas, grid)
    if not whole:
        return tiles
    side = tiles.shape[-1]
    return cat([functional.interpolate(canvas, size=(side, side), mode="bilinear", antialias=True), tiles])
