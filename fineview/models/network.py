"""One forward pass of the embedded model behind one shape: canvases in, plain fp32 tensors on the CPU out.

The torch way is here; OpenVINO's (:mod:`openvino_backend`) gives the same things.  Whoever asks does not know which.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from fineview.models.attention.rows import capture
from fineview.models.device import Device
from fineview.models.pyramid import mfp
from fineview.models.vision import tiling
from fineview.models.vision.retina import RetinaModel

Grid = tuple[int, int]
Parts = tuple[Tensor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """What a pass leaves of B canvases of one grid of T tiles, as fp32 on the CPU.

    ``tokens`` (B, T, N, D); ``domain`` (B, 3) logits; ``logits`` (B, 8, H/4, W/4); ``lines`` (B, 3, H/4, W/4);
    ``levels`` three maps (B, C, H/k, W/k), k = 4, 8, 16, projected for the pyramid; ``rows`` (B, T, heads, N + 1), the
    CLS row of the last ViT layer, or None for an encoder without a ViT.
    """

    tokens: Tensor
    domain: Tensor
    logits: Tensor
    lines: Tensor
    levels: tuple[Tensor, Tensor, Tensor]
    rows: Tensor | None

    def of(self, number: int) -> Passed:
        """One canvas of the batch, its memory its own."""
        def one(values: Tensor) -> Tensor:
            return values[number: number + 1].clone() if values.shape[0] > 1 else values

        first, second, third = self.levels
        return Passed(one(self.tokens), one(self.domain), one(self.logits), one(self.lines),
                      (one(first), one(second), one(third)), None if self.rows is None else one(self.rows))


class Network(Protocol):
    """``dtype`` is the word for the number format, ``backend`` for who computes."""

    dtype: str
    backend: str

    def __call__(self, fine: Tensor, extra: Tensor, grid: Grid, inside: Tensor) -> Passed:
        """``fine`` (B, 3, H, W) in [0, 1], ``extra`` (B, E, H, W), ``inside`` (B, 1, H/32, W/32) marks picture."""
        ...


class TorchNetwork:
    """The model by torch on one device."""

    backend = "torch"

    def __init__(self, model: RetinaModel, device: Device) -> None:
        self._whole, self._device = WholePass(model, device.autocast), device
        self.dtype = device.dtype_word

    @torch.inference_mode()
    def __call__(self, fine: Tensor, extra: Tensor, grid: Grid, inside: Tensor) -> Passed:
        where = self._device.name
        return passed(self._whole(fine.to(where), extra.to(where), inside.to(where), grid))


def passed(parts: Parts) -> Passed:
    """The outputs of :class:`WholePass`, in its order, as they are handed on."""
    plain = [part.float().cpu() for part in parts]
    return Passed(plain[0], plain[1], plain[2], plain[3], (plain[4], plain[5], plain[6]),
                  plain[7] if len(plain) > 7 else None)


class WholePass(nn.Module):
    """Encoder, heads, projected pyramid and the CLS row as one function of tensors: what a backend can take over.

    ``context`` surrounds the model alone; the pyramid is projected in fp32.
    """

    def __init__(self, model: RetinaModel, context: Callable[[], AbstractContextManager[object]] = nullcontext
                 ) -> None:
        super().__init__()
        self.model, self._context = model, context

    def forward(self, fine: Tensor, extra: Tensor, inside: Tensor, grid: Grid) -> Parts:
        """The fields of :class:`Passed` in order, rows left out where there is no ViT."""
        vit = getattr(self.model.encoder, "vit", None)
        with self._context(), nullcontext({}) if vit is None else capture(vit, [-1], [0]) as found:
            out = self.model(fine, extra, grid, inside=inside)
        batch = fine.shape[0]
        tokens = tiling.cut(out.features.tokens, grid).flatten(2).transpose(1, 2).unflatten(0, (batch, -1))
        levels = [mfp.project(level, self.model.decoder.projection) for level in out.dense.levels]
        # The first B views are the global ones.
        rows = [last[batch:, :, 0].unflatten(0, (batch, -1)) for last in found.values()]
        return (tokens, out.domain, out.dense.logits, out.dense.lines, *levels, *rows)
