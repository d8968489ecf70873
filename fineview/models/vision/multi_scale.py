"""The multi-scale encoder of the overview document: a ResNet, a feature pyramid, and three attentions on every level.

* backbone: transformers' ``ResNetModel`` (He et al., arXiv 1512.03385), its four stages at strides 4, 8, 16, 32;
* pyramid: FPN (Lin et al., arXiv 1612.03144), 1x1 laterals, nearest top-down sums, 3x3 smoothing;
* channel and spatial attention as in CBAM (Woo et al., arXiv 1807.06521), in this order;
* "scale attention" as the document has it: it mixes three *kernel sizes* (3, 5, 7) within a level, by a softmax over
  globally pooled answers (the selective kernel of Li et al., arXiv 1903.06586).  It does **not** attend over the
  pyramid's scales, whatever its name says.

Changed: the kernels are depthwise and every attention stands on a residual path, so that a level survives a badly
trained gate and 5x5 and 7x7 stay cheap on a CPU.  Tokens are the attended 1/32 level, so heads, text row and maps
work as with the hybrid encoder; a CLS is the mean over the tokens of its view.  There is no ViT: no attention rows
of its own and no gates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import ResNetConfig, ResNetModel

from fineview.models.vision import normalisation, tiling
from fineview.models.vision.features import Features

if TYPE_CHECKING:
    from fineview.models.vision.build import EncoderConfig

KERNELS = (3, 5, 7)


class MultiScaleEncoder(nn.Module):
    gates: tuple[float, ...] = ()

    def __init__(self, conv: ResNetModel, width: int) -> None:
        super().__init__()
        self.conv, self.width = conv, width
        sizes = conv.config.hidden_sizes
        self.stage_widths = (width,) * len(sizes)
        self.extra_channels = conv.config.num_channels - 3
        self.pyramid = FeaturePyramid(tuple(sizes), width)
        self.attend = nn.ModuleList(LevelAttention(width) for _ in sizes)
        for name, values in (("conv_mean", normalisation.IMAGENET_MEAN), ("conv_std", normalisation.IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, fine: Tensor, extra: Tensor | None, grid: tiling.Grid, whole: bool = True,
                positions: Tensor | None = None) -> Features:
        """``fine`` (B, 3, H, W) RGB in [0, 1], ``extra`` (B, E, H, W) or None; ``positions`` is not needed here."""
        normalised = (fine - self.conv_mean) / self.conv_std
        more = [] if extra is None or not self.extra_channels else [extra]
        maps = self.conv.embedder(torch.cat([normalised, *more], 1))
        found = []
        for stage in self.conv.encoder.stages:
            maps = stage(maps)
            found.append(maps)
        levels = tuple(attend(level) for attend, level in zip(self.attend, self.pyramid(tuple(found)), strict=True))
        tokens = levels[-1]
        cls = tiling.cut(tokens, grid).mean((-2, -1)).unflatten(0, (fine.shape[0], -1))
        side = tokens.shape[-1] // grid[1]
        return Features(
            tokens=tokens, stages=levels,
            cls=torch.cat([tokens.mean((-2, -1)).unsqueeze(1), cls], 1) if whole else cls,
            whole=functional.adaptive_avg_pool2d(tokens, side) if whole else None,
        )


class FeaturePyramid(nn.Module):
    """Stages (B, C_k, H/k, W/k) to levels (B, width, H/k, W/k), k = 4, 8, 16, 32."""

    def __init__(self, sizes: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(size, width, 1) for size in sizes)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in sizes)

    def forward(self, stages: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        above, found = None, []
        for lateral, smooth, stage in zip(reversed(self.lateral), reversed(self.smooth), reversed(stages), strict=True):
            here = lateral(stage)
            above = here if above is None else here + functional.interpolate(above, size=here.shape[-2:])
            found.append(smooth(above))
        return tuple(reversed(found))


class LevelAttention(nn.Module):
    """Channel, spatial and scale attention of one level, in this order; (B, C, h, w) in and out."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channel, self.spatial, self.scale = ChannelAttention(width), SpatialAttention(), ScaleAttention(width)

    def forward(self, level: Tensor) -> Tensor:
        level = level + level * self.channel(level)
        level = level + level * self.spatial(level)
        return level + self.scale(level)


class ChannelAttention(nn.Module):
    """Which channels matter: sigmoid(MLP(mean) + MLP(maximum)), (B, C, 1, 1) in (0, 1)."""

    def __init__(self, width: int, squeeze: int = 4) -> None:
        super().__init__()
        inner = max(4, width // squeeze)
        self.mlp = nn.Sequential(nn.Conv2d(width, inner, 1), nn.ReLU(), nn.Conv2d(inner, width, 1))

    def forward(self, level: Tensor) -> Tensor:
        mean, peak = level.mean((-2, -1), keepdim=True), level.amax((-2, -1), keepdim=True)
        return torch.sigmoid(self.mlp(mean) + self.mlp(peak))


class SpatialAttention(nn.Module):
    """Which places matter: sigmoid of a 7x7 convolution over the channels' mean and maximum, (B, 1, h, w) in (0, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, level: Tensor) -> Tensor:
        return torch.sigmoid(self.conv(torch.cat([level.mean(1, keepdim=True), level.amax(1, keepdim=True)], 1)))


class ScaleAttention(nn.Module):
    """Which kernel size matters: three depthwise convolutions, mixed per picture and channel, shares summing to 1."""

    def __init__(self, width: int, squeeze: int = 4) -> None:
        super().__init__()
        inner = max(4, width // squeeze)
        self.convs = nn.ModuleList(nn.Conv2d(width, width, size, padding=size // 2, groups=width) for size in KERNELS)
        self.choose = nn.Sequential(nn.Conv2d(width, inner, 1), nn.ReLU(), nn.Conv2d(inner, len(KERNELS) * width, 1))

    def forward(self, level: Tensor) -> Tensor:
        answers = torch.stack([conv(level) for conv in self.convs], 1)
        return (answers * self.shares(answers)).sum(1)

    def shares(self, answers: Tensor) -> Tensor:
        """(B, 3, C, h, w) answers of the kernels -> (B, 3, C, 1, 1), summing to 1 over the kernels."""
        pooled = self.choose(answers.sum(1).mean((-2, -1), keepdim=True))
        return pooled.unflatten(1, (len(KERNELS), -1)).softmax(1)


def build_multi_scale(config: EncoderConfig) -> MultiScaleEncoder:
    """``conv_dims`` and ``conv_depths`` are the ResNet's (basic blocks), ``vit_width`` is the pyramid's."""
    conv = ResNetModel(ResNetConfig(
        num_channels=3 + config.conv_extra, embedding_size=config.conv_dims[0], hidden_sizes=list(config.conv_dims),
        depths=list(config.conv_depths), layer_type="basic",
    ))
    return MultiScaleEncoder(conv, config.vit_width)
