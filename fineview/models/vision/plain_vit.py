"""A plain vision transformer as an encoder: CLIP's or ViT's, alone, tile by tile.

transformers' ``CLIPVisionModel`` (arXiv 2103.00020) and ``ViTModel`` (arXiv 2010.11929), unchanged.  What is ours is
how it is fed: the canvas is cut into FILA's tiles, and each is shown at 24 patches a side, so that tokens lie on the
same 1/32 grid of the canvas as those of every other encoder.  For CLIP-L/14-336 that is 336 px, as it was trained; a
checkpoint with another number of positions has them resized once when it is loaded (:mod:`fineview.models.checkpoint`).
``tokens`` are ``last_hidden_state`` without the class token, bit for bit.  There are no stages.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPVisionConfig, CLIPVisionModel, ViTConfig, ViTModel

from fineview.models.attention.by_parts import by_parts
from fineview.models.attention.rows import IMPLEMENTATION
from fineview.models.vision import normalisation, tiling
from fineview.models.vision.build import EncoderConfig
from fineview.models.vision.features import Features

SIDE = 24


class PlainViT(nn.Module):
    """Fits ``VisionEncoder``.  ``mean`` and ``std``: of the pixels the weights were trained with."""

    def __init__(self, vit: CLIPVisionModel | ViTModel, mean: tuple[float, ...] = normalisation.CLIP_MEAN,
                 std: tuple[float, ...] = normalisation.CLIP_STD) -> None:
        super().__init__()
        self.vit = vit
        self.width: int = vit.config.hidden_size
        self.stage_widths: tuple[int, ...] = ()
        self.extra_channels = 0
        self.gates: tuple[float, ...] = ()
        self.register_buffer("vit_mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("vit_std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, fine: Tensor, extra: Tensor | None, grid: tiling.Grid, whole: bool = True,
                positions: Tensor | None = None) -> Features:
        """See ``VisionEncoder``; ``extra`` is not read."""
        batch = fine.shape[0]
        pixels = (self._views(fine, grid, whole) - self.vit_mean) / self.vit_std
        hidden = self._hidden(pixels, positions)
        patches, cls = hidden[:, 1:], hidden[:, 0]
        count = batch if whole else 0
        tiles = cls[count:].unflatten(0, (batch, -1))
        return Features(
            tokens=tiling.stitch(patches[count:], grid),
            cls=torch.cat([cls[:count].unsqueeze(1), tiles], 1) if whole else tiles,
            whole=tiling.stitch(patches[:count], (1, 1)) if whole else None, stages=())

    def first_layer(self, fine: Tensor) -> tuple[Tensor, Tensor]:
        """The patch embedding's kernel (D, 3, p, p), and the normalised canvas (B, 3, H, W) it reads."""
        parts, size = self.vit.embeddings, self.vit.config.patch_size
        kernel = (parts.patch_embedding if isinstance(self.vit, CLIPVisionModel)
                  else parts.patch_embeddings.projection).weight
        canvas = _resized(fine, tuple(side * size // tiling.FINE_PATCH for side in fine.shape[-2:]))
        return kernel, (canvas - self.vit_mean) / self.vit_std

    def _views(self, fine: Tensor, grid: tiling.Grid, whole: bool) -> Tensor:
        patch: int = self.vit.config.patch_size
        height, width = (size * patch // tiling.FINE_PATCH for size in fine.shape[-2:])
        canvas = _resized(fine, (height, width))
        tiles = tiling.cut(canvas, grid)
        side = tiles.shape[-1]
        return torch.cat([_resized(canvas, (side, side)), tiles]) if whole else tiles

    def _hidden(self, pixels: Tensor, positions: Tensor | None) -> Tensor:
        """``last_hidden_state`` of views; layer by layer, so that a small GPU can take some tiles at a time."""
        clip = isinstance(self.vit, CLIPVisionModel)
        hidden = self.vit.embeddings(pixels) if positions is None else self._placed(pixels, positions)
        hidden = self.vit.pre_layrnorm(hidden) if clip else hidden
        for layer in self.vit.encoder.layers if clip else self.vit.layers:
            hidden = by_parts(layer, hidden)
        return hidden if clip else self.vit.layernorm(hidden)

    def _placed(self, pixels: Tensor, positions: Tensor) -> Tensor:
        """Embeddings of views smaller than a tile, at the chosen position embeddings (training)."""
        parts = self.vit.embeddings
        if isinstance(self.vit, CLIPVisionModel):
            patches, cls = parts.patch_embedding(pixels), parts.class_embedding.view(1, 1, -1)
            places = parts.position_embedding(positions)
        else:
            patches, cls = parts.patch_embeddings.projection(pixels), parts.cls_token
            places = parts.position_embeddings[:, positions]
        patches = patches.flatten(2).transpose(1, 2)
        return torch.cat([cls.expand(len(patches), -1, -1).to(patches.dtype), patches], 1) + places


def _resized(pixels: Tensor, size: tuple[int, ...]) -> Tensor:
    if tuple(pixels.shape[-2:]) == size:
        return pixels
    return functional.interpolate(pixels, size=size, mode="bilinear", antialias=True)


def build_plain_vit(config: EncoderConfig) -> PlainViT:
    """CLIP's vision tower of this size with random weights."""
    return PlainViT(CLIPVisionModel(CLIPVisionConfig(
        hidden_size=config.vit_width, intermediate_size=config.vit_mlp, num_hidden_layers=config.vit_layers,
        num_attention_heads=config.vit_heads, image_size=336, patch_size=14, attn_implementation=IMPLEMENTATION)))


def build_plain_vit16(config: EncoderConfig) -> PlainViT:
    """ViT with patches of 16 px, of this size, with random weights."""
    vit = ViTModel(ViTConfig(
        hidden_size=config.vit_width, intermediate_size=config.vit_mlp, num_hidden_layers=config.vit_layers,
        num_attention_heads=config.vit_heads, image_size=SIDE * 16, patch_size=16,
        attn_implementation=IMPLEMENTATION), add_pooling_layer=False)
    return PlainViT(vit, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
