"""Frame change and pan with an overlay in the real window, beside a plain pyqtgraph ImageView in the same run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fineview.lab.figures import Figure
from fineview.lab.timing import figure_ms, interleaved, seconds

if TYPE_CHECKING:
    from fineview.app import App

SIDES = (512, 1024, 2048)
FRAMES, ROUNDS = 6, 40
GOAL_S = 0.016
STACK, STACK_SIDE, RATES, PLAYED_S = 100, 512, (10.0, 30.0, 60.0), 4.0


def run(app: App) -> list[Figure]:
    """For each size: p95 of frame change and pan, the ratio of their medians to the plain viewer's, and a first look.

    Last, a stack that plays: the rate that came on screen beside the one that was set, which may differ by a tenth.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return [*(figure for side in SIDES for figure in (*_shown(app, side), *_first_look(app, side))), *_played(app)]


def _shown(app: App, side: int) -> list[Figure]:
    from fineview.gui.frame_change import FrameChange

    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 4096, (side, side), dtype=np.uint16) for _ in range(FRAMES)]
    heat = [rng.random((side, side), np.float32) for _ in range(FRAMES)]
    change = FrameChange(app.workbench, frames, heat)
    try:
        return [*_beside(f"frame change with overlay, {side}^2", change.show_ours, change.show_peer),
                *_beside(f"pan with overlay, {side}^2", change.pan_ours, change.pan_peer)]
    finally:
        change.close()


def _beside(name: str, ours: Callable[[], None], peer: Callable[[], None]) -> list[Figure]:
    """p95 of ours beside the peer's, and the ratio of medians, over interleaved rounds of one run."""
    for warm in (ours, peer) * 4:
        warm()
    mine, theirs = (np.array(found) * 1000 for found in interleaved((ours, peer), ROUNDS))
    p95, peer_p95 = (round(float(np.percentile(found, 95)), 2) for found in (mine, theirs))
    ratio = float(np.median(mine) / np.median(theirs))
    spread = (round(float(mine.min()), 2), round(float(mine.max()), 2))
    quartiles = np.percentile(mine / theirs, (25, 75))
    return [Figure(f"{name}, p95", p95, "ms", ROUNDS, spread, GOAL_S * 1000, p95 <= GOAL_S * 1000,
                   {"plain_imageview_p95_ms": peer_p95}),
            Figure(f"{name}, against a plain ImageView", round(ratio, 3), "ratio", ROUNDS,
                   (round(float(quartiles[0]), 3), round(float(quartiles[1]), 3)), 1.0, ratio <= 1.0,
                   {"ours_ms": round(float(np.median(mine)), 2), "peer_ms": round(float(np.median(theirs)), 2)})]


def _first_look(app: App, side: int) -> list[Figure]:
    """A frame that is not in memory: read from its file and decoded in the reading child, median."""
    from fineview.formats.write_series import write_sparse_series
    from fineview.services.jobs import Token

    with tempfile.TemporaryDirectory() as folder:
        write_sparse_series(Path(folder), ROUNDS, (side, side))
        *_, found = app.archive.scan([Path(folder)], Token())
        frames = found.studies[0].series[0].frames
        app.archive.read_frame(frames[0])
        took = [seconds(lambda frame=frame: app.archive.read_frame(frame)) * 1000 for frame in frames[1:]]
    return [figure_ms(f"frame not in memory, read and decoded, {side}^2 x 16 bit", took, None)]


def _played(app: App) -> list[Figure]:
    from fineview.gui.frame_change import FrameChange

    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 4096, (STACK_SIDE, STACK_SIDE), dtype=np.uint16) for _ in range(STACK)]
    change = FrameChange(app.workbench, frames, [rng.random((STACK_SIDE, STACK_SIDE), np.float32)])
    try:
        found = [(rate, change.played(rate, PLAYED_S)) for rate in RATES]
    finally:
        change.close()
    return [Figure(f"{STACK} frames of {STACK_SIDE}^2 played at {rate:g} a second, shown", round(real, 2), "frames/s",
                   round(real * PLAYED_S), None, rate, abs(real - rate) <= 0.1 * rate) for rate, real in found]
