"""Training on whole canvases as the app reads them: tiles of several rows and columns, and the global view.

FILA's second stage (arXiv 2412.08378): dynamic tiling, all parameters.  The global view reaches no dense head; it is
asked the same questions as the tiles, on patches as large as so many of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from fineview.lab import train_losses as losses
from fineview.lab.train_crops import Drawn, OnCrops, window
from fineview.lab.train_data import Batch
from fineview.lab.train_step import Said
from fineview.models.vision.tiling import Grid


@dataclass(frozen=True, slots=True)
class CanvasBatch(Batch):
    """As :class:`Batch` with H x W canvases of ``grid`` tiles."""

    grid: Grid


class OnCanvases(OnCrops):
    """The losses of crops over all tiles, and text rows on the global view."""

    weights = {**OnCrops.weights, "whole": 2.0}

    def draw(self, batch: CanvasBatch, rng: np.random.Generator) -> Drawn:  # type: ignore[override]
        device = batch.rgb.device
        ids, _ = losses.prompts(rng)
        places = window(batch.rgb.shape[-1] // batch.grid[1] // 32, rng)
        return ids.to(device), None if places is None else places.to(device)

    def said(self, model: nn.Module, batch: CanvasBatch, drawn: Drawn) -> Said:  # type: ignore[override]
        """Those of crops, then the margins of the global view (B, 10, g*g)."""
        ids, places = drawn
        out = model(batch.rgb, batch.extra, batch.grid, True, places)
        text = model.text(ids)
        tiles, whole = (model.row.margin(text, model.row.keys(model.patches(tokens)))
                        for tokens in (out.features.tokens, out.features.whole))
        return out.dense.logits, out.dense.lines, out.domain, tiles, whole

    def losses(self, said: Said, batch: CanvasBatch) -> dict[str, Tensor]:  # type: ignore[override]
        hits, trust = losses.text_targets(batch.target, batch.weight, batch.grid)
        return {**super().losses(said, batch), "whole": losses.row_loss(said[4], hits, trust)}
