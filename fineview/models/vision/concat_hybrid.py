"""The concat hybrid: what a CNN sees, pooled, beside the class token of a ViT, and a two-layer fusion of both.

From the overview of hybrid encoders in the user's documents: "CNN features, global average pooled, and the CLS token
of a ViT are concatenated and passed through two linear layers".  Its read-out is one vector an image: it says *what*
is in a picture, not *where*.  Changed here, and why:

* every view gets such a vector, the whole picture and each tile, with the CNN pooled over the same part, so that
  ``cls`` has the shape every other encoder gives;
* ``tokens`` are the ViT's and ``stages`` the CNN's, untouched by the fusion, for maps and the pyramid: fused features
  at a place exist in the channel fusion of FILA (:mod:`hybrid`), and comparing the two is the point;
* a LayerNorm before the first linear layer: the two parts differ in scale by an order of magnitude.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fineview.models.vision import tiling
from fineview.models.vision.build import EncoderConfig
from fineview.models.vision.features import Features
from fineview.models.vision.plain_cnn import PlainCNN, build_plain_convnext
from fineview.models.vision.plain_vit import PlainViT, build_plain_vit


class ConcatHybrid(nn.Module):
    """Fits ``VisionEncoder``; ``cls`` is the fused vector (B, n, D), D the ViT's width."""

    def __init__(self, vit: PlainViT, conv: PlainCNN, hidden: int) -> None:
        super().__init__()
        self.plain_vit, self.plain_cnn = vit, conv
        self.width, self.stage_widths, self.extra_channels = vit.width, conv.stage_widths, conv.extra_channels
        self.gates: tuple[float, ...] = (1.0,)  # its fusion has no gate and is always open
        both = vit.width + conv.width
        self.norm = nn.LayerNorm(both)
        self.mlp = nn.Sequential(nn.Linear(both, hidden), nn.GELU(), nn.Linear(hidden, vit.width))

    @property
    def vit(self) -> nn.Module:
        """The transformer whose attention rows are read."""
        return self.plain_vit.vit

    def forward(self, fine: Tensor, extra: Tensor | None, grid: tiling.Grid, whole: bool = True,
                positions: Tensor | None = None) -> Features:
        """See ``VisionEncoder``."""
        seen = self.plain_vit(fine, None, grid, whole, positions)
        deep = self.plain_cnn(fine, extra, grid, whole)
        fused = self.mlp(self.norm(torch.cat([deep.cls.to(seen.cls.dtype), seen.cls], dim=-1)))
        return Features(tokens=seen.tokens, cls=fused, whole=seen.whole, stages=deep.stages)


def build_concat_hybrid(config: EncoderConfig) -> ConcatHybrid:
    """CLIP's tower and a ConvNeXt of these sizes with random weights."""
    return ConcatHybrid(build_plain_vit(config), build_plain_convnext(config), config.fusion_hidden)
