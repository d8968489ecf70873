"""Ways to look at a pyramid level: a channel, the energy of all, or three principal components as colour; two levels
together, and a level in balance with the words that were asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def channel_view(level: NDArray[np.float16], channel: int | None) -> tuple[NDArray[np.float32], float, float]:
    """One channel, or the energy (root of the mean square over channels) where ``channel`` is None.

    ``level``: (C, h, w).  Returns float32 (h, w) scaled to [0, 1] between the 1st and 99th percentile, and these two
    values in feature units, for the legend.  A flat channel gives zeros.  Raises ``IndexError`` for a wrong channel.
    """
    values = level.astype(np.float32)
    flat = np.sqrt(np.mean(values**2, axis=0)) if channel is None else values[channel]
    low, high = (float(v) for v in np.percentile(flat, (1.0, 99.0)))
    if high - low < 1e-6:
        return np.zeros(flat.shape, np.float32), low, high
    return np.clip((flat - low) / (high - low), 0.0, 1.0).astype(np.float32), low, high


def component_view(level: NDArray[np.float16], opacity: float) -> NDArray[np.uint8]:
    """First three principal components of the cells' channel vectors as red, green, blue.

    ``level``: (C, h, w).  Returns RGBA uint8 (h, w, 4).  The sign of a component is fixed by making its largest
    loading positive, so that two runs show the same colours.
    """
    channels, height, width = level.shape
    cells = level.reshape(channels, -1).T.astype(np.float64)
    cells = cells - cells.mean(axis=0)
    _, vectors = np.linalg.eigh(cells.T @ cells)
    axes = vectors[:, ::-1][:, :3]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    scores = cells @ axes
    spread = np.maximum(scores.std(axis=0), 1e-9)
    colours = np.clip(scores / (5.0 * spread) + 0.5, 0.0, 1.0)
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[..., :3] = 0
    rgba[..., : axes.shape[1]] = np.rint(colours * 255).reshape(height, width, -1)
    rgba[..., 3] = round(float(np.clip(opacity, 0.0, 1.0)) * 255)
    rgba.flags.writeable = False
    return rgba


def on_cells(values: NDArray[np.floating[Any]], cells_hw: tuple[int, int], stride_yx: tuple[float, float],
             origin_yx: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.float32]:
    """A map of pixels (H, W) read at the middle of each cell of another grid: float32 ``cells_hw``.

    ``stride_yx`` and ``origin_yx``: size of a cell and corner of the first, in pixels of ``values``.
    """
    places = [np.clip((np.arange(count) + 0.5) * stride + origin, 0, size - 1).astype(np.intp)
              for count, stride, origin, size in zip(cells_hw, stride_yx, origin_yx, values.shape, strict=True)]
    return values[np.ix_(*places)].astype(np.float32)


def together(coarse: NDArray[np.float32], fine: NDArray[np.float32], cells_yx: tuple[float, float]
             ) -> NDArray[np.float32]:
    """Two views in [0, 1] as one on the finer grid: their mean, so neither scale can hide the other.

    ``cells_yx``: fine cells (y, x) under one coarse cell; both grids begin at the same corner.
    """
    return ((on_cells(coarse, (fine.shape[0], fine.shape[1]), (1 / cells_yx[0], 1 / cells_yx[1])) + fine) / 2
            ).astype(np.float32)


def balanced(vision: NDArray[np.float32], words: NDArray[np.float32], balance: float) -> NDArray[np.float32]:
    """Text and vision in balance: ``(1 - balance) * vision + balance * words``, both (h, w) in [0, 1].

    0 shows the level alone, 1 the row of the words alone.  Raises ``ValueError`` outside [0, 1] or on unequal grids.
    """
    if not 0.0 <= balance <= 1.0:
        raise ValueError("the balance lies between 0 (vision) and 1 (text)")
    if vision.shape != words.shape:
        raise ValueError(f"level {vision.shape} and words {words.shape} lie on different grids")
    return np.asarray((1.0 - balance) * vision + balance * words, np.float32)
