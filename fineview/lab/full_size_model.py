"""CLIP ViT-L/14-336 with ConvNeXt-L fused as FILA, random weights, and a canvas for it: five views and 1536 px."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModel, ConvNextConfig, ConvNextModel

from fineview.models.attention.rows import IMPLEMENTATION
from fineview.models.full_size import FUSION_HIDDEN, fuse_after
from fineview.models.vision import tiling
from fineview.models.vision.fused import fila
from fineview.models.vision.hybrid import HybridEncoder

GRID = (2, 2)
SIDE = 1536


@dataclass(frozen=True, slots=True)
class FullSize:
    """``fused`` and ``unfused`` share their CLIP and ConvNeXt: one set of weights in memory."""

    fused: HybridEncoder
    unfused: HybridEncoder

    def stock(self, fine: Tensor) -> None:
        """transformers' CLIP on the five views and ConvNeXt on the canvas, one after the other."""
        encoder = self.fused
        encoder.vit((tiling.views(fine, GRID, True) - encoder.vit_mean) / encoder.vit_std)
        encoder.conv((fine - encoder.conv_mean) / encoder.conv_std)


def clip_large(**changes: int) -> CLIPVisionConfig:
    """CLIP ViT-L/14-336's vision tower, as published."""
    sizes = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
             "image_size": 336, "patch_size": 14, **changes}
    return CLIPVisionConfig(**sizes, attn_implementation=IMPLEMENTATION)


def convnext_large() -> ConvNextConfig:
    """ConvNeXt-L, as published."""
    return ConvNextConfig(num_channels=3, hidden_sizes=[192, 384, 768, 1536], depths=[3, 3, 27, 3])


def build(device: str = "cpu", clip: CLIPVisionConfig | None = None, conv: ConvNextConfig | None = None) -> FullSize:
    """Both encoders on ``device``; on "meta" they have shapes and no weights."""
    with torch.device(device), _quiet():
        vit, net = CLIPVisionModel(clip or clip_large()), ConvNextModel(conv or convnext_large())
        fused = fila(vit, net, fuse_after(vit.config.num_hidden_layers), FUSION_HIDDEN)
        return FullSize(fused.eval().requires_grad_(False), HybridEncoder(vit, net, (), (), reads=()).eval())


def canvas(device: str = "cpu") -> Tensor:
    """(1, 3, 1536, 1536) in [0, 1]."""
    return torch.rand(1, 3, SIDE, SIDE, device=device)


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library's word on its own next version
        yield
