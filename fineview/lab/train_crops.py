"""Training on crops: dense classes, text rows, retinal lines, domain.  One tile or a part of one, no global view."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from fineview.lab import train_losses as losses
from fineview.lab.train_data import Batch
from fineview.lab.train_step import Said

Drawn = tuple[Tensor, Tensor | None]


class OnCrops:
    """The losses of square crops with their truth."""

    weights = {"dense": 1.0, "row": 4.0, "lines": 1.0, "domain": 0.4}

    def draw(self, batch: Batch, rng: np.random.Generator) -> Drawn:
        """One wording of every label (10, 16), and the position numbers of a part of the grid."""
        device = batch.rgb.device
        ids, _ = losses.prompts(rng)
        places = window(batch.rgb.shape[-1] // 32, rng)
        return ids.to(device), None if places is None else places.to(device)

    def said(self, model: nn.Module, batch: Batch, drawn: Drawn) -> Said:
        """Class logits (B, 8, h, w), line logits (B, 3, h, w), domain (B, 3), margins (B, 10, N)."""
        ids, places = drawn
        out = model(batch.rgb, batch.extra, (1, 1), False, places)
        keys = model.row.keys(model.patches(out.features.tokens))
        return out.dense.logits, out.dense.lines, out.domain, model.row.margin(model.text(ids), keys)

    def losses(self, said: Said, batch: Batch) -> dict[str, Tensor]:
        logits, lines, domain, margin = said[:4]
        hits, trust = losses.text_targets(batch.target, batch.weight)
        return {
            "dense": losses.dense_loss(logits, batch.target, batch.weight),
            "row": losses.row_loss(margin, hits, trust),
            "lines": losses.line_loss(lines, batch.lines, batch.lines_known),
            "domain": losses.domain_loss(domain.float(), batch.domain),
        }


def window(side: int, rng: np.random.Generator, full: int = 24) -> Tensor | None:
    """Position numbers (CLS first) of a random ``side`` x ``side`` window of the ViT's grid; None for the whole."""
    if side == full:
        return None
    top, left = (int(value) for value in rng.integers(0, full - side + 1, 2))
    grid = torch.arange(full * full).view(full, full)[top: top + side, left: left + side]
    return torch.cat([torch.zeros(1, dtype=torch.long), grid.reshape(-1) + 1])
