"""Frame change and pan with an overlay, beside a plain pyqtgraph ImageView in the same run."""

from __future__ import annotations

import os

import numpy as np

from fineview.imaging.colour import heat_rgba
from fineview.lab.figures import Figure
from fineview.lab.timing import figure_ms, pairs, seconds

SIDES = (512, 1024, 2048)
FRAMES = 24


def run() -> list[Figure]:
    """p95 of frame change and pan for each size, and the ratio to the plain viewer over interleaved pairs."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from fineview.gui.rehearsal import FrameFlip, overlay_of

    figures: list[Figure] = []
    rng = np.random.default_rng(0)
    for side in SIDES:
        frames = [rng.integers(0, 255, (side, side), dtype=np.uint8) for _ in range(4)]
        flip = FrameFlip(frames, overlay_of(heat_rgba(rng.random((side, side), np.float32), "viridis", 0.2, 0.6)))
        for warm in (flip.show_ours, flip.show_peer):
            warm()
        figures += _p95(f"frame change with overlay, {side}^2", flip.show_ours, 0.033)
        figures.append(pairs(f"frame change against a plain ImageView, {side}^2", flip.show_ours, flip.show_peer, 1.0))
        figures += _p95(f"pan with overlay, {side}^2", flip.pan_ours, 0.016)
        figures.append(pairs(f"pan against a plain ImageView, {side}^2", flip.pan_ours, flip.pan_peer, 1.0))
        flip.close()
    return figures


def _p95(name: str, work: object, goal_s: float) -> list[Figure]:
    assert callable(work)
    found = sorted(seconds(work) * 1000 for _ in range(FRAMES))
    p95 = found[int(0.95 * len(found))]
    one = figure_ms(f"{name}, p95", [p95], goal_s)
    return [Figure(one.name, one.value, "ms", FRAMES, (round(found[0], 2), round(found[-1], 2)), one.goal, one.met, {})]
