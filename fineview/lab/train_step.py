"""One optimiser step of the embedded model, whatever is trained on: rates, gradients, running average.

bf16 by torch's autocast on every device, not by accelerate: the small tables take the same step without it, and what
is autocast stays in sight.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from fineview.lab.train_state import RunState
from fineview.models.vision.build import RetinaConfig, build_retina

RATE, GATE_RATE, WARMUP = 8e-4, 8e-3, 100
Said = tuple[Tensor, ...]


class Objective(Protocol):
    """What is trained.  A batch is a dataclass of tensors, one row a sample; ``rng`` is that of the step."""

    def draw(self, batch: Any, rng: np.random.Generator) -> Any:
        """What is random in a step: equal in all processes."""

    def said(self, model: nn.Module, batch: Any, drawn: Any) -> Said:
        """What the model says of a batch or a slice of it, one row a sample; runs under autocast."""

    def losses(self, said: Said, batch: Any) -> dict[str, Tensor]:
        """The losses by name, of the whole batch."""

    weights: dict[str, float]


class Speaker(nn.Module):
    """A forward pass that says what an objective asks for, so that gradients can be shared between processes."""

    def __init__(self, model: nn.Module, objective: Objective) -> None:
        super().__init__()
        self.model, self._objective = model, objective

    def forward(self, batch: Any, drawn: Any) -> Said:
        with torch.autocast(batch.rgb.device.type, torch.bfloat16):
            return self._objective.said(self.model, batch, drawn)


class Peers(Protocol):
    """What a step asks of :class:`fineview.lab.train_processes.Processes`."""

    @property
    def count(self) -> int: ...

    def whole(self, mine: Tensor) -> Tensor: ...


def start(config: RetinaConfig, seed: int = 20, faster: float = 1.0,
          trains: Callable[[str], bool] = lambda name: True, device: str | torch.device = "cpu") -> RunState:
    """Seeded random weights and the optimiser with its groups: matrices, the rest, gates; rates times ``faster``.

    Parameters whose name ``trains`` refuses are frozen.
    """
    torch.manual_seed(seed)
    model = build_retina(config).to(device)
    for name, value in model.named_parameters():
        value.requires_grad_(trains(name))
    # A gate is a scalar called alpha; encoders without fusion have none, and their group stays empty.
    gates = [value for name, value in model.encoder.named_parameters() if name.endswith(".alpha") and value.ndim == 0]
    marked = {id(gate) for gate in gates}
    rest = [value for value in model.parameters() if id(value) not in marked and value.requires_grad]
    groups = [
        {"params": [value for value in rest if value.ndim > 1], "weight_decay": 0.05,
         "rate": faster * RATE},
        {"params": [value for value in rest if value.ndim <= 1], "weight_decay": 0.0,
         "rate": faster * RATE},
        {"params": [gate for gate in gates if gate.requires_grad], "weight_decay": 0.0, "rate": faster * GATE_RATE},
    ]
    return RunState(model, RunState.average_of(model), torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98)))


def rate_share(step: int, steps: int, warmup: int) -> float:
    """The share of the full rate at a step: a straight rise, then half a cosine, never below a hundredth."""
    return max(0.01, min(1.0, (step + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, steps)))))


def train_step(state: RunState, batch: Any, step: int, steps: int, objective: Objective,
               speaker: nn.Module | None = None, peers: Peers | None = None) -> dict[str, float]:
    """One optimiser step; returns the losses.  ``batch`` is this process's slice, ``speaker`` the spread model."""
    began = time.monotonic()
    state.model.train()
    share = rate_share(step, steps, WARMUP)
    for group in state.optimiser.param_groups:
        group["lr"] = group["rate"] * share
    drawn = objective.draw(batch, np.random.default_rng([7, step]))
    said = (speaker or Speaker(state.model, objective))(batch, drawn)
    if peers is not None and peers.count > 1:
        said, batch = tuple(peers.whole(one) for one in said), batch.whole(peers.whole)
    parts = objective.losses(said, batch)
    total = sum(objective.weights[name] * value for name, value in parts.items())
    state.optimiser.zero_grad(set_to_none=True)
    (total if peers is None else total * peers.count).backward()  # type: ignore[union-attr]
    norm = nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    if bool(torch.isfinite(norm)):
        state.optimiser.step()
    state.step = step + 1
    state.update_average()
    figures = {name: float(value.detach()) for name, value in parts.items()}
    return {**figures, "norm": float(norm), "rate": state.optimiser.param_groups[0]["lr"],
            "per_s": batch.rgb.shape[0] / (time.monotonic() - began)}
