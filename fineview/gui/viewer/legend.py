"""Under the picture: what the overlay is, who made it, and its colours with numbers."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from fineview.gui.elided import Elided
from fineview.gui.viewer.layers import to_qimage
from fineview.gui.wording import tr
from fineview.services.snapshot import OverlayState, ViewState


class ColourBar(QWidget):
    """The 256 colours of a map, low to the left."""

    def __init__(self) -> None:
        super().__init__()
        self._image = QImage()
        self.setFixedSize(QSize(140, 10))
        self.setAccessibleName(tr("Colour scale of the overlay"))

    def set_colours(self, bar: np.ndarray | None) -> None:
        self._image = QImage() if bar is None else to_qimage(np.ascontiguousarray(bar[None, :, :]))
        self.setVisible(bar is not None)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        if not self._image.isNull():
            painter.drawImage(QRectF(self.rect()), self._image, QRectF(self._image.rect()))
        painter.end()


class Legend(QWidget):
    WATCHES = frozenset({"overlay", "overlay_pending", "overlay_missing", "overlay_wishes", "frame_key", "beside",
                         "lines_text"})

    def __init__(self) -> None:
        super().__init__()
        self._words, self._drawn = Elided(), ""
        self._low, self._high, self._bar = QLabel(), QLabel(), ColourBar()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self._words, 1)
        for one in (self._low, self._bar, self._high):
            row.addWidget(one)
        self._fill(None, tr("No overlay. Choose one under Overlays."))

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        self._drawn = state.lines_text
        side = tr("First: ") if state.beside == "overlay" else ""
        if state.overlay is not None:
            self._fill(state.overlay, side + state.overlay.legend)
        elif state.overlay_missing:
            self._fill(None, side + state.overlay_missing)
        elif state.overlay_pending:
            self._fill(None, side + tr("The overlay is being computed …"))
        elif state.overlay_wishes.kind != "none":
            self._fill(None, side + tr("Overlays hidden while the key is held."))
        else:
            self._fill(None, side + tr("No overlay. Choose one under Overlays."))

    def show_other(self, state: ViewState) -> None:
        """The overlay of the picture beside."""
        side = tr("Second: ")
        if state.other is not None:
            self._fill(state.other, side + state.other.legend)
        elif state.other_missing:
            self._fill(None, side + state.other_missing)
        elif state.other_wishes is None or state.other_wishes.kind == "none":
            self._fill(None, side + tr("no overlay"))
        else:
            self._fill(None, side + tr("the overlay is being computed …"))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        # Whose map it is matters more than a long colour bar.
        self._bar.setFixedWidth(140 if self.width() >= 640 else 64)
        super().resizeEvent(event)

    def words(self) -> str:
        return self._words.text()

    def _fill(self, overlay: OverlayState | None, words: str) -> None:
        self._words.setText(f"{words}  ·  {self._drawn}" if self._drawn else words)
        self._words.setObjectName("" if overlay else "quiet")
        self._words.style().polish(self._words)
        ticks = overlay.ticks if overlay else None
        self._low.setText(f"{ticks[0]:.3g}" if ticks else "")
        self._high.setText(f"{ticks[1]:.3g}" if ticks else "")
        self._bar.set_colours(overlay.bar if overlay else None)
