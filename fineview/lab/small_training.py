"""One small encoder trained and scored: same crops, same order, same steps, same recipe for every variant.

The recipe is the embedded model's (``together`` of :mod:`train_stages`: losses, gates at ten times the rate, running
average), on 192 px crops and at twice its rate, since the models are small and the training is short.  Scored twice
per lesion class, on crops kept back: ``dense``, the 1/4 head on cells of 4 px, and ``tokens``, the text row on patches
of 32 px.  Fusion must show in the tokens: the dense head reads the ConvNeXt stages by itself.  The score is average
precision (area under precision and recall over all cells whose truth is known), and the best F1 over thresholds; the
mean over the lesion classes that occur.

Finished runs lie in the cache by variant, sizes, seed and steps, with their weights: a stopped table goes on.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fineview.core.labels import LABELS
from fineview.lab import train_losses as losses
from fineview.lab.small_crops import CropPlan, Crops, kept_phantoms, kept_photographs, training_crops
from fineview.lab.train_crops import OnCrops
from fineview.lab.train_step import start, train_step
from fineview.models.language.words import encode
from fineview.models.vision.build import RetinaConfig, build_retina

Array = npt.NDArray[Any]
BATCH = 8
FASTER = 2.0
SCORES = ("tokens_ap", "dense_ap", "tokens_f1", "dense_f1")
_GENERATION = "small_1"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one variant.  ``say`` hears (step, words)."""

    name: str
    config: RetinaConfig
    plan: CropPlan
    seed: int
    steps: int
    say: Callable[[int, str], None]

    @property
    def folder(self) -> Path:
        """Where its result lies: everything that decides it is in the name."""
        boxed = [] if self.plan.masks else ["boxed"]
        said = json.dumps([_GENERATION, self.config.as_dict(), self.seed, self.steps, self.plan.data is not None,
                           self.plan.train, self.plan.size_px, dict(self.plan.mix), *boxed], sort_keys=True)
        mark = hashlib.sha256(said.encode()).hexdigest()[:12]
        return self.plan.cache / "small" / f"{self.name}-{self.seed}-{self.steps}-{mark}"


def result(run: Run) -> dict[str, float]:
    """Scores of this run (``photographs.tokens_ap``, ...) and ``parameters``; trained once, then read."""
    path = run.folder / "scores.json"
    if path.is_file():
        return {name: float(value) for name, value in json.loads(path.read_text("utf-8")).items()}
    model = trained(run)
    found = {"parameters": float(sum(value.numel() for value in model.encoder.parameters()))}
    kept = {"phantoms": kept_phantoms(run.plan), "photographs": kept_photographs(run.plan, run.seed)}
    for sort, crops in kept.items():
        if crops is not None:
            found.update({f"{sort}.{name}": value for name, value in score(model, crops).items()})
    found["gate"] = max((abs(gate) for gate in model.encoder.gates), default=0.0)
    run.folder.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(found, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(beside, path)
    return found


def trained(run: Run) -> nn.Module:
    """The running average after ``steps``, from the cache where this run was done before."""
    path = run.folder / "average.safetensors"
    if path.is_file():
        model = build_retina(run.config)
        model.load_state_dict(load_file(path))
        return model.eval().requires_grad_(False)
    crops = training_crops(run.plan, run.seed)
    state = start(run.config, 20 + run.seed, FASTER)
    for step, (chosen, flips) in enumerate(_order(len(crops.rgb), run.seed, run.steps)):
        train_step(state, crops.batch(chosen, flips), step, run.steps, OnCrops())
        run.say(step + 1, f"{run.name}, seed {run.seed}: step {step + 1} of {run.steps}")
    run.folder.mkdir(parents=True, exist_ok=True)
    save_file(state.ema.state_dict(), path.with_suffix(".part"))
    os.replace(path.with_suffix(".part"), path)
    return state.ema.eval()


def _order(count: int, seed: int, steps: int) -> Iterator[tuple[Array, Array]]:
    """Crops of each step and which are mirrored: every crop once before any comes again."""
    rng = np.random.default_rng([seed, 9])
    rounds = math.ceil(steps * BATCH / count)
    order = np.concatenate([rng.permutation(count) for _ in range(rounds)])
    for step in range(steps):
        yield order[step * BATCH: (step + 1) * BATCH], rng.random(BATCH) < 0.5


@torch.inference_mode()
def score(model: nn.Module, crops: Crops) -> dict[str, float]:
    """:data:`SCORES` of one model on crops, and ``tokens_chance``, ``dense_chance``: the share of positive cells."""
    seen: dict[str, list[tuple[Array, Array, Array]]] = {"tokens": [], "dense": []}
    for first in range(0, len(crops.rgb), 2 * BATCH):
        chosen = np.arange(first, min(first + 2 * BATCH, len(crops.rgb)))
        batch = crops.batch(chosen, np.zeros(len(chosen), bool))
        logits, margin = answers(model, batch.rgb, batch.extra)
        hits, trust = losses.text_targets(batch.target, batch.weight)
        seen["tokens"].append((margin.numpy(), hits[:, :len(LABELS)].numpy() > 0, trust[:, :len(LABELS)].numpy() > 0.5))
        flat = [values.flatten(2).numpy() for values in (logits, batch.target, batch.weight)]
        seen["dense"].append((flat[0], flat[1] >= losses.HIT_SHARE, flat[2] > 0.5))
    found = {}
    for name, parts in seen.items():
        values, truth, known = (np.concatenate(rows) for rows in zip(*parts, strict=True))
        found.update({f"{name}_{kind}": value for kind, value in _mean_scores(values, truth, known).items()})
    return found


def answers(model: nn.Module, rgb: Tensor, extra: Tensor) -> tuple[Tensor, Tensor]:
    """Dense logits (B, 8, h, w) and the text row's margin for each label (B, 8, N) of square crops, fp32."""
    side = rgb.shape[-1] // 32
    out = model(rgb, extra, (1, 1), False, centre_positions(side))
    text = model.text(torch.tensor([list(encode(label.synonyms[0])) for label in LABELS]))
    margin = model.row.margin(text, model.row.keys(model.patches(out.features.tokens)))
    return out.dense.logits.float(), margin.float()


def centre_positions(side: int, full: int = 24) -> Tensor | None:
    """Position numbers (CLS first) of the middle ``side`` x ``side`` window of the ViT's grid; None for the whole."""
    if side == full:
        return None
    first = (full - side) // 2
    grid = torch.arange(full * full).view(full, full)[first: first + side, first: first + side]
    return torch.cat([torch.zeros(1, dtype=torch.long), grid.reshape(-1) + 1])


def _mean_scores(values: Array, truth: Array, known: Array) -> dict[str, float]:
    """Means over the lesion classes that occur, of (B, 8, cells) each; NaN where none does."""
    rows = []
    for number, label in enumerate(LABELS):
        there = known[:, number]
        if label.lesion and truth[:, number][there].any():
            rows.append(precision_area(values[:, number][there], truth[:, number][there]))
    mean = np.mean(rows, 0) if rows else np.full(3, np.nan)
    return {"ap": float(mean[0]), "f1": float(mean[1]), "chance": float(mean[2])}


def precision_area(values: Array, truth: Array) -> tuple[float, float, float]:
    """Average precision, best F1 over thresholds, and the share of positives.  Equal values count as one step."""
    order = np.argsort(-values, kind="stable")
    ranked, hits = values[order], np.cumsum(truth[order])
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    precision, recall = hits[ends] / (ends + 1), hits[ends] / hits[-1]
    area = float((np.diff(recall, prepend=0.0) * precision).sum())
    best = float((2 * precision * recall / np.maximum(precision + recall, 1e-12)).max())
    return area, best, float(truth.mean())
