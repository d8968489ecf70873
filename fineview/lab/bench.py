"""``fineview bench``: speed and memory of this machine, printed and never asserted.

Ratios come from interleaved pairs in one run, because timings on two cores wobble by a third; every figure stands
beside its goal, and beside the peer or the ceiling where there is one.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fineview.lab.figures import Figure, Figures, machine_words

if TYPE_CHECKING:
    from fineview.app import App

PAIRS = 10


def run_bench(what: str, app: App, path: Path | None) -> Figures:
    """Run one bench: vision, open, view, demo or start."""
    from fineview.lab import bench_demo, bench_open, bench_view, bench_vision

    runs: dict[str, Callable[[], list[Figure]]] = {
        "vision": lambda: bench_vision.run(app), "open": lambda: bench_open.run(app, path),
        "view": bench_view.run, "demo": bench_demo.run, "start": bench_demo.run_start}
    return Figures(tuple(runs[what]()), 0, machine_words())


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def timed(name: str, work: Callable[[], object], goal_s: float | None, repeats: int = PAIRS,
          baselines: dict[str, float] | None = None) -> Figure:
    """Median of ``repeats`` calls with its range, in milliseconds."""
    found = sorted(seconds(work) * 1000 for _ in range(repeats))
    return figure_ms(name, found, goal_s, baselines)


def figure_ms(name: str, found_ms: list[float], goal_s: float | None,
              baselines: dict[str, float] | None = None) -> Figure:
    """Median of timings (ms) as a figure; the interval is from the smallest to the largest."""
    middle = statistics.median(found_ms)
    goal = goal_s * 1000 if goal_s is not None else None
    return Figure(name, round(middle, 2), "ms", len(found_ms), (round(min(found_ms), 2), round(max(found_ms), 2)), goal,
                  None if goal is None else middle <= goal, baselines or {})


def pairs(name: str, ours: Callable[[], object], peer: Callable[[], object], goal_ratio: float | None = None) -> Figure:
    """Median ratio of ours to the peer over interleaved pairs."""
    ratios, mine, theirs = [], [], []
    for number in range(PAIRS):
        first, second = (ours, peer) if number % 2 else (peer, ours)
        a, b = seconds(first), seconds(second)
        us, them = (a, b) if number % 2 else (b, a)
        mine.append(us * 1000)
        theirs.append(them * 1000)
        ratios.append(us / them)
    middle = statistics.median(ratios)
    return Figure(name, round(middle, 3), "ratio", PAIRS, (round(min(ratios), 3), round(max(ratios), 3)), goal_ratio,
                  None if goal_ratio is None else middle <= goal_ratio,
                  {"ours_ms": round(statistics.median(mine), 2), "peer_ms": round(statistics.median(theirs), 2)})
