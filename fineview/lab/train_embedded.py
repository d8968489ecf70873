"""Training the embedded encoder from nothing, on a CPU, in about an hour: ``fineview train embedded``.

Two stages by steps, never by the clock.  *Half tiles*: 384 px ConvNeXt crops with a 168 px ViT view (12x12 tokens,
position embeddings from a random window of the 24x24 grid), four times cheaper than a tile and enough for lesions.
*Whole tiles*: the last sixth at 768/336.  FILA's own schedule (fusion first, then everything) presumes pretrained
backbones; here all parts start at random and train together, the gates at ten times the rate so that they open.

Plain torch, one process: accelerate earns nothing on one CPU.  Everything random is a function of the step, so a
run that was killed and resumed ends with the same weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fineview.core.errors import WrongWords
from fineview.lab import train_losses as losses
from fineview.lab.train_calibrate import calibrate
from fineview.lab.train_data import Batch, batches, make_source
from fineview.lab.train_domain import fit_domain
from fineview.lab.train_state import RunState, export, say_aside
from fineview.models import weights
from fineview.models.int8 import restored
from fineview.models.vision.build import RETINA_S, RetinaConfig, build_retina

HALF_PX, WHOLE_PX = 384, 768
HALF_BATCH, WHOLE_BATCH = 8, 2
WHOLE_SHARE = 1 / 6
RATE, GATE_RATE, WARMUP = 8e-4, 8e-3, 100
SAVE_EVERY, SAY_EVERY = 100, 10


def train_embedded(out: Path, steps: int, resume: bool = False, shared: Path | None = None, fold: int = 0,
                   threads: int = 1, *, cache: Path | None = None, export_to: Path | None = None,
                   export_minutes: float = 15.0, workers: int = 1, mix: Any = None,
                   config: RetinaConfig = RETINA_S, faster: float = 1.0, begin: Path | None = None,
                   save_every: int = SAVE_EVERY,
                   say: Callable[[str], None] = say_aside,
                   after_step: Callable[[int], None] | None = None) -> Path:
    """Train for ``steps`` and export; returns the exported safetensors file.

    ``fold`` is held out by photograph.  ``shared`` is the folder of photographs, None trains on phantoms alone and
    leaves the result uncalibrated.  ``faster`` multiplies the learning rates.  ``begin`` is a weights folder to go on
    from instead of random weights; its photographs held out should be those of ``fold``.
    ``export_to`` also receives the running average every ``export_minutes``; ``after_step`` may raise to stop.
    """
    torch.set_num_threads(threads)
    state = start(config, faster=faster)
    earlier = {} if begin is None else {"begun_from": go_on_from(state, begin)}
    if resume and state.load(out):
        say(f"resumed at step {state.step}")
    target = export_to if export_to is not None else out / "export"
    # Share-alike boxes are among the photographs' labels; phantoms are this project's own.
    facts = {"name": config.encoder.name, "licence": "Apache-2.0" if shared is None else "CC-BY-SA-4.0", "fold": fold,
             "total_steps": steps, "config": config.as_dict(), **earlier}
    exported = time.monotonic()
    for step, batch in _stream(state.step, steps, fold, shared, cache or out / "cache", workers, mix):
        figures = train_step(state, batch, step, steps)
        if after_step is not None:
            after_step(state.step)
        if state.step % SAY_EVERY == 0:
            say(_line(state, figures))
        if state.step % save_every == 0 or state.step == steps:
            state.save(out)
        if time.monotonic() - exported > 60 * export_minutes:
            export(state.ema, target, state.step, facts)
            exported = time.monotonic()
    path = export(state.ema, target, state.step, facts)
    if shared is not None:
        fit_domain(target, shared, fold, cache or out / "cache", say=say)
        calibrate(target, shared, fold, say=say)
    return path


def start(config: RetinaConfig, seed: int = 20, faster: float = 1.0) -> RunState:
    """Seeded random weights and the optimiser with its groups: matrices, the rest, gates; rates times ``faster``."""
    torch.manual_seed(seed)
    model = build_retina(config)
    # A gate is a scalar called alpha; encoders without fusion have none, and their group stays empty.
    gates = [value for name, value in model.encoder.named_parameters() if name.endswith(".alpha") and value.ndim == 0]
    marked = {id(gate) for gate in gates}
    rest = [value for value in model.parameters() if id(value) not in marked]
    groups = [
        {"params": [value for value in rest if value.ndim > 1], "weight_decay": 0.05,
         "rate": faster * RATE},
        {"params": [value for value in rest if value.ndim <= 1], "weight_decay": 0.0,
         "rate": faster * RATE},
        {"params": gates, "weight_decay": 0.0, "rate": faster * GATE_RATE},
    ]
    return RunState(model, RunState.average_of(model), torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.98)))


def go_on_from(state: RunState, folder: Path) -> str:
    """Give model and average the weights of an exported folder; returns their sha256.

    Raises ``WeightsProblem`` where the folder cannot be used, ``WrongWords`` where its structure is another.
    """
    tensors, manifest = weights.load(folder)
    held = {name: value.float() for name, value in restored(tensors).items()}
    for model in (state.model, state.ema):
        try:
            model.load_state_dict(held)
        except RuntimeError as trouble:
            raise WrongWords(f"{manifest.name} in {folder.name} has another structure than what is to be trained.",
                             "Give the weights of the same encoder.") from trouble
    return manifest.sha256


def train_step(state: RunState, batch: Batch, step: int, steps: int) -> dict[str, float]:
    """One optimiser step; returns the losses."""
    began = time.monotonic()
    state.model.train()
    share = min(1.0, (step + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, steps))))
    for group in state.optimiser.param_groups:
        group["lr"] = group["rate"] * max(share, 0.01)
    parts = compute_losses(state.model, batch, np.random.default_rng([7, step]))
    total = parts["dense"] + 4.0 * parts["row"] + 0.2 * parts["lines"] + 0.4 * parts["domain"]
    state.optimiser.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(state.model.parameters(), 1.0)
    if bool(torch.isfinite(norm)):
        state.optimiser.step()
    state.step = step + 1
    state.update_average()
    figures = {name: float(value.detach()) for name, value in parts.items()}
    return {**figures, "norm": float(norm), "per_s": batch.rgb.shape[0] / (time.monotonic() - began)}


def compute_losses(model: nn.Module, batch: Batch, rng: np.random.Generator) -> dict[str, Tensor]:
    """The four losses of one batch under bf16 autocast."""
    side = batch.rgb.shape[-1] // 32
    ids, _ = losses.prompts(rng)
    with torch.autocast("cpu", torch.bfloat16):
        out = model(batch.rgb, batch.extra, (1, 1), False, window(side, rng))
        keys = model.row.keys(model.patches(out.features.tokens))
        margin = model.row.margin(model.text(ids), keys)
    hits, trust = losses.text_targets(batch.target, batch.weight)
    return {
        "dense": losses.dense_loss(out.dense.logits, batch.target, batch.weight),
        "row": losses.row_loss(margin, hits, trust),
        "lines": losses.line_loss(out.dense.lines, batch.lines, batch.lines_known),
        "domain": losses.domain_loss(out.domain.float(), batch.domain),
    }


def window(side: int, rng: np.random.Generator, full: int = 24) -> Tensor | None:
    """Position numbers (CLS first) of a random ``side`` x ``side`` window of the ViT's grid; None for the whole."""
    if side == full:
        return None
    top, left = (int(value) for value in rng.integers(0, full - side + 1, 2))
    grid = torch.arange(full * full).view(full, full)[top: top + side, left: left + side]
    return torch.cat([torch.zeros(1, dtype=torch.long), grid.reshape(-1) + 1])


def _stream(first: int, steps: int, fold: int, shared: Path | None, cache: Path, workers: int, mix: Any
            ) -> Iterator[tuple[int, Batch]]:
    switch = steps - int(steps * WHOLE_SHARE)
    for begin, end, size_px, size in ((0, switch, HALF_PX, HALF_BATCH), (switch, steps, WHOLE_PX, WHOLE_BATCH)):
        begin = max(begin, first)
        if begin >= end:
            continue
        source = make_source(size_px, fold, shared, cache, mix)
        for number, batch in enumerate(batches(source, begin, end, size, workers)):
            yield begin + number, batch


def _line(state: RunState, figures: dict[str, float]) -> str:
    gates = " ".join(f"{gate:+.3f}" for gate in state.model.encoder.gates)
    return f"step {state.step} " + " ".join(f"{key} {value:.3f}" for key, value in figures.items()) + f" gates {gates}"
