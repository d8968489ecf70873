"""One plane cut through a volume: its picture, the lines where the other two planes cross it, and a hand to move them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent

from fineview.core.geometry import Point
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.cross_lines import paint_cross_lines
from fineview.gui.wording import tr
from fineview.services.plane_view import PlanesView, markers, origin_words, position_words

_WIDE_PX = 400
_KEYS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}


class PlaneCanvas(Canvas):
    """``crossed`` carries the place of the picture, in its pixels, where the planes shall cross.

    Nothing is drawn here: marks belong to the acquired frames.
    """

    crossed = Signal(object)

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._view: PlanesView | None = None
        self._window_text = ""
        self._shown: NDArray[np.uint8] | None = None
        self.setAccessibleName(tr("Plane of the volume"))
        self.setCursor(Qt.CursorShape.CrossCursor)

    def show_view(self, view: PlanesView, window_text: str) -> None:
        picture = view.pictures[self._number] if view.pictures else None
        self._view = view
        self.message = "" if picture is not None else tr("Reading the volume …")
        if picture is None:
            self.set_picture(None, 0, 0)
            return
        self.spacing, self.markers = picture.cut.spacing, markers(view, self._number)
        name, where = tr(picture.cut.plane.name), position_words(view, self._number)
        self.setAccessibleName(tr("{0} plane at {1}").format(name, where))
        self.top_lines = (f"{name}  {where}", *origin_words(view, picture))
        self._window_text = window_text
        self._say_less()
        if self.base.empty or self._shown is not picture.image:
            self._shown = picture.image
            self.set_picture(picture.image, *picture.image.shape[:2])
        self.update()

    def _say_less(self) -> None:
        """In a small pane the scale bar needs the room."""
        note = tr("marks are on acquired frames") if self.width() >= _WIDE_PX else ""
        self.bottom_lines = (note, self._window_text)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._say_less()

    @property
    def cross(self) -> Point | None:
        """Where the planes cross on this picture, in its pixels."""
        if self._view is None or not self._view.pictures:
            return None
        return self._view.pictures[self._number].cut.to_pixel(self._view.point_mm)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() is Qt.MouseButton.LeftButton:
            self._cross_at(event.position())
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mouseMoveEvent(event)
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._cross_at(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        way, cross = _KEYS.get(Qt.Key(event.key())), self.cross
        if way is None or cross is None:
            super().keyPressEvent(event)
        else:
            self.crossed.emit((cross[0] + way[0], cross[1] + way[1]))

    def _cross_at(self, position: QPointF) -> None:
        if not self.base.empty:
            self.crossed.emit(self.placement.to_source(position))

    def paint_marks(self, painter: QPainter) -> None:
        cross = self.cross
        if cross is None or self._hidden:
            return
        at = self.placement.to_screen(cross)
        level = QPointF(0, at.y()), QPointF(self.width(), at.y())
        upright = QPointF(at.x(), 0), QPointF(at.x(), self.height())
        paint_cross_lines(painter, (level, upright), at)
