"""Ways to look at one pyramid level: a channel, the energy of all, or three principal components as colour."""

from __future__ import annotations

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
