"""A full-size hybrid by OpenVINO: tokens, CLS and the last layer's CLS row of one canvas."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from fineview.models import openvino_convert
from fineview.models.attention.rows import capture
from fineview.models.vision.hybrid import HybridEncoder
from fineview.models.vision.tiling import Grid


def full_size_by_openvino(encoder: HybridEncoder, fine: Tensor, grid: Grid, bf16: bool) -> Callable[[], list[Tensor]]:
    """A function that encodes ``fine`` (1, 3, H, W): tokens (1, D, h, w), CLS (1, n, D), row (n, heads, 1, N).

    Not kept on disk: a gigabyte for each grid would be.  Raises what OpenVINO raises.
    """
    model = openvino_convert.converted(_Fixed(encoder, grid), (fine,))
    request = openvino_convert.compiled(model, bf16, torch.get_num_threads()).create_infer_request()

    def encode() -> list[Tensor]:
        request.infer([fine.numpy()])
        return [torch.from_numpy(tensor.data).clone() for tensor in request.output_tensors]

    return encode


class _Fixed(nn.Module):
    def __init__(self, encoder: HybridEncoder, grid: Grid) -> None:
        super().__init__()
        self.encoder, self.grid = encoder, grid

    def forward(self, fine: Tensor) -> tuple[Tensor, ...]:
        with capture(self.encoder.vit, [-1], [0]) as rows:
            seen = self.encoder(fine, None, self.grid)
        return (seen.tokens, seen.cls, *rows.values())
