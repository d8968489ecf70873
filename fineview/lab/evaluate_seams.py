"""The seam test: does fusion keep an object whole where a tile border cuts it?  ``fineview evaluate seams``

The ViT sees tiles, ConvNeXt the whole canvas; fusion should carry over the border what the ViT cannot see (FILA,
arXiv 2412.08378).  Measured is how far the tokens of a cut object lie from the tokens of the same object uncut
(:mod:`seam_scenes`): the mean over its patches of 1 - cosine.

* ``embedded``: the trained encoder, against itself with closed gates (alpha = 0; weights that were trained with open
  gates are then off their path, so this alone proves little) and against closed gates with a second tile grid shifted
  by half a tile, each token taken from the grid in which it lies farther from a border (after Mini-Monkey, arXiv
  2408.02034: no training, twice the ViT's work).
* ``small``: two small encoders of the fusion table, trained alike from nothing, one without fusion; the fair pair.

What it costs: the share of lesions that the model's own text row finds (its attention to any patch of the lesion above
that to the sink), uncut and cut, and the difference, paired ("recall-loss").

Two models have two geometries: one whose tokens are all alike has small distances.  So each distance is also given as a
share of the mean distance between *different* objects of the same model ("relative"), and only that is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from fineview.core.errors import WrongWords
from fineview.core.labels import LABELS
from fineview.core.measured import Figure
from fineview.lab.evaluate import Request, chosen
from fineview.lab.evaluate_fusion import VARIANTS
from fineview.lab.figures import Figures, bootstrap_interval, judged, machine_words
from fineview.lab.seam_scenes import CELL, Scene, scenes
from fineview.lab.small_table import SEEDS, STEPS, plan_of
from fineview.lab.small_training import Run, centre_positions, trained
from fineview.models import weights
from fineview.models.language.words import encode
from fineview.models.vision import tiling
from fineview.models.vision.read_config import build_for

Array = npt.NDArray[Any]
Look = Callable[[Tensor, Tensor], Tensor]
Judge = Callable[[Tensor, str], bool]
OBJECTS = 520
LOSS_GOAL = 0.02
GRID = (1, 2)


def run(request: Request) -> Figures:
    """Figures of the embedded encoder and of the small pairs, which are trained first where the cache lacks them.

    ``--only`` picks ``embedded`` or ``small``.
    """
    works = {"embedded": _embedded, "small": _small}
    found = [figure for name in chosen(request.only, tuple(works)) for figure in works[name](request)]
    words = (f"{OBJECTS} lesions of phantoms, half on B-scans; small: {SEEDS} trained pairs, fundus pictures alone, "
             "as in their training")
    return Figures(tuple(found), request.seed, machine_words(), words)


def _embedded(request: Request) -> list[Figure]:
    tensors, manifest = weights.load(request.app.encoder_folder())
    model = build_for(manifest.facts, tensors).eval().requires_grad_(False)
    encoder = model.encoder
    if not getattr(encoder, "fusions", ()):
        raise WrongWords(f"{manifest.name} has no fusion whose seams could be tested.",
                         "Choose an encoder with fusion, or leave --encoder away.")
    looks = {"fusion": fused(encoder), "closed-gates": closed(encoder), "second-grid": second_grid(closed(encoder))}
    judges = dict.fromkeys(looks, finder(model))
    return _figures("embedded", measured(looks, judges, scenes(OBJECTS, 768, request.seed), request, 0.0), request.seed)


def _small(request: Request) -> list[Figure]:
    found: list[dict[str, Array]] = []
    for place in range(SEEDS):
        pair = _pair(request, request.seed + place)
        joined, apart = pair["concat-deep"], pair["unfused"]
        looks = {"fusion": fused(joined.encoder), "unfused": fused(apart.encoder),
                 "second-grid": second_grid(closed(apart.encoder))}
        judges = {"fusion": finder(joined), "unfused": finder(apart), "second-grid": finder(apart)}
        shown = scenes(OBJECTS, plan_of(request).size_px, request.seed, scans=0.0)
        found.append(measured(looks, judges, shown, request, (place + 1) / (SEEDS + 1)))
    return _figures("small", {name: np.mean([one[name] for one in found], 0) for name in found[0]}, request.seed)


def _pair(request: Request, seed: int) -> dict[str, Any]:
    def say(step: int, words: str) -> None:
        request.progress(0, 1, words)

    steps, plan = request.steps or STEPS, plan_of(request)
    return {name: trained(Run(name, VARIANTS[name], plan, seed, steps, say)) for name in ("concat-deep", "unfused")}


@torch.inference_mode()
def measured(looks: Mapping[str, Look], judges: Mapping[str, Judge], shown: Iterable[Scene], request: Request,
             done: float) -> dict[str, Array]:
    """Distances (count,) by look, relative to the distance between different objects (``NAME:relative``), and whether
    the object was found (``NAME:uncut``, ``NAME:cut``)."""
    near: dict[str, list[float]] = {name: [] for name in looks}
    hits: dict[str, list[tuple[bool, bool]]] = {name: [] for name in looks}
    means: dict[str, list[Tensor]] = {name: [] for name in looks}
    for number, scene in enumerate(shown, 1):
        for name, look in looks.items():
            whole, cut = object_tokens(look, scene)
            near[name].append(float((1 - functional.cosine_similarity(whole, cut, -1)).mean()))
            means[name].append(whole.mean(0))
            hits[name].append((judges[name](whole, scene.word), judges[name](cut, scene.word)))
        request.progress(done + number / OBJECTS / (SEEDS + 1), 1, f"object {number} of {OBJECTS}")
    found = {name: np.array(values) for name, values in near.items()}
    for name in looks:
        found[f"{name}:relative"] = found[name] / spread(torch.stack(means[name]))
        found[f"{name}:uncut"], found[f"{name}:cut"] = np.array(hits[name], float).T
    return found


def finder(model: Any) -> Judge:
    """Whether the model's text row sees a label in any of some tokens (patches, D)."""
    queries = {label.word: model.text(torch.tensor([encode(label.word.replace("_", " "))])) for label in LABELS}

    def finds(tokens: Tensor, word: str) -> bool:
        return bool(model.row.margin(queries[word], model.row.keys(tokens[None])).max() > 0)
    return finds


def object_tokens(look: Look, scene: Scene) -> tuple[Tensor, Tensor]:
    """The object's tokens uncut and cut, (patches, D) each, in the same order."""
    rows, columns = np.nonzero(scene.cells)
    pairs = [(torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255, torch.from_numpy(extra)[None].float())
             for rgb, extra in (scene.uncut, scene.cut)]
    whole, cut = (look(fine, extra) for fine, extra in pairs)
    return whole[0, :, rows, columns + scene.moved].T, cut[0, :, rows, columns].T


def spread(means: Tensor) -> float:
    """Mean cosine distance between different rows of (n, D)."""
    unit = functional.normalize(means.float(), dim=-1)
    count = len(unit)
    return float(1 - ((unit @ unit.T).sum() - count) / (count * (count - 1)))


def fused(encoder: nn.Module) -> Look:
    """The encoder as it is: (1, 3, T, n T) and extra to tokens (1, D, T/32, n T/32)."""
    def look(fine: Tensor, extra: Tensor) -> Tensor:
        side = fine.shape[-2] // CELL
        seen: Tensor = encoder(fine, extra, (1, fine.shape[-1] // fine.shape[-2]), False, centre_positions(side)).tokens
        return seen
    return look


def closed(encoder: Any) -> Look:
    """Its ViT alone: what the tokens are at alpha = 0, bit for bit, without paying for ConvNeXt."""
    def look(fine: Tensor, extra: Tensor) -> Tensor:
        grid = (1, fine.shape[-1] // fine.shape[-2])
        pixels = (tiling.views(fine, grid, False) - encoder.vit_mean) / encoder.vit_std
        tokens = encoder.vit.pre_layrnorm(encoder._embed(pixels, centre_positions(fine.shape[-2] // CELL)))
        for layer in encoder.vit.encoder.layers:
            tokens = layer(tokens, None)
        return tiling.stitch(tokens[:, 1:], grid)
    return look


def second_grid(look: Look) -> Look:
    """Two tile grids, the second shifted by half a tile (black beyond the canvas): every token from the grid in which
    it lies farther from an upright border; ties go to the first."""
    def both(fine: Tensor, extra: Tensor) -> Tensor:
        side, half = fine.shape[-2] // CELL, fine.shape[-2] // CELL // 2
        margin = (half * CELL, (side - half) * CELL)
        first = look(fine, extra)
        second = look(functional.pad(fine, margin), functional.pad(extra, margin))[..., half: half + first.shape[-1]]
        column = torch.arange(first.shape[-1])
        depth = [torch.minimum(place, side - 1 - place) for place in (column % side, (column + half) % side)]
        return torch.where(depth[1] > depth[0], second, first)
    return both


def _figures(sort: str, table: Mapping[str, Array], seed: int) -> list[Figure]:
    """Each look's distance, plain and relative, then how much nearer fusion is than each rival (relative, paired)."""
    def figure(name: str, values: Array, **more: Any) -> Figure:
        interval = bootstrap_interval(lambda chosen: float(values[chosen].mean()), len(values), seed, 1000)
        return Figure(name, float(values.mean()), more.pop("unit"), len(values), interval, **more)

    looks = [name for name in table if ":" not in name]
    found = [figure(f"{sort}.distance.{name}", table[name], unit="1 - cosine") for name in looks]
    share = "share of the distance between objects"
    found += [figure(f"{sort}.relative.{name}", table[f"{name}:relative"], unit=share) for name in looks]
    for name in looks:
        uncut, cut = (table[f"{name}:{side}"] for side in ("uncut", "cut"))
        found += [figure(f"{sort}.recall-uncut.{name}", uncut, unit="fraction"),
                  figure(f"{sort}.recall-cut.{name}", cut, unit="fraction"),
                  judged(figure(f"{sort}.recall-loss.{name}", uncut - cut, unit="fraction"), LOSS_GOAL,
                         higher_is_better=False)]
    for name in looks[1:]:
        gain = table[f"{name}:relative"] - table["fusion:relative"]
        one = figure(f"{sort}.relative.{name}-minus-fusion", gain, unit=share, goal=0.0)
        low, high = one.interval or (0.0, 0.0)
        found.append(replace(one, met=True if low > 0 else False if high < 0 else None))
        lost = [table[f"{look}:uncut"] - table[f"{look}:cut"] for look in (name, "fusion")]
        found.append(figure(f"{sort}.recall-loss.{name}-minus-fusion", lost[0] - lost[1], unit="fraction"))
    return found
