"""FILA's hybrid encoder on transformers' CLIPVisionModel and ConvNextModel, its whole forward on one page.

arXiv 2412.08378.  ConvNeXt reads the canvas at 32/14; its four stage maps are cut per tile and fused into the
patch tokens after four ViT stages (:mod:`cvfm`).  A global view comes first; its crop is the whole map.  CLS is
never touched by fusion.  With closed gates the tokens equal CLIP's ``last_hidden_state`` bit for bit.
Weights of any size load from ordinary CLIP and ConvNeXt folders; the fusion then is untrained (the identity).
The fusions are handed in: which operator, after which layer, from which map is said in :mod:`fused`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPVisionModel, ConvNextModel

from fineview.models.attention.by_parts import by_parts
from fineview.models.vision import normalisation, tiling
from fineview.models.vision.features import Features


class HybridEncoder(nn.Module):
    """``fusions[k]`` (patches, crop) -> patches works after ViT layer ``fuse_after[k]`` (from 1) on the tile's crop of
    map ``reads[k]``: 0-3 the stages, 4 what ``merge`` makes of them."""

    def __init__(self, vit: CLIPVisionModel, conv: ConvNextModel, fuse_after: tuple[int, ...],
                 fusions: Sequence[nn.Module], reads: tuple[int, ...] = (0, 1, 2, 3),
                 merge: nn.Module | None = None) -> None:
        super().__init__()
        if not len(fusions) == len(fuse_after) == len(reads):
            raise ValueError("as many layers and maps as fusions are needed")
        self.vit, self.conv, self.fuse_after, self.reads = vit, conv, fuse_after, reads
        self.width, self.stage_widths = vit.config.hidden_size, tuple(conv.config.hidden_sizes)
        self.extra_channels = conv.config.num_channels - 3
        self.fusions, self.merge = nn.ModuleList(fusions), merge
        for name, values in (("vit_mean", normalisation.CLIP_MEAN), ("vit_std", normalisation.CLIP_STD),
                             ("conv_mean", normalisation.IMAGENET_MEAN), ("conv_std", normalisation.IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, fine: Tensor, extra: Tensor | None, grid: tiling.Grid, whole: bool = True,
                positions: Tensor | None = None) -> Features:
        """``fine`` (B, 3, H, W) RGB in [0, 1] at ConvNeXt resolution, ``extra`` (B, E, H, W) further channels.

        ``grid`` counts tiles (rows, columns).  ``positions`` picks the position embeddings (CLS first) when a view
        is smaller than 336, as in training on half tiles.
        """
        stages = self.stages((fine - self.conv_mean) / self.conv_std, extra)
        pixels = (tiling.views(fine, grid, whole) - self.vit_mean) / self.vit_std
        maps = stages if self.merge is None else (*stages, self.merge(stages))
        tokens = self.vit.pre_layrnorm(self._embed(pixels, positions))
        for number, layer in enumerate(self.vit.encoder.layers, start=1):
            tokens = by_parts(layer, tokens)
            if number in self.fuse_after:
                place = self.fuse_after.index(number)
                tokens = self._fuse(self.fusions[place], tokens, maps[self.reads[place]], grid, whole)
        count = fine.shape[0] if whole else 0
        patches, cls = tokens[:, 1:], tokens[:, 0]
        return Features(
            tokens=tiling.stitch(patches[count:], grid),
            cls=torch.cat([cls[:count].unsqueeze(1), cls[count:].unflatten(0, (fine.shape[0], -1))], 1)
            if whole else cls.unflatten(0, (fine.shape[0], -1)),
            whole=tiling.stitch(patches[:count], (1, 1)) if whole else None,
            stages=stages,
        )

    def stages(self, normalised: Tensor, extra: Tensor | None) -> tuple[Tensor, ...]:
        """The four ConvNeXt stage maps of a normalised canvas."""
        more = [] if extra is None or not self.extra_channels else [extra]
        maps = self.conv.embeddings(torch.cat([normalised, *more], 1))
        found = []
        for stage in self.conv.encoder.stages:
            maps = stage(maps)
            found.append(maps)
        return tuple(found)

    def _embed(self, pixels: Tensor, positions: Tensor | None) -> Tensor:
        parts = self.vit.embeddings
        if positions is None:
            return parts(pixels)
        patches = parts.patch_embedding(pixels).flatten(2).transpose(1, 2)
        cls = parts.class_embedding.expand(pixels.shape[0], 1, -1).to(patches.dtype)
        return torch.cat([cls, patches], dim=1) + parts.position_embedding(positions)

    def _fuse(self, fusion: nn.Module, tokens: Tensor, source: Tensor, grid: tiling.Grid, whole: bool) -> Tensor:
        crops = tiling.cut(source, grid)
        if whole:
            crops = torch.cat([functional.avg_pool2d(source, grid), crops])
        return torch.cat([tokens[:, :1], fusion(tokens[:, 1:], crops)], dim=1)

    @property
    def gates(self) -> tuple[float, ...]:
        """How far each fusion is open: tanh(alpha), 0 for an untrained one; () without fusions."""
        return tuple(float(torch.tanh(fusion.alpha.detach())) for fusion in self.fusions)
