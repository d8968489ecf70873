"""The stages of training on pictures of a few patches, and what trains a tiny encoder in them.

Run as a program it trains into the folder given, for as many steps as given: one of several processes, or alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from fineview.lab.train_embedded import train_embedded
from fineview.lab.train_stages import STAGES, Part, Stage
from fineview.models.vision.build import TINY

MIX = {"other": 1.0}  # no pool has to be painted for these


def _small(word: str, *parts: Part) -> Stage:
    return replace(STAGES[word], parts=parts)


TABLE = {
    "contrastive": _small("contrastive", Part(1.0, 96, 8)), "fusion": _small("fusion", Part(1.0, 128, 4)),
    "all-parameters": _small("all-parameters", Part(1.0, 64, 2)),
    "together": _small("together", Part(5 / 6, 64, 4), Part(1 / 6, 128, 2)),
}


def train(out: Path, steps: int, stage: str | None = "all", resume: bool = False, begin: Path | None = None,
          after_step: Callable[[int], None] | None = None, cache: Path | None = None) -> Path:
    """A run of the tiny encoder that saves after every second step."""
    return train_embedded(out, steps, resume, None, stage=stage, mix=MIX, config=TINY, workers=0, save_every=2,
                          begin=begin, say=lambda _: None, after_step=after_step, table=TABLE, cache=cache)


def average(out: Path) -> dict[str, torch.Tensor]:
    """The running average of the checkpoint in a folder, fp32."""
    held: dict[str, torch.Tensor] = torch.load(out / "checkpoint.pt", weights_only=True)["ema"]
    return held


if __name__ == "__main__":
    train(Path(sys.argv[1]), int(sys.argv[2]), cache=Path(sys.argv[3]))
