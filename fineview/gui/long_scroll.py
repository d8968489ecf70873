"""The window driven through a study that is larger than its memory budget, for ``fineview bench open``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.rehearsal import wait
from fineview.gui.start import application
from fineview.gui.theme import apply_theme
from fineview.services.jobs import Post
from fineview.services.session import Session
from fineview.services.workbench import Workbench

_PLACES = 5  # where the person stops: beginning, quarters, end
_STEPS = 60  # frames scrolled through at each


@dataclass
class Walk:
    """``held_bytes``: the most that was counted; ``at_hand``: shown frames that were decoded before they were wanted.
    """

    frames: int = 0
    held_bytes: int = 0
    shown: int = 0
    at_hand: int = 0
    seconds: float = 0.0


def walk_through(factory: Callable[[Post], Workbench], study: Path, budget_bytes: int) -> Walk:
    """Open ``study`` under a budget; stop at places all over it, let frames load, scroll on from there."""
    apply_theme(application(), "dark")
    bench = factory(Mailbox().post)
    bench.memory.set_budget(budget_bytes)
    window = MainWindow(bench, first_run=False)
    window.show()
    walk, session, started = Walk(), bench.session, time.perf_counter()
    leave = session.subscribe(lambda: _note(walk, session))
    bench.open.paths([study])
    wait(lambda: session.raster is not None and not session.progress, seconds=600)
    assert session.series is not None
    walk.frames = len(session.series.frames)
    for place in range(_PLACES):
        _show(bench, walk, place * (walk.frames - 1) // (_PLACES - 1), count=False)
        wait(lambda: not session.progress, seconds=600)
        for _ in range(_STEPS):
            _show(bench, walk, session.index + (1 if place < _PLACES - 1 else -1), count=True)
    walk.seconds = time.perf_counter() - started
    leave()
    window.close()
    return walk


def _show(bench: Workbench, walk: Walk, index: int, count: bool) -> None:
    session = bench.session
    bench.open.show_frame(index)
    if count:
        walk.shown += 1
        walk.at_hand += session.raster is not None
    wait(lambda: session.raster is not None)


def _note(walk: Walk, session: Session) -> None:
    walk.held_bytes = max(walk.held_bytes, session.memory_used)
