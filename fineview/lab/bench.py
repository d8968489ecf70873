"""``fineview bench``: speed and memory of this machine, printed and never asserted.

Ratios come from interleaved pairs in one run, because timings on two cores wobble by a third; every figure stands
beside its goal, and beside the peer or the ceiling where there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fineview.lab import bench_codecs, bench_demo, bench_follow, bench_open, bench_planes, bench_view, bench_vision
from fineview.lab.figures import Figure, Figures, machine_words

if TYPE_CHECKING:
    from fineview.app import App


def run_bench(what: str, app: App, path: Path | None, only: tuple[str, ...] = (),
              study_gb: float = 5.0) -> Figures:
    """Run one bench: vision, open, view, codecs, demo or start.  ``only``: these parts of it, where it has parts.

    ``study_gb``: size of the study that "open" opens under a memory budget of 2 GB.
    """
    runs: dict[str, Callable[[], list[Figure]]] = {
        "vision": lambda: bench_vision.run(app, only), "open": lambda: bench_open.run(app, path, only, study_gb),
        "view": lambda: [*bench_view.run(app), *bench_follow.run(app), *bench_planes.run(app)],
        "codecs": lambda: bench_codecs.run(app, path), "demo": bench_demo.run, "start": bench_demo.run_start}
    return Figures(tuple(runs[what]()), 0, machine_words())
