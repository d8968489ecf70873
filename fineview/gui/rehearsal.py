"""The window driven without hands, for ``fineview bench``: the same gestures, with a heart that beats beside them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer

from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.start import application
from fineview.gui.theme import apply_theme
from fineview.services.jobs import Post
from fineview.services.workbench import Workbench

BEAT_MS = 5


class Heartbeat(QObject):
    """A 5 ms timer on the GUI thread; ``late_ms``: by how much each beat came later than it should."""

    def __init__(self) -> None:
        super().__init__()
        self.late_ms: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.late_ms.append(max(0.0, (now - self._last) * 1000 - BEAT_MS))
        self._last = now


@dataclass
class Story:
    """What a rehearsed main job took, in milliseconds."""

    late_ms: list[float] = field(default_factory=list)
    window_ms: float = 0.0
    first_image_ms: float = 0.0
    decoded_at_first_image: int = 0
    frames: int = 0
    first_map_ms: float = 0.0
    report_ms: float = 0.0
    cancel_ms: float = 0.0
    lane_ready_ms: float = 0.0


def wait(until: Callable[[], bool], seconds: float = 120.0) -> float:
    """Let the event loop run until ``until`` holds; returns the milliseconds.  Raises ``TimeoutError``."""
    started, loop = time.perf_counter(), QEventLoop()
    while not until():
        if time.perf_counter() - started > seconds:
            raise TimeoutError("the window did not get there")
        loop.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
    return (time.perf_counter() - started) * 1000


def main_job(factory: Callable[[Post], Workbench], study: Path, out: Path) -> Story:
    """Open ``study``, show DAR, cancel an encoding, export a report into ``out``; the heart beats all along."""
    story, started = Story(), time.perf_counter()
    apply_theme(application(), "dark")
    bench = factory(Mailbox().post)
    window = MainWindow(bench, first_run=False)
    window.show()
    wait(window.isVisible)
    story.window_ms = (time.perf_counter() - started) * 1000
    heart = Heartbeat()
    heart.start()
    session = bench.session
    bench.open.paths([study])
    story.first_image_ms = wait(lambda: session.raster is not None)
    story.decoded_at_first_image = _decoded(bench)
    wait(lambda: not session.progress)
    story.frames = len(session.series.frames) if session.series else 0
    bench.explain.overlay("dar")
    story.first_map_ms = wait(lambda: window.state is not None and window.state.overlay is not None)
    _cancel(bench, story)
    done: list[object] = []
    bench.report.export(out, ("pdf", "html", "json"), done=lambda paths: done.append(paths))
    story.report_ms = wait(lambda: bool(done))
    heart.stop()
    story.late_ms = heart.late_ms
    window.close()
    return story


def _decoded(bench: Workbench) -> int:
    from fineview.core.study import FrameKey

    series = bench.session.series
    if series is None:
        return 0
    return sum(FrameKey(series.uid, index) in bench.session.rasters for index in range(len(series.frames)))


def _cancel(bench: Workbench, story: Story) -> None:
    """Start encoding another frame, cancel it in the middle, and see how soon the lane takes new work."""
    bench.open.step(1)
    wait(lambda: bench.session.raster is not None)
    bench.explain.analyse()
    wait(lambda: "model" in bench.session.progress)
    wait(_after(0.1))
    started = time.perf_counter()
    bench.cancel("model")
    story.cancel_ms = wait(lambda: "model" not in bench.session.progress)
    bench.explain.analyse()
    wait(lambda: bench.session.analysis is not None)
    story.lane_ready_ms = (time.perf_counter() - started) * 1000


def _after(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() >= end
