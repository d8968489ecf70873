"""Maps of a CLIP with its text tower, and the CLS row in fair shares: tensors in, tensors (tiles, N) out.

* likeness: the cosine of a patch, after the tower's last norm and projection, with the text (MaskCLIP,
  arXiv 2112.01071); against a general prompt it is relative attention carried over (ViCrop, arXiv 2502.17422):
  what any text shares is taken out;
* gradient: sum over heads of A * ReLU(dv/dA) for the CLS row of the last layer, v the scaled cosine of the tile's
  picture vector with the text (grad-att of the same paper).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from fineview.models import against_blank
from fineview.models.attention.rows import capture
from fineview.models.clip_text import ClipText

GENERAL = "a picture of something"


def fair_shares(rows: Tensor) -> Tensor:
    """CLS rows (tiles, heads, 1, N + 1) to patches in units of an equal share, mean over heads: (tiles, N)."""
    return rows[:, :, 0, 1:].float().mean(1) * (rows.shape[-1] - 1)


def likeness(text: ClipText, vit: Any, asked: str, general: str | None, tokens: Tensor, blank: Tensor) -> Tensor:
    """Patches (tiles, N, D) like a text, more than the blank tile's (1, N, D) are; ``general``: taken off both."""
    device = text.logit_scale.device
    direction = text.embed(asked)
    if general is not None:
        direction = direction - text.embed(general)

    def cosines(patches: Tensor) -> Tensor:
        return (text.see(vit.post_layernorm(patches.to(device))) @ direction[0]).cpu()

    return against_blank.likeness(cosines(tokens), cosines(blank), text.scale)


def gradient_shares(text: ClipText, encoder: Any, fine: Tensor, asked: str) -> Tensor:
    """grad-att of one tile (1, 3, S, S), in units of an equal share: (1, N)."""
    with torch.no_grad():
        direction = text.embed(asked)
    with torch.enable_grad(), capture(encoder.vit, [-1], [0], graph=True) as rows:
        cls = encoder(fine, None, (1, 1), whole=False).cls[:, 0]
        score = (text.see(encoder.vit.post_layernorm(cls)) @ direction[0]).sum() * text.scale
        leaf = next(iter(rows.values()))
        slope = torch.autograd.grad(score, leaf)[0]
    found = (leaf.detach() * slope.clamp_min(0)).sum((1, 2))[:, 1:]
    return found * (leaf.shape[-1] - 1)
