"""Timings as figures: medians with their range, and ratios from interleaved pairs of one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from fineview.lab.figures import Figure

PAIRS = 10


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
