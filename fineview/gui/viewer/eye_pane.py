"""What the encoder saw: its own input with the tiles on it, its global view, and a loupe on both kinds of pixels.

Everything shown comes from ``services.eye``; nothing is read back from a widget.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from fineview.core.geometry import Box, Point
from fineview.gui.theme import DARK
from fineview.gui.viewer import furniture
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.layers import to_qimage
from fineview.gui.wording import tr
from fineview.services.eye import EyeView, Patch, loupe

_GAP = 8.0
_CAPTION = 18.0


class EyeCanvas(Canvas):
    """The fine branch's input, in its own pixels, with the tile borders and the place of the picture drawn in."""

    def __init__(self) -> None:
        super().__init__()
        self._view: EyeView | None = None
        self.tool = "pan"

    def set_view(self, view: EyeView | None) -> None:
        self._view = view
        if view is None:
            self.set_picture(None, 0, 0)
        else:
            self.set_picture(view.eye.canvas, *view.eye.canvas.shape[:2])

    def paint_marks(self, painter: QPainter) -> None:
        if self._view is None:
            return
        matrix = self.placement.matrix()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        edge = QColor(DARK.accent)
        for box, ink, width in (*((tile, edge, 1.4) for tile in self._view.eye.tiles),
                                (self._view.eye.picture, QColor(DARK.warning), 1.0)):
            place = matrix.mapRect(QRectF(box.x, box.y, box.w, box.h))
            for pen in (QPen(QColor(0, 0, 0, 150), width + 1.6), QPen(ink, width)):
                painter.setPen(pen)
                painter.drawRect(place)


class LoupePair(QWidget):
    """Three squares: the file's pixels, the encoder's pixels of the same place, and the global view."""

    def __init__(self) -> None:
        super().__init__()
        self._view: EyeView | None = None
        self._whole = QImage()
        self.point: Point | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Loupe: the file's pixels and the encoder's pixels of the same place"))

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(360, 150)

    def set_view(self, view: EyeView | None) -> None:
        self._view = view
        whole = view.eye.whole if view is not None else None
        self._whole = to_qimage(whole) if whole is not None else QImage()
        self.update()

    def look_at(self, point: Point | None) -> None:
        """``point`` in source pixels; None keeps the last one."""
        if point is not None:
            self.point = point
            self.update()

    def squares(self) -> tuple[QRectF, QRectF, QRectF]:
        """Where the three pictures lie."""
        side = min((self.width() - 2 * _GAP) / 3, self.height() - _CAPTION)
        return tuple(QRectF(i * (side + _GAP), _CAPTION, side, side) for i in range(3))  # type: ignore[return-value]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        native, model, whole = self.squares()
        captions = (tr("file's pixels"), tr("encoder's pixels"), tr("global view") if not self._whole.isNull() else "")
        painter.setPen(self.palette().color(self.foregroundRole()))
        for square, words in zip((native, model, whole), captions, strict=True):
            shown = self.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, round(square.width()))
            painter.drawText(QRectF(square.x(), 0, square.width(), _CAPTION), Qt.AlignmentFlag.AlignVCenter, shown)
        found = loupe(self._view, self.point) if self._view is not None and self.point is not None else None
        for square, patch in ((native, found.native if found else None), (model, found.model if found else None)):
            painter.fillRect(square, QColor(DARK.picture))
            if found is not None and patch is not None:
                _paint_patch(painter, square, found.area, patch)
                furniture.paint_pointer(painter, square.center())
        if not self._whole.isNull():
            painter.fillRect(whole, QColor(DARK.picture))
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(_inside(whole, self._whole), self._whole, QRectF(self._whole.rect()))
        painter.end()


def _paint_patch(painter: QPainter, square: QRectF, area: Box, patch: Patch) -> None:
    """Each pixel as a block, at its own place within the area."""
    if 0 in patch.pixels.shape:
        return
    scale = square.width() / area.w
    place = QRectF(square.x() + (patch.box.x - area.x) * scale, square.y() + (patch.box.y - area.y) * scale,
                   patch.box.w * scale, patch.box.h * scale)
    image = to_qimage(patch.pixels)
    painter.save()
    painter.setClipRect(square)
    painter.drawImage(place, image, QRectF(image.rect()))
    painter.restore()


def _inside(square: QRectF, image: QImage) -> QRectF:
    scale = min(square.width() / image.width(), square.height() / image.height())
    made = QRectF(0, 0, image.width() * scale, image.height() * scale)
    made.moveCenter(QPointF(square.center()))
    return made


class EyePane(QWidget):
    """``hovered`` carries source pixels of the frame, or None."""

    hovered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.canvas, self.loupe = EyeCanvas(), LoupePair()
        self.canvas.setAccessibleName(tr("The encoder's input with its tiles"))
        self.title, self.words = QLabel(), QLabel()
        self.words.setObjectName("quiet")
        for one in (self.title, self.words):
            one.setTextFormat(Qt.TextFormat.PlainText)
            one.setWordWrap(True)
        self._parts = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        below = QVBoxLayout()
        below.addWidget(self.words)
        below.addWidget(self.loupe)
        below.addStretch(0)
        self._parts.addWidget(self.canvas, 1)
        self._parts.addLayout(below)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        column.addWidget(self.title)
        column.addLayout(self._parts, 1)
        self._view: EyeView | None = None
        self.canvas.hovered.connect(self._from_canvas)
        self.show_view(None, "")

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """A flat pane has its words and loupe beside the input, a tall one below it."""
        flat = self.width() > 1.2 * self.height()
        self._parts.setDirection(QBoxLayout.Direction.LeftToRight if flat else QBoxLayout.Direction.TopToBottom)
        self._parts.setStretch(1, 1 if flat else 0)
        super().resizeEvent(event)

    def show_view(self, view: EyeView | None, waiting: str) -> None:
        """``waiting``: what to say while there is nothing to show."""
        self._view = view
        self.canvas.set_view(view)
        self.canvas.message = "" if view is not None else waiting
        self.loupe.set_view(view)
        if view is not None and self.loupe.point is None:
            rows, cols = view.native.shape[:2]
            self.loupe.look_at((cols / 2, rows / 2))
        self.title.setText(tr("What {0} saw").format(view.model.short) if view else tr("What the encoder saw"))
        self.words.setText(f"{view.eye.words}. {view.loss_words()}." if view is not None else "")
        self.look_at(self.loupe.point)

    def look_at(self, point: Point | None) -> None:
        """The cursor is at ``point`` of the frame, in source pixels; outside the picture the last place stays."""
        outside = self._view is not None and point is not None and loupe(self._view, point) is None
        self.loupe.look_at(None if outside else point)
        if self._view is not None and self.loupe.point is not None:
            self.canvas.point_at(self._view.on_canvas(self.loupe.point))

    def _from_canvas(self, point: Point | None) -> None:
        source = self._view.on_source(point) if self._view is not None and point is not None else None
        if source is not None and self._view is not None and loupe(self._view, source) is not None:
            self.loupe.look_at(source)
        self.hovered.emit(source)
