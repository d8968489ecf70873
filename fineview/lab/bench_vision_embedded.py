"""The embedded encoder on a 1024^2 photograph: seconds, and the share of the machine's matrix product it reaches."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import torch

from fineview.lab.figures import Figure
from fineview.lab.gemm_ceiling import gflops
from fineview.lab.operations import operations
from fineview.lab.phantom_fundus import fundus
from fineview.lab.timing import figure_ms, seconds, speedup
from fineview.models.inputs import Prepared, prepare
from fineview.models.openvino_convert import installed
from fineview.models.predictor import Predictor

if TYPE_CHECKING:
    from fineview.app import App

SIDE = 1024
ROUNDS = 10
GEMM_SIDE = 1536


def run(app: App) -> list[Figure]:
    """Seconds and shares with torch; OpenVINO beside it where it is installed."""
    rgb = fundus(3, (SIDE, SIDE)).rgb
    engine = Predictor.load(app.encoder_folder(), app.device)  # type: ignore[arg-type]
    work = operations(engine._model, lambda: _pass(engine, prepare(rgb)))
    found = _figures(engine, rgb, work)
    if installed() and engine.backend == "torch" and engine.device == "cpu":
        other = Predictor.load(app.encoder_folder(), "cpu")
        other.use_openvino()
        other.encode(rgb)
        found += [*_figures(other, rgb, work),
                  speedup("embedded encoder, OpenVINO against torch", lambda: other.encode(rgb),
                          lambda: engine.encode(rgb))]
    return found


def _pass(engine: Predictor, ready: Prepared) -> None:
    with torch.inference_mode():
        engine._model(ready.fine.to(engine.device), ready.extra.to(engine.device), ready.where.grid,
                      inside=ready.inside.to(engine.device))


def _figures(engine: Predictor, rgb: object, work: int) -> list[Figure]:
    """An encode and both ceilings in every round, so that a busy moment meets all three."""
    engine.encode(rgb)  # type: ignore[arg-type]
    times, fp32, bf16 = [], [], []
    for _ in range(ROUNDS):
        fp32.append(gflops("cpu", torch.float32, GEMM_SIDE))
        times.append(seconds(lambda: engine.encode(rgb)))  # type: ignore[arg-type]
        bf16.append(gflops("cpu", torch.bfloat16, GEMM_SIDE))
    words = f"embedded encoder on {SIDE}^2, {engine.backend} {engine.dtype}"
    counted = {"gflop_counted": round(work / 1e9, 1), "gflops_reached": round(work / statistics.median(times) / 1e9, 1)}
    return [figure_ms(words, [1000 * one for one in times], 0.8, counted),
            *(_share(f"{words}, share of the {name} ceiling",
                     [work / 1e9 / took / best for took, best in zip(times, top, strict=True)],
                     {**counted, f"gemm_{name}_gflops": round(statistics.median(top), 1)})
              for name, top in (("fp32", fp32), ("bf16", bf16)))]


def _share(name: str, shares: list[float], beside: dict[str, float | None]) -> Figure:
    middle = statistics.median(shares)
    return Figure(name, round(middle, 4), "fraction", len(shares), (round(min(shares), 4), round(max(shares), 4)), 0.4,
                  middle >= 0.4, beside)
