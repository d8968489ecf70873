"""The picture: base, overlay, marks and furniture in one raster paint, under one affine placement.

A plain widget with one matrix instead of a scene of items: the same matrix paints, maps the cursor back to source
pixels and finds marks, so the three cannot disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from fineview.core.finding import Finding
from fineview.core.geometry import Box, Point, Spacing
from fineview.core.layers import LayerLine
from fineview.core.orientation import ViewTransform
from fineview.core.region import Region
from fineview.gui.theme import DARK
from fineview.gui.viewer import furniture, marks
from fineview.gui.viewer.guest_layer import GuestLayer
from fineview.gui.viewer.hand import DRAWING, Hand
from fineview.gui.viewer.key_hand import KeyHand
from fineview.gui.viewer.layers import Layer, set_overlay
from fineview.gui.viewer.lines import Lines
from fineview.gui.viewer.placement import Placement
from fineview.services.snapshot import OverlayState
from fineview.services.wishes import Tool

_GROUND = QColor(DARK.picture)
# More marks than this carry their number alone; the one under the cursor and the selected one say all.
_MOST_WORDS = 8


class Canvas(QWidget):
    """Signals carry source pixels.  ``hovered`` None: the cursor left the widget.

    ``placed``: the picture lies elsewhere now; ``moved``: because a hand zoomed or panned it.
    ``pointer``: where the cursor is on a linked picture, or None.  ``set_down``: drawn by a key, to be moved by keys.
    """

    hovered = Signal(object)
    stepped = Signal(int)
    window_dragged = Signal(float, float)
    drawn = Signal(object)
    set_down = Signal(object)
    chosen = Signal(object)
    reshaped = Signal(str, object)
    clicked = Signal(object)
    maximised = Signal()
    held = Signal(bool)
    placed = Signal()
    moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.placement = Placement()
        self.tool: Tool = "window"
        self.selected: str | None = None
        self._under: str | None = None
        self.spacing = Spacing()
        self.markers: tuple[str, str, str, str] | None = None
        self.top_lines: tuple[str, ...] = ()
        self.bottom_lines: tuple[str, ...] = ()
        self.message = ""
        self.base, self.overlay, self.layer_lines = Layer(), Layer(), Lines()
        self.guests = GuestLayer()
        self.pointer: Point | None = None
        self.hand = Hand(self)
        self.key_hand = KeyHand(self.hand)
        self._size = (0, 0)
        self._findings: tuple[Finding, ...] = ()
        self._numbers: dict[str, int] = {}
        self._suggestions = True
        self._pointed: tuple[Box, str] | None = None
        self._hidden = False
        self._fitted = True
        self._wheel = 0
        self._press: QPointF | None = None
        self._last: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(480, 360)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(160, 120)

    # What is shown -------------------------------------------------------------------------------------------------

    def set_picture(self, image: NDArray[np.uint8] | None, rows: int, cols: int) -> None:
        """``image`` covers ``rows`` x ``cols`` source pixels, whatever its own size; None: nothing yet."""
        if image is None:
            self.base.clear()
        else:
            self.base.set(image, QRectF(0, 0, cols, rows))
        if (rows, cols) != self._size:
            self._size = (rows, cols)
            self.hand.let_go()
            self.fit()
        self.update()

    def set_overlay(self, overlay: OverlayState | None) -> None:
        set_overlay(self.overlay, overlay)
        self.update()

    def set_layer_lines(self, lines: Sequence[LayerLine]) -> None:
        self.layer_lines.set(lines)
        self.update()

    def set_placing(self, transform: ViewTransform, aspect: float) -> None:
        """Flip, turn and pixel shape; a fitted picture stays fitted."""
        if (transform, aspect) == (self.placement.transform, self.placement.aspect):
            return
        self._place(replace(self.placement, transform=transform, aspect=aspect))
        if self._fitted:
            self.fit()

    def shape(self) -> float:
        """Width of the picture over its height as it lies on screen."""
        unit = self.placement.turning().mapRect(QRectF(0, 0, max(self._size[1], 1), max(self._size[0], 1)))
        return unit.width() / unit.height()

    def set_marks(self, findings: Sequence[Finding], numbers: dict[str, int], selected: str | None,
                  suggestions: bool) -> None:
        self._findings, self._numbers = tuple(findings), numbers
        self.selected, self._suggestions = selected, suggestions
        self.key_hand.seen(self._findings)
        self.update()

    def set_pointed(self, pointed: tuple[Box, str] | None) -> None:
        """A box with words that is no mark; None: take it away."""
        self._pointed = pointed
        self.update()

    def set_tool(self, tool: Tool) -> None:
        self.tool = tool
        self.hand.let_go()
        drawing = tool in DRAWING
        shape = {"pan": Qt.CursorShape.OpenHandCursor, "zoom": Qt.CursorShape.SizeVerCursor}
        self.setCursor(Qt.CursorShape.CrossCursor if drawing else shape.get(tool, Qt.CursorShape.ArrowCursor))
        self.update()

    def let_go(self) -> None:
        """Forget a half drawn region or a half moved mark."""
        self.hand.let_go()
        self.update()

    def hide_marks(self, hidden: bool) -> None:
        if hidden != self._hidden:
            self._hidden = hidden
            self.update()

    # View ----------------------------------------------------------------------------------------------------------

    def show_area(self, box: Box) -> None:
        """A part of the picture as large as it goes."""
        self._fitted = False
        part = replace(self.placement, width=float(self.width()), height=float(self.height()))
        self._place(replace(part.fitted(round(box.h), round(box.w)), centre=box.centre))

    def fit(self) -> None:
        self._fitted = True
        sized = replace(self.placement, width=float(self.width()), height=float(self.height()))
        self._place(sized.fitted(*self._size) if all(self._size) else sized)

    def one_to_one(self) -> None:
        """One source column is one pixel of the screen."""
        target = 1.0 / self.devicePixelRatioF()
        self.zoom_by(target / self.placement.zoom)

    def zoom_by(self, factor: float, about: QPointF | None = None) -> None:
        self._fitted = False
        self._place(self.placement.zoomed(factor, about or QRectF(self.rect()).center()).kept_inside(*self._size))
        self.moved.emit()

    def pan_by(self, dx: float, dy: float) -> None:
        self._fitted = False
        self._place(self.placement.panned(dx, dy).kept_inside(*self._size))
        self.moved.emit()

    def follow(self, other: Placement) -> None:
        """Lie as another canvas does, within this one's own size."""
        wanted = replace(other, width=float(self.width()), height=float(self.height()))
        if wanted != self.placement:
            self._fitted = False
            self._place(wanted)

    def point_at(self, point: Point | None) -> None:
        """A cross where the cursor is on a linked picture; None: take it away."""
        self.pointer = point
        self.update()

    def show_region(self, box: Box) -> None:
        """Bring a region into view; the zoom stays unless the region is larger than the widget."""
        screen = self.placement.matrix().mapRect(QRectF(box.x, box.y, box.w, box.h))
        if not QRectF(self.rect()).contains(screen):
            self._fitted = False
            self._place(replace(self.placement, centre=box.centre))

    def _place(self, placement: Placement) -> None:
        self.placement = placement
        self.placed.emit()
        self.update()

    # Board of the hand ---------------------------------------------------------------------------------------------

    def picture_size(self) -> tuple[int, int]:
        return self._size

    def visible_marks(self) -> tuple[Finding, ...]:
        return () if self._hidden else marks.shown(self._findings, self.selected, self._suggestions)

    def drag_view(self, dx: float, dy: float, at: QPointF) -> None:
        if self.tool == "pan":
            self.pan_by(dx, dy)
        elif self.tool == "zoom":
            self.zoom_by(1.01 ** -dy, self._press)
        else:
            self.window_dragged.emit(dx, dy)

    def tell_drawn(self, region: Region) -> None:
        self.drawn.emit(region)

    def tell_set_down(self, region: Region) -> None:
        self.set_down.emit(region)

    def tell_selected(self, finding_id: str | None) -> None:
        self.chosen.emit(finding_id)

    def tell_reshaped(self, finding_id: str, region: Region) -> None:
        self.reshaped.emit(finding_id, region)

    # Events --------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._press = self._last = event.position()
        if event.button() is Qt.MouseButton.LeftButton and all(self._size):
            self.hand.press(event.position())
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        position = event.position()
        self.hovered.emit(self.placement.to_source(position))
        last, self._last = self._last or position, position
        delta = position - last
        if event.buttons() & Qt.MouseButton.RightButton:
            self.window_dragged.emit(delta.x(), delta.y())
        elif event.buttons() & Qt.MouseButton.MiddleButton:
            self.pan_by(delta.x(), delta.y())
        elif self.hand.move(position):
            self.update()
        if not event.buttons():
            self._look_under(position)

    def _look_under(self, position: QPointF) -> None:
        found = marks.hit(self.visible_marks(), self.placement.matrix(), position)
        under = found.id if found is not None else None
        if under != self._under:
            self._under = under
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() is Qt.MouseButton.LeftButton:
            moved = event.position() - (self._press or event.position())
            distance = abs(moved.x()) + abs(moved.y())
            self.hand.release(event.position(), distance)
            if distance < 3:
                self.clicked.emit(self.placement.to_source(event.position()))
            self.update()
        self._last = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if self.tool == "polygon":
            self.hand.close_polygon()
            self.update()
        elif self.tool not in DRAWING:
            self.maximised.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        turned = event.angleDelta().y() or event.angleDelta().x()
        event.accept()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(1.2 ** (turned / 120.0), event.position())
            return
        # A touch pad sends many small turns: a frame per 120, as of a wheel's notch.
        self._wheel += turned
        steps = int(self._wheel / 120)
        self._wheel -= steps * 120
        if steps:
            self.stepped.emit(-steps)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self.held.emit(True)
        elif self.key_hand.press(event):
            self.update()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self.held.emit(False)
        elif self.key_hand.release(event):
            self.update()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        # The release of a held key never arrives once the focus is elsewhere.
        self.held.emit(False)
        self.key_hand.settle()
        self.update()
        super().focusOutEvent(event)

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self.hovered.emit(None)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        if self._fitted:
            self.fit()
        else:
            self._place(replace(self.placement, width=float(self.width()), height=float(self.height())))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        matrix = self.placement.matrix()
        scale = (self.placement.column_px(), self.placement.row_px())
        self.base.paint(painter, matrix, *scale, crisp=True)
        self.overlay.paint(painter, matrix, *scale, crisp=False)
        if not self._hidden:
            self.guests.paint(painter, matrix, *scale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.layer_lines.paint(painter, matrix, QRectF(self.rect()))
        self.paint_marks(painter)
        self.hand.paint(painter, matrix)
        self._paint_furniture(painter)
        if self.pointer is not None:
            furniture.paint_pointer(painter, self.placement.to_screen(self.pointer))
        if self.hasFocus():
            furniture.paint_ring(painter, self.rect())
        painter.end()

    def paint_marks(self, painter: QPainter) -> None:
        matrix, moving = self.placement.matrix(), self.hand.grip
        taken = furniture.marker_places(painter, QRectF(self.rect())) if self.markers else []
        visible = self.visible_marks()
        first = (self.selected, self._under)
        if self._pointed is not None and not self._hidden:
            marks.paint_pointed(painter, matrix, *self._pointed, taken)
        # Those looked at first: their words get the best place.
        for finding in sorted(visible, key=lambda f: f.id not in first):
            if moving is None or moving.finding.id != finding.id:
                number = self._numbers.get(finding.id, 0)
                full = len(visible) <= _MOST_WORDS or finding.id in first
                chosen = finding.id == self.selected
                text = marks.words(finding, number, self.spacing, chosen) if full else str(number)
                marks.paint_mark(painter, matrix, finding, text, chosen, taken)

    def _paint_furniture(self, painter: QPainter) -> None:
        size = QRectF(self.rect())
        furniture.paint_message(painter, size, self.message)
        if self.base.empty:
            return
        furniture.paint_corner(painter, size, self.top_lines, top=True)
        furniture.paint_corner(painter, size, self.bottom_lines, top=False)
        if self.markers is not None:
            furniture.paint_markers(painter, size, self.markers)
            longest = min(160.0, 0.4 * self.width())  # the marker in the middle stays free
            furniture.paint_scale_bar(painter, size, furniture.scale_bar(self.spacing, self.placement, longest))
