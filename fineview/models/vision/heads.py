"""Dense heads: a cheap top-down decoder over the ConvNeXt stages and the fused ViT tokens.

The three upper levels (1/16, 1/8, 1/4) are what the feature pyramid shows and what region questions pool; the
1/4 level carries the class logits and the retinal boundary lines (a softmax over the rows of each column).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from fineview.core.labels import DOMAINS, LAYERS, WORDS


@dataclass(frozen=True, slots=True)
class Dense:
    """``logits`` (B, 8, H/4, W/4) per class, ``lines`` (B, 3, H/4, W/4) before the row softmax, ``levels`` the fused
    maps (B, width, H/k, W/k) for k = 4, 8, 16."""

    logits: Tensor
    lines: Tensor
    levels: tuple[Tensor, Tensor, Tensor]


class DenseDecoder(nn.Module):
    def __init__(self, stage_widths: tuple[int, ...], token_width: int, width: int, pyramid_channels: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(size, width, 1) for size in stage_widths)
        self.token_norm = nn.LayerNorm(token_width)
        self.token_in = nn.Conv2d(token_width, width, 1)
        self.smooth = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.GELU()) for _ in range(3))
        self.classes = nn.Conv2d(width, len(WORDS), 1)
        self.rows = nn.Conv2d(width, len(LAYERS), 1)
        nn.init.constant_(self.classes.bias, -4.0)
        # A fixed orthonormal projection: the pyramid shows the features, it does not learn a second head.
        basis = torch.linalg.qr(torch.randn(width, width))[0][:pyramid_channels]
        self.register_buffer("projection", basis.contiguous())

    def forward(self, stages: tuple[Tensor, ...], tokens: Tensor) -> Dense:
        """``stages`` at strides 4, 8, 16, 32 and ``tokens`` (B, D, h, w) at stride 32."""
        normed = self.token_norm(tokens.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        above = self.lateral[3](stages[3]) + self.token_in(normed)
        levels = []
        for index in (2, 1, 0):
            up = functional.interpolate(above, scale_factor=2.0, mode="nearest")
            above = self.smooth[index](self.lateral[index](stages[index]) + up)
            levels.append(above)
        return Dense(logits=self.classes(above), lines=self.rows(above), levels=(levels[2], levels[1], levels[0]))


class TokenDecoder(DenseDecoder):
    """The same levels for an encoder without stages: tokens alone, enlarged step by step.  No finer than its patches.

    The laterals stay empty, so that a comparison charges nobody for what is not there.
    """

    def __init__(self, token_width: int, width: int, pyramid_channels: int) -> None:
        super().__init__((), token_width, width, pyramid_channels)

    def forward(self, stages: tuple[Tensor, ...], tokens: Tensor) -> Dense:
        """``stages`` is (), ``tokens`` (B, D, h, w) at stride 32."""
        normed = self.token_norm(tokens.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        above = self.token_in(normed)
        levels = []
        for index in (2, 1, 0):
            above = self.smooth[index](functional.interpolate(above, scale_factor=2.0, mode="bilinear"))
            levels.append(above)
        return Dense(logits=self.classes(above), lines=self.rows(above), levels=(levels[2], levels[1], levels[0]))


def decoder(stage_widths: tuple[int, ...], token_width: int, width: int, pyramid_channels: int) -> DenseDecoder:
    """The decoder for an encoder with these stages, () for none."""
    if not stage_widths:
        return TokenDecoder(token_width, width, pyramid_channels)
    return DenseDecoder(stage_widths, token_width, width, pyramid_channels)


class DomainHead(nn.Module):
    """Fundus, OCT or neither, from the mean of the tile tokens and of the last ConvNeXt stage."""

    def __init__(self, token_width: int, stage_width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(token_width + stage_width)
        self.out = nn.Linear(token_width + stage_width, len(DOMAINS))

    def forward(self, tokens: Tensor, stage: Tensor, inside: Tensor | None = None) -> Tensor:
        """(B, D, h, w), (B, C, h, w) and an optional mask (B, 1, h, w) of cells that hold image -> (B, 3) logits."""
        return self.out(self.norm(self.pool(tokens, stage, inside)))

    @staticmethod
    def pool(tokens: Tensor, stage: Tensor, inside: Tensor | None = None) -> Tensor:
        """The mean over the cells that hold image: (B, D + C) fp32."""
        both = torch.cat([tokens, stage.to(tokens.dtype)], dim=1).float()
        if inside is None:
            return both.mean((-2, -1))
        return (both * inside).sum((-2, -1)) / inside.sum((-2, -1)).clamp_min(1.0)
