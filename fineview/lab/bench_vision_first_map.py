"""From a frame to its heat map, and from one question to the next, as the window does it."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from fineview.core.evidence import Method
from fineview.core.geometry import Spacing
from fineview.core.image import Raster
from fineview.core.study import FrameKey
from fineview.imaging.colour import heat_rgba
from fineview.imaging.dar import edge_mask, redistribute
from fineview.imaging.window import to_rgb
from fineview.lab.figures import Figure
from fineview.lab.gemm_ceiling import ceiling
from fineview.lab.phantom_fundus import fundus
from fineview.lab.timing import figure_ms, pairs, seconds, timed
from fineview.services.analyse import FrameRequest, analyse, heat_map
from fineview.services.encodings import Encodings
from fineview.services.jobs import Token

if TYPE_CHECKING:
    from fineview.app import App

SIDE = 1024
ROUNDS = 10


def run(app: App) -> list[Figure]:
    """Loading, first heat map, second question and their ratio, DAR with overlay."""
    load = seconds(app.engine) * 1000
    engine, token = app.engine(), Token()
    request = FrameRequest(FrameKey("bench", 0), Raster(fundus(3, (SIDE, SIDE)).rgb), Spacing(), "OP")
    first, second = [], []
    for _ in range(ROUNDS):
        kept = Encodings()
        first.append(1000 * seconds(lambda kept=kept: heat_map(
            request, analyse(request, engine, kept, token), engine, kept, token, Method.DAR, "haemorrhage")))
        seen = analyse(request, engine, kept, token)
        second.append(1000 * seconds(lambda kept=kept, seen=seen: heat_map(
            request, seen, engine, kept, token, Method.DAR, "hard exudate")))
    ratios = [b / a for a, b in zip(first, second, strict=True)]
    middle = statistics.median(ratios)
    rgb = to_rgb(request.raster)
    raw = heat_map(request, seen, engine, kept, token, Method.RAW).values

    def overlay() -> None:
        heat_rgba(redistribute(raw, edge_mask(rgb, "fundus"), 2.0), "viridis", 0.15, 0.6)

    return [figure_ms("weights loaded, torch imported", [load], None),
            figure_ms(f"first heat map of a {SIDE}^2 frame", first, 3.0, ceiling()),
            figure_ms("second question on the same frame", second, 0.5),
            Figure("second question against the first", round(middle, 4), "ratio", ROUNDS,
                   (round(min(ratios), 4), round(max(ratios), 4)), 0.1, middle <= 0.1),
            timed(f"DAR and overlay on the {SIDE}^2 source grid", overlay, 0.05),
            pairs("DAR and overlay against colouring alone", overlay,
                  lambda: heat_rgba(raw, "viridis", 0.15, 0.6))]
