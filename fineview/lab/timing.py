"""Timings as figures: medians with their range, and ratios from interleaved pairs of one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

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


def pairs(name: str, ours: Callable[[], object], peer: Callable[[], object], goal_ratio: float | None = None,
          count: int = PAIRS) -> Figure:
    """Median ratio of ours to the peer over interleaved pairs: of the time, so less is better."""
    mine, theirs = interleaved((ours, peer), count)
    ratios = [us / them for us, them in zip(mine, theirs, strict=True)]
    return _ratio(name, ratios, mine, theirs, goal_ratio, higher=False)


def speedup(name: str, ours: Callable[[], object], peer: Callable[[], object], goal: float | None = None,
            count: int = PAIRS) -> Figure:
    """How many times faster ours is than the peer: median over interleaved pairs."""
    mine, theirs = interleaved((ours, peer), count)
    return _ratio(name, [them / us for us, them in zip(mine, theirs, strict=True)], mine, theirs, goal, higher=True)


def interleaved(works: Sequence[Callable[[], object]], count: int) -> list[list[float]]:
    """Seconds of each of ``works``, ``count`` rounds, the order turned round every other time."""
    found: list[list[float]] = [[] for _ in works]
    for turn in range(count):
        order = range(len(works)) if turn % 2 else reversed(range(len(works)))
        for number in order:
            found[number].append(seconds(works[number]))
    return found


def _ratio(name: str, ratios: list[float], mine: list[float], theirs: list[float], goal: float | None,
           higher: bool) -> Figure:
    middle = statistics.median(ratios)
    met = None if goal is None else middle >= goal if higher else middle <= goal
    interval = (round(min(ratios), 3), round(max(ratios), 3))
    return Figure(name, round(middle, 3), "ratio", len(ratios), interval, goal, met,
                  {"ours_ms": round(1000 * statistics.median(mine), 2),
                   "peer_ms": round(1000 * statistics.median(theirs), 2)})
