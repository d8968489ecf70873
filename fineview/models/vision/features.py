"""What every vision encoder returns, and the shape it has to fit: one contract, one suite of tests.

An encoder reads the canvas at ConvNeXt resolution (32 px per ViT patch of 14) and answers on grids of that canvas, so
that heads, maps and the pyramid work with any of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

Grid = tuple[int, int]
STRIDES = (4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Features:
    """What one pass leaves: ``tokens`` (B, D, h, w) stitched over the tiles at stride 32, ``cls`` (B, n, D) with the
    global view first, ``whole`` (B, D, g, g) tokens of the global view or None, ``stages`` four maps (B, C, H/k, W/k),
    k = 4, 8, 16, 32; () for an encoder that has none."""

    tokens: Tensor
    cls: Tensor
    whole: Tensor | None
    stages: tuple[Tensor, ...]

    @property
    def last_stage(self) -> Tensor:
        """The map at stride 32 (B, C, h, w); C is 0 for an encoder without stages."""
        return self.stages[-1] if self.stages else self.tokens[:, :0]


class VisionEncoder(Protocol):
    """The encoders of :mod:`build` fit this by shape.

    ``width``: channels of the tokens; ``stage_widths``: channels of the stages, () for none; ``gates``: how far each
    fusion is open, () where nothing is fused; ``extra_channels``: how many channels beside RGB are read.
    """

    width: int
    stage_widths: tuple[int, ...]
    extra_channels: int

    @property
    def gates(self) -> tuple[float, ...]: ...

    def forward(self, fine: Tensor, extra: Tensor | None, grid: Grid, whole: bool = True,
                positions: Tensor | None = None) -> Features:
        """``fine`` (B, 3, H, W) RGB in [0, 1]; ``extra`` (B, E, H, W) or None; ``grid`` tiles (rows, columns);
        ``positions``: numbers of the position embeddings (CLS first) where a view is smaller than 336."""
        ...
