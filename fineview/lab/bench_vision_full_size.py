"""The full-size hybrid on the CPU: against stock CLIP and ConvNeXt, and fused against unfused, in time and operations.

Takes minutes and about 6 GB; the weights are gone when it returns.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from fineview.lab import full_size_model as full
from fineview.lab.figures import Figure
from fineview.lab.operations import operations
from fineview.lab.timing import interleaved
from fineview.models import device as devices
from fineview.models.full_size_openvino import full_size_by_openvino
from fineview.models.lean import lean
from fineview.models.openvino_convert import installed

if TYPE_CHECKING:
    from fineview.app import App

ROUNDS = 3
STOCK = "stock CLIP and ConvNeXt in fp32"


def run(app: App) -> list[Figure]:
    """Speed-up by the best backend at hand, share of operations and of time that the fusion adds."""
    del app  # random weights: what is measured is the shape
    made, fine, device = full.build(), full.canvas(), devices.choose("cpu")
    light = full.build()  # stock needs fp32 weights, ours does not
    lean(light.fused, device.dtype)
    word = f"torch {device.dtype_word}"
    works: dict[str, Callable[[], object]] = {
        STOCK: lambda: made.stock(fine), word: _encode(light.fused, fine, device),
        "unfused": _encode(light.unfused, fine, device)}
    if installed():
        works["openvino"] = full_size_by_openvino(made.fused, fine, full.GRID, device.dtype == torch.bfloat16)
    with torch.inference_mode():
        works["openvino" if installed() else word]()  # the first pass of a library allocates and compiles
        found = dict(zip(works, interleaved(tuple(works.values()), ROUNDS), strict=True))
    ours = min((name for name in found if name in (word, "openvino")), key=lambda name: statistics.median(found[name]))
    return [faster(found, ours), added_operations(), added_time(found[word], found["unfused"])]


def _encode(encoder: torch.nn.Module, fine: Tensor, device: devices.Device) -> Callable[[], object]:
    def work() -> object:
        with device.autocast():
            return encoder(fine, None, full.GRID)

    return work


def faster(found: dict[str, list[float]], ours: str) -> Figure:
    """How many times faster than the stock networks, with every backend's seconds beside it."""
    ratios = [stock / us for stock, us in zip(found[STOCK], found[ours], strict=True)]
    middle = statistics.median(ratios)
    beside = {f"{name}_s": round(statistics.median(times), 2) for name, times in found.items()}
    return Figure(f"full-size hybrid, five views and 1536 px, {ours}, against {STOCK}", round(middle, 3), "ratio",
                  len(ratios), (round(min(ratios), 3), round(max(ratios), 3)), 3.0, middle >= 3.0, beside)


def added_operations() -> Figure:
    """Operations of the fused encoder beyond the unfused one's, counted on shapes alone."""
    made, fine = full.build("meta"), full.canvas("meta")
    with torch.inference_mode():
        fused, plain = (operations(one, lambda one=one: one(fine, None, full.GRID))
                        for one in (made.fused, made.unfused))
    share = fused / plain - 1
    return Figure("operations added by the fusion", round(share, 5), "fraction", 1, None, 0.03, share <= 0.03,
                  {"fused_gflop": round(fused / 1e9, 1), "unfused_gflop": round(plain / 1e9, 1)})


def added_time(fused: list[float], plain: list[float]) -> Figure:
    """Fused against unfused; met where the interval holds 1 or the median is within the operations' three per cent."""
    ratios = [a / b for a, b in zip(fused, plain, strict=True)]
    middle = statistics.median(ratios)
    return Figure("full-size hybrid, fused against unfused time", round(middle, 4), "ratio", len(ratios),
                  (round(min(ratios), 4), round(max(ratios), 4)), 1.03, middle <= 1.03 or min(ratios) <= 1.0,
                  {"fused_s": round(statistics.median(fused), 2), "unfused_s": round(statistics.median(plain), 2)})
