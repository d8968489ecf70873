"""Frames: a slider, play with frames per second, and which frame of how many."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from fineview.core.study import Series
from fineview.gui import icons
from fineview.gui.viewer.cine import Cine
from fineview.gui.wording import tr
from fineview.services.snapshot import ViewState

_SLOWEST, _FASTEST, _USUAL = 1.0, 60.0, 10.0
# A frame that is not in memory yet is asked after this often.
_PATIENCE_MS = 5


class FrameBar(QWidget):
    """``wanted`` carries a frame index.  The timer runs only while playing and visible.

    Playing goes by the clock of ``cine``: a frame that comes late is dropped, one that must first be read is waited
    for, and how many a second did come on screen stands beside what was set.
    """

    WATCHES = frozenset({"series", "index", "companions", "image"})
    wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._count, self._index, self._series, self._there = 0, 0, "", False
        self.cine = Cine()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._next)
        self._playing = False
        self._play = QToolButton()
        self._play.setCheckable(True)
        self._play.setAccessibleName(tr("Play frames"))
        self._play.setToolTip(tr("Play or stop"))
        self._play.toggled.connect(self.play)
        self.rate = self._rate_field()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName(tr("Frame"))
        self._slider.setPageStep(10)
        self._slider.valueChanged.connect(self._slid)
        self.real, self._words = QLabel(), QLabel()
        self.real.setObjectName("quiet")
        self.real.setToolTip(tr("Frames that did come on screen in a second"))
        self.real.setMinimumWidth(self.real.fontMetrics().horizontalAdvance(tr("{0} shown").format("00.0")))
        self._words.setMinimumWidth(self._words.fontMetrics().horizontalAdvance("0000 / 0000 \u2691"))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        for one, stretch in ((self._play, 0), (self.rate, 0), (self.real, 0), (self._slider, 1), (self._words, 0)):
            row.addWidget(one, stretch)
        self.real.hide()
        self._dress()

    def _rate_field(self) -> QDoubleSpinBox:
        made = QDoubleSpinBox()
        made.setRange(_SLOWEST, _FASTEST)
        made.setDecimals(1)
        made.setValue(_USUAL)
        made.setSuffix(tr(" fps"))
        made.setAccessibleName(tr("Frames per second"))
        made.valueChanged.connect(lambda _: self.play(self._playing))
        return made

    def _dress(self) -> None:
        icons.dress(self._play, "pause" if self._playing else "play")

    @property
    def playing(self) -> bool:
        return self._playing

    def toggle(self) -> None:
        self._play.toggle()

    def play(self, on: bool) -> None:
        self._playing = on and self._count > 1 and self.isVisible()
        self._timer.stop()
        if self._playing:
            self.cine.start(self._index, self._count, self.rate.value())
            self._schedule()
        self.real.setVisible(self._playing)
        self.real.setText("")
        self._play.setChecked(self._playing)
        self._dress()

    def _schedule(self) -> None:
        self._timer.start(math.ceil(1000 * self.cine.wait_s()) if self._there else _PATIENCE_MS)

    def _next(self) -> None:
        due = self.cine.due()
        if self._there and due != self._index:
            self.wanted.emit(due)
        if self._playing:
            self._schedule()

    def _slid(self, value: int) -> None:
        # Only a hand on the slider differs from what is shown: showing a state sets the value it already has.
        if value != self._index:
            self.wanted.emit(value)
            self.play(self._playing)  # on from there

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        count = len(state.series.frames) if state.series else 0
        if "series" in changed and count != self._count:
            self.play(False)
        moved = state.index != self._index or state.image is not None and not self._there
        self._count, self._index, self._there = count, state.index, state.image is not None
        self._begin_with(state.series)
        if self._playing and moved and self._there:
            self._tell_rate()
        self._slider.setRange(0, max(count - 1, 0))
        self._slider.setValue(state.index)
        flag = " \u2691" if state.index in state.companions.key_frames else ""
        self._words.setText(f"{state.index + 1} / {count}{flag}" if count else "")
        self._words.setToolTip(tr("Key image: {0}").format(state.companions.key_words) if flag else "")
        self.setVisible(count > 1)

    def _begin_with(self, series: Series | None) -> None:
        """Another series begins at the speed its file gives; where it gives none, at the one set last."""
        if series is None or series.uid == self._series:
            return
        self._series = series.uid
        if series.frame_rate is not None:
            self.rate.setValue(series.frame_rate)

    def _tell_rate(self) -> None:
        self.cine.note_shown()
        rate = self.cine.real_rate
        if rate is not None:
            self.real.setText(tr("{0} shown").format(f"{rate:.1f}"))

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        self.play(False)
        super().hideEvent(event)
