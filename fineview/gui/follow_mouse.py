"""The mouse drawn over the localizer with Shift held, and how long each B-scan takes to be on screen, for the bench.

The whole way is gone: a mouse event at the widget, the session's index, reading and decoding in the reading child where
the frame is not in memory yet, a snapshot, the paint.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent

from fineview.core.study import FrameKey
from fineview.gui.job_runner import Mailbox
from fineview.gui.main_window import MainWindow
from fineview.gui.rehearsal import wait
from fineview.gui.start import application
from fineview.gui.theme import apply_theme
from fineview.services.jobs import Post
from fineview.services.workbench import Workbench


class _Paints(QObject):
    """When the canvas has painted which B-scan."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__()
        self.seen: list[tuple[float, int]] = []
        self._window, self._bench = window, bench
        window.viewer.canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        state = self._window.state
        if event.type() is QEvent.Type.Paint and state is not None and state.image is not None:
            self.seen.append((time.perf_counter(), state.index))
        return False


def follow(factory: Callable[[Post], Workbench], path: Path, seconds: float) -> tuple[list[float], int]:
    """Open ``path`` and draw the mouse over all scan lines as soon as the first picture is there.

    Returns milliseconds from the mouse to the paint of that B-scan or of one asked for later, one a B-scan; and how
    many frames were in memory when it began.
    """
    apply_theme(application(), "dark")
    bench = factory(Mailbox().post)
    window = MainWindow(bench, first_run=False)
    window.resize(1500, 950)
    window.show()
    wait(window.isVisible)
    bench.open.paths([path])
    wait(lambda: window.state is not None and window.state.image is not None and window.viewer.localizer.isVisible()
         and not window.viewer.localizer.base.empty)
    series = bench.session.series
    assert series is not None
    wait(lambda: not bench.session.progress)
    bench.session.rasters.clear()  # the reading child is awake by now; what it read is not there
    bench.open.show_series(series.uid)
    wait(lambda: bench.session.raster is not None)
    held = sum(FrameKey(series.uid, index) in bench.session.rasters for index in range(len(series.frames)))
    paints = _Paints(window, bench)
    asked = _drawn_over(window, bench, seconds)
    wait(lambda: bench.session.raster is not None)
    wait(lambda: bool(paints.seen) and paints.seen[-1][1] == asked[-1][1])
    late = [_until_seen(at, number, asked, paints.seen) for number, (at, _) in enumerate(asked)]
    window.close()
    return late, held


def _drawn_over(window: MainWindow, bench: Workbench, seconds: float) -> list[tuple[float, int]]:
    """Mouse events a hundred and twenty a second; (when, B-scan) of each that asked for another one."""
    localizer, series = window.viewer.localizer, bench.session.series
    assert series is not None
    lines = [frame.scan_line for frame in series.frames if frame.scan_line is not None]
    first, last = (localizer.placement.to_screen((sum(x for x, _ in line) / 2, sum(y for _, y in line) / 2))
                   for line in (lines[0], lines[-1]))
    asked: list[tuple[float, int]] = []
    localizer.jumped.connect(lambda index: asked.append((time.perf_counter(), index)))
    started = time.perf_counter()
    while (gone := (time.perf_counter() - started) / seconds) < 1.0:
        at = QPointF(first + (last - first) * gone)
        QCoreApplication.sendEvent(localizer, QMouseEvent(
            QEvent.Type.MouseMove, at, localizer.mapToGlobal(at), Qt.MouseButton.NoButton, Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ShiftModifier))
        until = time.perf_counter() + 1 / 120
        wait(lambda until=until: time.perf_counter() >= until)  # type: ignore[misc]
    return asked


def _until_seen(at: float, number: int, asked: list[tuple[float, int]], seen: list[tuple[float, int]]) -> float:
    """Milliseconds until this B-scan, or one that was asked for after it, was painted."""
    good = {index for _, index in asked[number:]}
    return 1000 * (next(when for when, index in seen if when >= at and index in good) - at)
