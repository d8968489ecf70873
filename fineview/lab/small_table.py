"""One table of small variants: what each scores, how sure that is, and which of two is better.

Mean over seeds with Student's 95 % interval; a seed is one draw of weights, crops and kept-back photographs.  Two
variants are compared seed by seed.  A difference has met its goal where its whole interval lies above zero, missed it
where it lies below, and is undecided (``met`` None) in between: three seeds decide only what is clear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fineview import paths
from fineview.core.errors import InputProblem, WrongWords
from fineview.core.measured import Figure, Interval
from fineview.lab.evaluate import Request
from fineview.lab.real_fundus import photographs
from fineview.lab.small_crops import CropPlan
from fineview.lab.small_training import SCORES, Run, result
from fineview.models.vision.build import RetinaConfig

SEEDS = 3
STEPS = 600
# 97.5 % quantile of Student's t by degrees of freedom
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
Scores = Mapping[str, Sequence[Mapping[str, float]]]


def plan_of(request: Request) -> CropPlan:
    """Crops of the request's photographs, or of phantoms alone, kept with the person's data.

    Raises ``InputProblem`` where ``--data`` holds none of the photographs.
    """
    if request.data is not None and not photographs(request.data):
        raise InputProblem(f"{request.data} holds none of the photographs of the model card.",
                           "Give the folder of photographs named there, or leave --data away for phantoms alone.",
                           "empty")
    return CropPlan(paths.data_dir() / "evaluation", request.data)


def scores(variants: Mapping[str, RetinaConfig], request: Request, plan: CropPlan | Mapping[str, CropPlan],
           seeds: int = SEEDS) -> dict[str, list[dict[str, float]]]:
    """Scores by variant and seed, on one plan's crops or each on its own; what is in the cache is not trained again.

    Seed by seed, so that a table that was stopped compares whole rows.  Raises ``WrongWords`` for a name that is no
    row of the table.
    """
    unknown = set(request.only) - set(variants)
    if unknown:
        raise WrongWords(f"There is no row \"{min(unknown)}\" in this table.", f"Rows: {', '.join(variants)}.")
    wanted = {name: config for name, config in variants.items() if not request.only or name in request.only}
    plans = dict.fromkeys(wanted, plan) if isinstance(plan, CropPlan) else plan
    steps, found = request.steps or STEPS, {name: list[dict[str, float]]() for name in wanted}
    total, done = steps * len(wanted) * seeds, 0
    for seed in range(request.seed, request.seed + seeds):
        for name, config in wanted.items():
            before = done
            run = Run(name, config, plans[name], seed, steps,
                      lambda step, words, before=before: request.progress(before + step, total, words))
            found[name].append(result(run))
            done += steps
            request.progress(done, total, f"{name}, seed {seed}: scored")
    return found


def figures(table: Scores, orders: Sequence[tuple[str, str]] = ()) -> list[Figure]:
    """Every score of every variant, then each of ``orders`` (better, worse) as a paired difference."""
    sorts = [sort for sort in ("photographs", "phantoms")
             if all(f"{sort}.tokens_ap" in row for rows in table.values() for row in rows)]
    found = [_figure(table, name, f"{sort}.{score}") for sort in sorts for score in SCORES for name in table]
    for sort in sorts:
        for score in ("tokens_ap", "dense_ap"):
            found += [_order(table, better, worse, f"{sort}.{score}") for better, worse in orders
                      if better in table and worse in table]
    found += [Figure(f"parameters.{name}", rows[0]["parameters"], "count", 1,
                     about={"encoder": name, "measure": "parameters", "role": "cost", "better": "lower"})
              for name, rows in table.items()]
    return found


def _figure(table: Scores, name: str, score: str) -> Figure:
    values = [row[score] for row in table[name]]
    chance = [row[score.rsplit("_", 1)[0] + "_chance"] for row in table[name]]
    return Figure(f"{score}.{name}", float(np.mean(values)), "fraction", len(values), student(values),
                  baselines={"share of positive cells": float(np.mean(chance))} if score.endswith("_ap") else {},
                  about={"task": "lesion", "encoder": name, "measure": score})


def _order(table: Scores, better: str, worse: str, score: str) -> Figure:
    pairs = zip(table[better], table[worse], strict=True)
    differences = [one[score] - other[score] for one, other in pairs]
    interval = student(differences)
    met = None
    if interval is not None:
        met = True if interval[0] > 0 else False if interval[1] < 0 else None
    return Figure(f"{score}.{better}-minus-{worse}", float(np.mean(differences)), "fraction", len(differences),
                  interval, 0.0, met)


def student(values: Sequence[float]) -> Interval | None:
    """95 % interval of the mean of 2 to 10 independent values; None for a single one."""
    if not 2 <= len(values) <= len(_STUDENT) + 1:
        return None
    half = _STUDENT[len(values) - 2] * float(np.std(values, ddof=1)) / len(values) ** 0.5
    middle = float(np.mean(values))
    return middle - half, middle + half


def data_words(plan: CropPlan, seeds: int, steps: int) -> str:
    """What was scored, for the stored result."""
    sort = "phantoms and drawn photographs kept back by fold" if plan.data is not None else "phantoms kept back"
    return f"{sort}; small encoders, {seeds} seeds, {steps} steps of 8 crops of {plan.size_px} px"
