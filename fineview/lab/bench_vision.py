"""Time from a frame to its heat map, and from one question to the next, beside the machine's own ceiling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from fineview.core.evidence import Method
from fineview.core.geometry import Spacing
from fineview.core.image import Raster
from fineview.core.study import FrameKey
from fineview.imaging.colour import heat_rgba
from fineview.imaging.dar import edge_mask, redistribute
from fineview.imaging.window import to_rgb
from fineview.lab.figures import Figure
from fineview.lab.phantom_fundus import fundus
from fineview.lab.timing import figure_ms, pairs, seconds, timed
from fineview.services.analyse import FrameRequest, analyse, heat_map
from fineview.services.encodings import Encodings
from fineview.services.jobs import Token

if TYPE_CHECKING:
    from fineview.app import App

SIDE = 1024


def run(app: App) -> list[Figure]:
    """Loading, first heat map, second question, DAR with overlay, and the GEMM ceiling, one figure each."""
    load = seconds(app.engine) * 1000
    engine, token = app.engine(), Token()
    key = FrameKey("bench", 0)
    request = FrameRequest(key, Raster(fundus(3, (SIDE, SIDE)).rgb), Spacing(), "OP")
    first, second = [], []
    for _ in range(5):
        kept = Encodings()
        first.append(1000 * seconds(lambda kept=kept: heat_map(
            request, analyse(request, engine, kept, token), engine, kept, token, Method.DAR, "haemorrhage")))
        seen = analyse(request, engine, kept, token)
        second.append(1000 * seconds(lambda kept=kept, seen=seen: heat_map(
            request, seen, engine, kept, token, Method.DAR, "hard exudate")))
    rgb = to_rgb(request.raster)
    raw = heat_map(request, seen, engine, kept, token, Method.RAW).values

    def overlay() -> None:
        heat_rgba(redistribute(raw, edge_mask(rgb, "fundus"), 2.0), "viridis", 0.15, 0.6)

    return [figure_ms("weights loaded, torch imported", [load], None),
            figure_ms(f"first heat map of a {SIDE}^2 frame", first, 3.0, ceiling()),
            figure_ms("second question on the same frame", second, 0.5),
            timed(f"DAR and overlay on the {SIDE}^2 source grid", overlay, 0.05), _plain_resize(raw, overlay)]


def _plain_resize(raw: np.ndarray, overlay: object) -> Figure:
    """The peer of DAR and overlay: colouring the raw map alone."""
    assert callable(overlay)
    return pairs("DAR and overlay against colouring alone", overlay, lambda: heat_rgba(raw, "viridis", 0.15, 0.6))


def ceiling(size: int = 1536) -> dict[str, float]:
    """GFLOP/s of a square matrix product in fp32 and bf16: what this machine can do at best."""
    found = {}
    for name, dtype in (("gemm_fp32_gflops", torch.float32), ("gemm_bf16_gflops", torch.bfloat16)):
        a = torch.randn(size, size).to(dtype)
        best = min(seconds(lambda a=a: a @ a) for _ in range(5))
        found[name] = round(2 * size**3 / best / 1e9, 1)
    return found
