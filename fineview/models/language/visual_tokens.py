"""What the small decoder sees of one encoding: tokens of the frame, tokens of the region, and the region's place.

FILA (arXiv 2412.08378) hands the language model up to (1 + 4) x 576 tokens, the global view first.  Here the global
view is brought to 4 x 4 cells and the region to 6 x 6, so that a question costs 52 tokens and a CPU answers at once.
A token is the fused ViT token at its place, and the strongest logit of each dense head in its cell: a lesion smaller
than a ViT patch would be lost in the mean of a cell and is not in its maximum.  The place, one token more, holds the
region's box, the pooled logits that evidence is made from, and what kind of picture this is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Box
from fineview.core.labels import DOMAINS, WORDS
from fineview.models.encoding import Encoding
from fineview.models.regions import CELL, pooled

FRAME, REGION = 4, 6
COUNT = FRAME * FRAME + REGION * REGION
PLACE = len(WORDS) + len(DOMAINS) + 5
_TOKEN_CELL = 32
Array = NDArray[np.float32]


def visual_tokens(encoding: Encoding, box: Box | None) -> tuple[Array, Array]:
    """Tokens (52, D + 8), the frame's first, and the place (16,); ``box`` in source pixels, None for the whole frame.

    A box that leaves the picture is clipped to it; one that lies outside is read at the nearest edge.
    """
    rows, cols = encoding.where.source_hw
    whole = Box(0, 0, cols, rows)
    box = whole if box is None else box
    grid = stitched(encoding)
    logits = np.asarray(encoding.logits, np.float32)
    parts = [np.concatenate([_looked_at(grid, encoding, one, side), _strongest(logits, encoding, one, side)], 1)
             for one, side in ((whole, FRAME), (box, REGION))]
    return np.concatenate(parts).astype(np.float32), _place(encoding, logits, box)


def stitched(encoding: Encoding) -> Array:
    """The ViT tokens (tiles, n, D) on the grid of the whole canvas, float32 (h, w, D)."""
    down, across = encoding.where.grid
    tokens: Any = encoding.tokens
    held = np.asarray(tokens.detach().float().cpu().numpy(), np.float32)
    side = math.isqrt(held.shape[1])
    tiled = held.reshape(down, across, side, side, -1).transpose(0, 2, 1, 3, 4)
    return tiled.reshape(down * side, across * side, -1)


def _looked_at(grid: Array, encoding: Encoding, box: Box, side: int) -> Array:
    """Tokens at the middles of ``side`` x ``side`` parts of the box, linear between patches: (side * side, D)."""
    ys, xs = _edges(encoding, box, side, _TOKEN_CELL)
    weights = [_between((edges[:-1] + edges[1:]) / 2 - 0.5, size)
               for edges, size in zip((ys, xs), grid.shape[:2], strict=True)]
    found = np.einsum("ih,jw,hwd->ijd", *weights, grid, optimize=True)
    return np.asarray(found.reshape(side * side, -1), np.float32)


def _between(places: NDArray[np.float64], size: int) -> Array:
    """Weights (n, size) of linear interpolation at ``places`` on a line of ``size`` cells, edges held."""
    return np.asarray(np.clip(1 - np.abs(np.clip(places, 0, size - 1)[:, None] - np.arange(size)), 0, 1), np.float32)


def _strongest(logits: Array, encoding: Encoding, box: Box, side: int) -> Array:
    """The largest logit of each head in each part of the box, at least one cell each: (side * side, heads)."""
    spans = []
    for edges, size in zip(_edges(encoding, box, side, CELL), logits.shape[1:], strict=True):
        starts = np.clip(np.floor(edges[:-1]).astype(int), 0, size - 1)
        spans.append([slice(a, max(a + 1, min(size, math.ceil(b)))) for a, b in zip(starts, edges[1:], strict=True)])
    found = [logits[:, down, across].max((1, 2)) for down in spans[0] for across in spans[1]]
    return np.stack(found)


def _edges(encoding: Encoding, box: Box, side: int, cell: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Borders of the box's parts in cells of the whole canvas, (side + 1,) rows and columns."""
    where = encoding.where
    (top, left), (step_y, step_x) = where.fine_corner, where.stride_px(cell)
    box = box.clipped(*where.source_hw)
    return (np.linspace(box.y, box.y + box.h, side + 1) / step_y + top / cell,
            np.linspace(box.x, box.x + box.w, side + 1) / step_x + left / cell)


def _place(encoding: Encoding, logits: Array, box: Box) -> Array:
    rows, cols = encoding.where.source_hw
    spans = []
    for edges, size in zip(_edges(encoding, box, 1, CELL), logits.shape[1:], strict=True):
        start = int(np.clip(np.floor(edges[0]), 0, size - 1))
        spans.append(slice(start, max(start + 1, min(size, math.ceil(edges[1])))))
    inside = logits[:, spans[0], spans[1]].reshape(len(logits), -1)
    evidence = [pooled(one) for one in inside]
    x, y = (box.x + box.w / 2) / cols, (box.y + box.h / 2) / rows
    shape = [x, y, box.w / cols, box.h / rows, math.log(inside.shape[1])]
    return np.array([*evidence, *(encoding.domain[word] for word in DOMAINS), *shape], np.float32)
