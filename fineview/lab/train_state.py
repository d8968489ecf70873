"""What a training run keeps on disk: atomic checkpoints of its own, and exported weights for everybody else."""

from __future__ import annotations

import copy
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

CHECKPOINT = "checkpoint.pt"
TOGETHER = "together"  # the recipe of checkpoints that name none


@dataclass(slots=True)
class RunState:
    """Model, its exponential moving average, optimiser, the number of steps done, and the stage they belong to.

    ``begun_from``: sha256 of the weights that the run went on from, "" for random ones.
    """

    model: nn.Module
    ema: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    stage: str = TOGETHER
    begun_from: str = ""

    @staticmethod
    def average_of(model: nn.Module) -> nn.Module:
        return copy.deepcopy(model).requires_grad_(False).eval()

    def update_average(self) -> None:
        decay = min(0.998, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, value in zip(self.ema.parameters(), self.model.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)
            # running statistics of batch norms are means already
            for mean, value in zip(self.ema.buffers(), self.model.buffers(), strict=True):
                mean.copy_(value)

    def save(self, folder: Path) -> None:
        """Write beside, fsync, move: a killed run leaves the last whole checkpoint."""
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / (CHECKPOINT + ".part")
        with beside.open("wb") as stream:
            torch.save({"step": self.step, "stage": self.stage, "begun_from": self.begun_from,
                        "model": self.model.state_dict(), "ema": self.ema.state_dict(),
                        "optimiser": self.optimiser.state_dict()}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, folder / CHECKPOINT)

    def load(self, folder: Path) -> bool:
        """Take up the run of this folder.  The file is this machine's own, still only tensors are unpickled."""
        path = folder / CHECKPOINT
        if not path.is_file():
            return False
        held = torch.load(path, weights_only=True, map_location="cpu")
        self.model.load_state_dict(held["model"])
        self.ema.load_state_dict(held["ema"])
        self.optimiser.load_state_dict(held["optimiser"])
        self.step, self.stage = int(held["step"]), stage_in(held)
        self.begun_from = str(held.get("begun_from", self.begun_from))  # older checkpoints do not say
        return True


def stage_in(held: dict[str, Any]) -> str:
    """The stage of what a checkpoint holds."""
    return str(held.get("stage", TOGETHER))


def kept_stage(folder: Path) -> tuple[str, int] | None:
    """Stage and steps of the checkpoint in this folder, None without one."""
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    held = torch.load(path, weights_only=True, map_location="cpu", mmap=True)
    return stage_in(held), int(held["step"])


def export(ema: nn.Module, folder: Path, steps: int, facts: dict[str, Any]) -> Path:
    """Write model.safetensors (fp16) and model.json.  Calibration and thresholds of an earlier export are dropped:
    they belong to other weights."""
    from fineview.models import weights

    tensors = {name: value.to("cpu", torch.float16) for name, value in ema.state_dict().items()}
    manifest = {"version": "0.1.0", "trained_steps": steps, **facts}
    return weights.save(tensors, folder, manifest)


def say_aside(text: str) -> None:
    """Progress goes to standard error: standard output may be JSON for a script."""
    print(text, file=sys.stderr, flush=True)
