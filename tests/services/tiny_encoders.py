"""Small encoders of the real classes in folders on disk, for tests that switch from one to another."""

from __future__ import annotations

from pathlib import Path

import torch

from fineview.models import weights
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY, RetinaConfig


def tiny_folder(place: Path, name: str, seed: int, config: RetinaConfig = TINY) -> Path:
    """An encoder called ``name`` with random weights and open gates under ``place``; returns its folder."""
    model = Predictor.untrained(config, seed)._model
    for key, value in model.state_dict().items():
        if key.endswith("alpha"):
            value.copy_(torch.full_like(value, 0.3))
    manifest = {"name": name, "version": "1", "licence": "none", "trained_steps": 1, "config": config.as_dict()}
    weights.save(model.state_dict(), place / name, manifest)
    return place / name
