"""The line at the bottom: what is being worked on, how far, Cancel; device, what is saved, research use."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from fineview.gui.theme import as_panel
from fineview.gui.wording import tr
from fineview.services.session import Progress
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench

_TELL_AFTER_S = 2.0
_WATCH_MS = 5000


def remaining_words(progress: Progress, now: float) -> str:
    """A remaining time once two seconds have passed and the end is known: "about 12 s left"."""
    spent = now - progress.started
    if spent < _TELL_AFTER_S or progress.total <= 0 or progress.done <= 0:
        return ""
    left = spent * (progress.total - progress.done) / progress.done
    return tr("about {0} s left").format(max(1, round(left)))


def progress_words(progress: Progress, now: float) -> str:
    share = f"{100 * progress.done / progress.total:.0f} %" if progress.total > 0 else ""
    return "  ".join(part for part in (progress.words, share, remaining_words(progress, now)) if part)


class Running(QWidget):
    """One lane: words, a thin bar, Cancel."""

    def __init__(self, lane: str, cancel: Callable[[str], None]) -> None:
        super().__init__()
        self.words, self.bar = QLabel(), QProgressBar()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(96)
        self.bar.setAccessibleName(tr("Progress"))
        stop = QPushButton(tr("Cancel"))
        stop.setObjectName("link")
        stop.setAccessibleName(f"{tr('Cancel')}: {lane}")
        stop.clicked.connect(lambda: cancel(lane))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        for one in (self.words, self.bar, stop):
            row.addWidget(one)

    def show_progress(self, progress: Progress) -> None:
        self.words.setText(progress_words(progress, time.monotonic()))
        self.bar.setRange(0, 1000 if progress.total > 0 else 0)
        if progress.total > 0:
            self.bar.setValue(round(1000 * progress.done / progress.total))


class Status(QWidget):
    WATCHES = frozenset({"progress", "analysis", "saved_text", "memory_text"})
    memory_wanted = Signal()

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        as_panel(self, "status")
        self._bench = bench
        self._lanes: dict[str, Running] = {}
        self.device, self.saved = QLabel(), QLabel()
        self.memory = QPushButton()
        self.memory.setObjectName("link")
        self.memory.setToolTip(tr("Memory for pictures: used, and the limit. Click to change it"))
        self.memory.clicked.connect(self.memory_wanted)
        research = QLabel(tr("Research use only"))
        research.setObjectName("warning")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 2, 12, 2)
        self._row.setSpacing(16)
        self._row.addStretch(1)
        for one in (self.device, self.saved):
            one.setObjectName("quiet")
            self._row.addWidget(one)
        self._row.addWidget(self.memory)
        self._row.addWidget(research)
        self.setMinimumHeight(28)
        watch = QTimer(self)
        watch.timeout.connect(bench.memory.watch)
        watch.start(_WATCH_MS)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        running = {progress.lane: progress for progress in state.progress}
        for gone in self._lanes.keys() - running.keys():
            lane = self._lanes.pop(gone)
            lane.hide()
            self._row.removeWidget(lane)
            lane.deleteLater()
        for name, progress in running.items():
            if name not in self._lanes:
                self._lanes[name] = Running(name, self._bench.cancel)
                self._row.insertWidget(len(self._lanes) - 1, self._lanes[name])
            self._lanes[name].show_progress(progress)
        analysis = state.analysis
        self.device.setText(f"{analysis.device} {analysis.dtype}" if analysis else "")
        self.saved.setText(state.saved_text)
        self.memory.setText(state.memory_text)
        self.memory.setAccessibleName(tr("Memory for pictures: {0}").format(state.memory_text))
        self.memory.setVisible(bool(state.memory_text))
