"""A layer on part of its batch at a time, for a device whose memory does not hold all tiles at once.

Tiles do not see each other inside the ViT, so the result is the same; the attention rows that are read while the
parts run are joined again.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fineview.models.attention.rows import rows_found
from fineview.models.memory_ladder import at_once


def by_parts(layer: Callable[[Tensor, None], Tensor], tokens: Tensor) -> Tensor:
    """``layer`` (tokens, no mask) on tokens (N, n, D), :func:`at_once` of the N together."""
    size = at_once(tokens.shape[0])
    if size >= tokens.shape[0]:
        return layer(tokens, None)
    found = rows_found()
    before: dict[int, Tensor] = dict(found)
    made: list[Tensor] = []
    rows: dict[int, list[Tensor]] = {}
    for part in tokens.split(size):
        made.append(layer(part, None))
        for number, values in found.items():
            if values is not before.get(number):
                rows.setdefault(number, []).append(values)
    found.update({number: torch.cat(parts) for number, parts in rows.items()})
    return torch.cat(made)
