"""Temperature scaling (Guo et al. 2017, arXiv 1706.04599): one number that makes chances mean what they say."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn


def least_loss_temperature(logits: Tensor, truth: Tensor, most: float, tries: int) -> float:
    """The temperature of least log loss of ``logits`` (n, k) for ``truth`` (n,): one of ``tries``, 0.3 to ``most``."""
    grid = np.exp(np.linspace(np.log(0.3), np.log(most), tries))
    losses = [float(nn.functional.cross_entropy(logits / float(t), truth)) for t in grid]
    return float(grid[int(np.argmin(losses))])
