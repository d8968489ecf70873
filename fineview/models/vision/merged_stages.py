"""ConvNeXt's stages merged first: the rival of deep fusion that meets the ViT only once (FILA, arXiv 2412.08378).

Every stage comes to the stride-32 grid by mean and maximum, all channels are concatenated, and two 1x1 convolutions
make one map of them.  It holds the detail of all four stages, but no ViT layer works on it in between.  The source
does not publish how the stages are merged; this is the plainest way that loses no stage.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class MergedStages(nn.Module):
    """Four stage maps to one map (B, width, H/32, W/32)."""

    def __init__(self, stage_widths: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.width = width
        self.mix = nn.Sequential(nn.Conv2d(2 * sum(stage_widths), width, 1), nn.GELU(), nn.Conv2d(width, width, 1))

    def forward(self, stages: tuple[Tensor, ...]) -> Tensor:
        """``stages`` (B, C, H/k, W/k), k = 4, 8, 16, 32."""
        size = stages[-1].shape[-2:]
        means = [functional.adaptive_avg_pool2d(stage, size) for stage in stages]
        peaks = [functional.adaptive_max_pool2d(stage, size) for stage in stages]
        merged: Tensor = self.mix(torch.cat([*means, *peaks], 1))
        return merged
