"""The embedded model as a whole: encoder, dense heads, domain head, text row.  Parts are handed in."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from fineview.models.vision.features import Features, VisionEncoder
from fineview.models.vision.heads import Dense, DenseDecoder, DomainHead
from fineview.models.vision.text_row import TextEncoder, TextRow
from fineview.models.vision.tiling import Grid


@dataclass(frozen=True, slots=True)
class Output:
    features: Features
    dense: Dense
    domain: Tensor


class RetinaModel(nn.Module):
    def __init__(self, encoder: VisionEncoder, decoder: DenseDecoder, domain: DomainHead, text: TextEncoder,
                 row: TextRow) -> None:
        super().__init__()
        self.encoder, self.decoder, self.domain, self.text, self.row = encoder, decoder, domain, text, row

    def forward(self, fine: Tensor, extra: Tensor | None, grid: Grid, whole: bool = True,
                positions: Tensor | None = None, inside: Tensor | None = None) -> Output:
        """See :meth:`VisionEncoder.forward`; ``inside`` (B, 1, h, w) marks stride-32 cells that hold image."""
        features = self.encoder(fine, extra, grid, whole, positions)
        dense = self.decoder(features.stages, features.tokens)
        return Output(features, dense, self.domain(features.tokens, features.last_stage, inside))

    @staticmethod
    def patches(tokens: Tensor) -> Tensor:
        """(B, D, h, w) -> (B, h*w, D)."""
        return tokens.flatten(2).transpose(1, 2)
