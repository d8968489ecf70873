"""Where source pixels lie on screen, and the exact way back.

One affine map does everything: aspect, then mirror, then quarter turns, then zoom.  Source pixels follow the corner
convention of ``core.geometry``: the corner of the top-left pixel is (0, 0).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QTransform

from fineview.core.geometry import Point
from fineview.core.orientation import ViewTransform

ZOOM_RANGE = (0.02, 64.0)


@dataclass(frozen=True, slots=True)
class Placement:
    """``zoom``: logical screen pixels per source column.  ``centre``: the source point in the middle of the widget.

    ``aspect``: displayed height of a source pixel over its width.  ``width``, ``height``: the widget's size.
    """

    width: float = 1.0
    height: float = 1.0
    centre: Point = (0.0, 0.0)
    zoom: float = 1.0
    aspect: float = 1.0
    transform: ViewTransform = ViewTransform()

    def turning(self) -> QTransform:
        """Aspect, mirror, turn and zoom, without the shift."""
        made = QTransform().scale(self.zoom, self.zoom).rotate(90.0 * (self.transform.quarter_turns % 4))
        return made.scale(-1.0 if self.transform.mirrored else 1.0, self.aspect)

    def matrix(self) -> QTransform:
        """Source pixels to widget coordinates."""
        shift = QTransform.fromTranslate(-self.centre[0], -self.centre[1])
        return shift * self.turning() * QTransform.fromTranslate(self.width / 2, self.height / 2)

    def to_screen(self, point: Point) -> QPointF:
        return self.matrix().map(QPointF(*point))

    def to_source(self, position: QPointF) -> Point:
        inverse, _ = self.matrix().inverted()
        mapped = inverse.map(position)
        return (mapped.x(), mapped.y())

    def column_px(self) -> float:
        """Screen pixels that one source column is wide."""
        return self.zoom

    def row_px(self) -> float:
        """Screen pixels that one source row is high."""
        return self.zoom * self.aspect

    def fitted(self, rows: int, cols: int, margin: float = 0.0) -> Placement:
        """The whole picture in the middle, as large as it goes."""
        unit = replace(self, zoom=1.0).turning().mapRect(QRectF(0, 0, max(cols, 1), max(rows, 1)))
        space = (max(self.width - 2 * margin, 8.0), max(self.height - 2 * margin, 8.0))
        zoom = min(space[0] / unit.width(), space[1] / unit.height())
        return replace(self, zoom=_clamped(zoom), centre=(cols / 2, rows / 2))

    def zoomed(self, factor: float, about: QPointF) -> Placement:
        """Zoom so that the source point under ``about`` stays there."""
        anchor = self.to_source(about)
        larger = replace(self, zoom=_clamped(self.zoom * factor))
        moved = larger.to_source(about)
        return replace(larger, centre=(self.centre[0] + anchor[0] - moved[0], self.centre[1] + anchor[1] - moved[1]))

    def panned(self, dx: float, dy: float) -> Placement:
        """Drag the picture by screen pixels."""
        here = self.to_source(QPointF(self.width / 2 - dx, self.height / 2 - dy))
        return replace(self, centre=here)

    def kept_inside(self, rows: int, cols: int) -> Placement:
        """The middle of the widget always shows a part of the picture."""
        x, y = self.centre
        return replace(self, centre=(min(max(x, 0.0), float(cols)), min(max(y, 0.0), float(rows))))


def _clamped(zoom: float) -> float:
    return min(max(zoom, ZOOM_RANGE[0]), ZOOM_RANGE[1])
