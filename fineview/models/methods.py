"""Maps that need more than the plain row: relative attention, attention times gradient, pure gradient.

After ViCrop (arXiv 2502.17422, "MLLMs know where to look"), carried over from a language model's last prompt token to
our text row.  ``v`` is the text's evidence on a tile, the sum over patches; the general prompt is
:data:`GENERAL`.  Every scale is fixed, so a blank frame stays flat.

* rel-att: e(text) / (e(text) + e(general)), times e(text)
* grad-att: sum over heads and rows of A * ReLU(dv/dA) at the last ViT layer
* pure-grad: |dv/dpixels| summed over channels, relative to the general prompt's, where the picture has detail
  above its median, pooled to the patch grid
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from fineview.models.attention.rows import capture
from fineview.models.language.words import encode
from fineview.models.vision import tiling
from fineview.models.vision.retina import RetinaModel
from fineview.models.vision.text_row import evidence

GENERAL = "a picture of something"
Check = Callable[[], None]


def text_vector(model: RetinaModel, text: str, device: torch.device | str) -> Tensor:
    """(1, text width) of a question."""
    vector: Tensor = model.text(torch.tensor([encode(text)], device=device))
    return vector


def shares(model: RetinaModel, text: str, tokens: Tensor, bias: Tensor | None = None) -> Tensor:
    """Evidence (tiles, N) of a text on patch tokens (tiles, N, D), by SDPA."""
    _, rows = model.row.attend(text_vector(model, text, tokens.device), tokens, bias)
    return evidence(rows)[:, 0]


def relative(model: RetinaModel, text: str, tokens: Tensor) -> Tensor:
    """rel-att on kept tokens: (tiles, N)."""
    asked, general = shares(model, text, tokens), shares(model, GENERAL, tokens)
    return asked * asked / (asked + general).clamp_min(1e-6)


def attention_gradient(model: RetinaModel, text: str, fine: Tensor, extra: Tensor, check: Check) -> Tensor:
    """grad-att of tiles (T, 3, S, S), one at a time: (T, N).  The graph begins at the last layer's attention."""
    found = []
    for tile, more in zip(fine.split(1), extra.split(1), strict=True):
        check()
        with torch.enable_grad(), capture(model.encoder.vit, [-1], [0], graph=True) as rows:
            tokens = model.encoder(tile, more, (1, 1), whole=False).tokens
            score = shares(model, text, model.patches(tokens).float()).sum()
            leaf = next(iter(rows.values()))
            slope = torch.autograd.grad(score, leaf)[0]
        found.append((leaf.detach() * slope.clamp_min(0)).sum((1, 2))[:, 1:])
    return torch.cat(found).clamp(0, 1)


def pixel_gradient(model: RetinaModel, text: str, fine: Tensor, extra: Tensor, check: Check) -> Tensor:
    """pure-grad of tiles (T, 3, S, S), one at a time: (T, N)."""
    found = []
    for tile, more in zip(fine.split(1), extra.split(1), strict=True):
        check()
        pixels = tile.clone().requires_grad_()
        with torch.enable_grad():
            tokens = model.patches(model.encoder(pixels, more, (1, 1), whole=False).tokens).float()
            asked = torch.autograd.grad(shares(model, text, tokens).sum(), pixels, retain_graph=True)[0]
            check()
            general = torch.autograd.grad(shares(model, GENERAL, tokens).sum(), pixels)[0]
        size, base = asked.abs().sum(1, keepdim=True), general.abs().sum(1, keepdim=True)
        pooled = functional.avg_pool2d(size * _detail(tile), tiling.FINE_PATCH)
        against = functional.avg_pool2d(base * _detail(tile), tiling.FINE_PATCH)
        found.append((pooled / (pooled + against + 1e-3)).flatten(1))
    return torch.cat(found)


def _detail(tile: Tensor) -> Tensor:
    """Where a picture differs from its blur by more than the median difference."""
    grey = tile.mean(1, keepdim=True)
    high = (grey - functional.avg_pool2d(grey, 9, 1, 4, count_include_pad=False)).abs()
    return (high > high.median()).float()
