"""Frames: a slider, play with frames per second, and which frame of how many."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QSpinBox, QToolButton, QWidget

from fineview.gui import icons
from fineview.gui.wording import tr
from fineview.services.snapshot import ViewState


class FrameBar(QWidget):
    """``wanted`` carries a frame index.  The timer runs only while playing and visible."""

    WATCHES = frozenset({"series", "index", "companions"})
    wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._count, self._index = 0, 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._next)
        self._play = QToolButton()
        self._play.setCheckable(True)
        self._play.setAccessibleName(tr("Play frames"))
        self._play.setToolTip(tr("Play or stop (P)"))
        self._play.toggled.connect(self.play)
        self._rate = QSpinBox()
        self._rate.setRange(1, 60)
        self._rate.setValue(10)
        self._rate.setSuffix(tr(" fps"))
        self._rate.setAccessibleName(tr("Frames per second"))
        self._rate.valueChanged.connect(lambda value: self._timer.setInterval(round(1000 / value)))
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName(tr("Frame"))
        self._slider.setPageStep(10)
        self._slider.valueChanged.connect(self._slid)
        self._words = QLabel()
        self._words.setMinimumWidth(self._words.fontMetrics().horizontalAdvance("0000 / 0000 \u2691"))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        for one, stretch in ((self._play, 0), (self._rate, 0), (self._slider, 1), (self._words, 0)):
            row.addWidget(one, stretch)
        self._dress()

    def _dress(self) -> None:
        playing = self._timer.isActive()
        icons.dress(self._play, "pause" if playing else "play")

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    def toggle(self) -> None:
        self._play.toggle()

    def play(self, on: bool) -> None:
        if on and self._count > 1 and self.isVisible():
            self._timer.start(round(1000 / self._rate.value()))
        else:
            self._timer.stop()
        self._play.setChecked(self._timer.isActive())
        self._dress()

    def _next(self) -> None:
        self.wanted.emit((self._index + 1) % max(self._count, 1))

    def _slid(self, value: int) -> None:
        # Only a hand on the slider differs from what is shown: showing a state sets the value it already has.
        if value != self._index:
            self.wanted.emit(value)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        count = len(state.series.frames) if state.series else 0
        if "series" in changed and count != self._count:
            self.play(False)
        self._count, self._index = count, state.index
        self._slider.setRange(0, max(count - 1, 0))
        self._slider.setValue(state.index)
        flag = " \u2691" if state.index in state.companions.key_frames else ""
        self._words.setText(f"{state.index + 1} / {count}{flag}" if count else "")
        self._words.setToolTip(tr("Key image: {0}").format(state.companions.key_words) if flag else "")
        self.setVisible(count > 1)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        self.play(False)
        super().hideEvent(event)
