"""What the overlay costs beside an encode: attention row, DAR, pyramid; and the row's memory beside all maps."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from fineview.imaging.dar import edge_mask, key_bias, redistribute
from fineview.lab.figures import Figure
from fineview.lab.phantom_fundus import fundus
from fineview.lab.timing import interleaved
from fineview.models.attention.rows import exact_rows
from fineview.models.inputs import prepare
from fineview.models.predictor import Predictor
from fineview.models.pyramid import mfp

if TYPE_CHECKING:
    from fineview.app import App

SIDE = 1024
ROUNDS = 10
REPEATS = 5
FLOAT_BYTES = 4


def run(app: App) -> list[Figure]:
    """Shares of the encode time of a 1024^2 photograph, each timed next to an encode of the same run."""
    engine = Predictor.load(app.encoder_folder(), app.device)  # type: ignore[arg-type]
    vit = getattr(engine._model.encoder, "vit", None)
    rgb = fundus(3, (SIDE, SIDE)).rgb
    seen, ready = engine.encode(rgb), prepare(rgb)
    mask = edge_mask(rgb, "fundus")
    cells = seen.where.cell_edges(32)
    grid = np.full((len(cells[0]) - 1, len(cells[1]) - 1), 0.4, np.float32)

    def dar_on_grid() -> None:
        grid * np.exp(key_bias(mask, cells, 2.0))

    works: dict[str, tuple[Callable[[], object], float | None]] = {
        "DAR on the encoder's grid, mask known, share of an encode": (dar_on_grid, 0.02),
        "DAR with its mask on the source grid, share of an encode": (
            lambda: redistribute(engine.raw_map(seen, "lesion"), edge_mask(rgb, "fundus")), 0.02),
        "pyramid of three scales, share of an encode": (_pyramid(engine, ready.where), 0.05)}
    if vit is not None:
        works = {"attention rows for the overlay, share of an encode": (_rows(vit), 0.03), **works}
    found = [_share(name, work, lambda: engine.encode(rgb), goal) for name, (work, goal) in works.items()]
    return found if vit is None else [*found, row_memory(vit, len(ready.where.tiles()) + 1)]


def _rows(vit: torch.nn.Module) -> Callable[[], object]:
    """The extra work of reading one row of the last layer: five views, all heads."""
    heads, width = vit.config.num_attention_heads, vit.config.hidden_size
    query, key = (torch.randn(5, heads, length, width // heads).bfloat16() for length in (1, 577))
    return lambda: exact_rows(query, key, None, 0.125)


def _pyramid(engine: Predictor, where: mfp.Placement) -> Callable[[], object]:
    rows, cols = where.fine_canvas_hw
    projection = engine._model.decoder.projection
    levels = [torch.randn(1, projection.shape[1], rows // k, cols // k).bfloat16() for k in mfp.SCALES]

    @torch.inference_mode()
    def work() -> None:
        one, two, three = (mfp.project(level, projection) for level in levels)
        mfp.cut((one, two, three), where)

    return work


def row_memory(vit: torch.nn.Module, views: int) -> Figure:
    """Bytes of the CLS rows of one layer against those of that layer's full maps, counted from the shapes."""
    length = (vit.config.image_size // vit.config.patch_size) ** 2 + 1
    rows = views * vit.config.num_attention_heads * length * FLOAT_BYTES
    maps = rows * length
    return Figure("attention rows for the overlay, share of the memory of full maps", round(rows / maps, 5), "fraction",
                  views, None, 0.05, rows / maps <= 0.05, {"rows_bytes": rows, "maps_bytes": maps})


def _share(name: str, work: Callable[[], object], encode: Callable[[], object], goal: float | None) -> Figure:
    """Median share over interleaved rounds; the short work is repeated and averaged within a round."""
    work()
    part, whole = interleaved((lambda: [work() for _ in range(REPEATS)], encode), ROUNDS)
    shares = [a / REPEATS / b for a, b in zip(part, whole, strict=True)]
    middle = statistics.median(shares)
    return Figure(name, round(middle, 5), "fraction", ROUNDS, (round(min(shares), 5), round(max(shares), 5)), goal,
                  None if goal is None else middle <= goal,
                  {"ours_ms": round(1000 * statistics.median(part) / REPEATS, 3),
                   "encode_ms": round(1000 * statistics.median(whole), 1)})
