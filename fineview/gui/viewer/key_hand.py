"""Drawing without a mouse: Enter sets a mark down in the middle of what is seen, arrow keys put it where it belongs.

An arrow moves the selected mark by a source pixel of the picture as it lies on screen, with Shift by ten; with Ctrl it
pulls the mark's last corner or end, with Alt the first.  However long a key is held, its release is one step to undo.
Where no mark is selected, arrows look around: what lies in their direction comes into view.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from fineview.core.finding import Finding
from fineview.core.geometry import Point
from fineview.core.region import Region, RegionKind
from fineview.gui.viewer import shapes
from fineview.gui.viewer.hand import DRAWING, Grip, Hand
from fineview.gui.viewer.placement import Placement

_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
# A mark set down is a quarter as wide and as high as what is seen.
_SHARE = 8.0
_LOOK_PX = 48.0


class KeyHand:
    def __init__(self, hand: Hand) -> None:
        self._hand, self._board = hand, hand.board
        self._told: tuple[str, Region, Region] | None = None

    def press(self, event: QKeyEvent) -> bool:
        """True where the key was meant for the picture."""
        if event.key() in _ENTER:
            return self._enter()
        across = _ARROWS.get(Qt.Key(event.key()))
        mark = next((f for f in self._board.visible_marks() if f.id == self._board.selected), None)
        if across is None:
            return False
        held = event.modifiers()
        if mark is None:
            if held & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier:
                self._board.pan_by(-_LOOK_PX * across[0], -_LOOK_PX * across[1])
            return True
        far = 10.0 if held & Qt.KeyboardModifier.ShiftModifier else 1.0
        ends = shapes.handles(mark.region)
        handle = None
        if ends and held & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            handle = len(ends) - 1 if held & Qt.KeyboardModifier.ControlModifier else 0
        dx, dy = source_step(self._board.placement, *across)
        self._move(mark, handle, dx * far, dy * far)
        return True

    def release(self, event: QKeyEvent) -> bool:
        return event.key() in _ARROWS and not event.isAutoRepeat() and self.settle()

    def settle(self) -> bool:
        """The mark stays where it was moved to; True where it was moved."""
        grip = self._hand.grip
        if grip is None or not grip.by_key:
            return False
        self._hand.let_go()
        if grip.region != grip.finding.region:
            self._told = (grip.finding.id, grip.finding.region, grip.region)
            self._board.tell_reshaped(grip.finding.id, grip.region)
        return True

    def seen(self, marks: Sequence[Finding]) -> None:
        """What was told is shown now: from here on the mark itself says where it is."""
        if self._told is not None and any((f.id, f.region) == (self._told[0], self._told[2]) for f in marks):
            self._told = None

    def _enter(self) -> bool:
        if self._hand.draft is not None:
            self._hand.close_polygon()
            return True
        kind = DRAWING.get(self._board.tool)
        if kind is None or not all(self._board.picture_size()):
            return False
        self._board.tell_set_down(set_down(kind, self._board.placement, *self._board.picture_size()))
        return True

    def _move(self, mark: Finding, handle: int | None, dx: float, dy: float) -> None:
        region, grip = self._where(mark), self._hand.grip
        if grip is not None and grip.finding.id == mark.id:
            region = grip.region
        rows, cols = self._board.picture_size()
        if handle is None:
            moved = shapes.moved_inside(region, dx, dy, rows, cols)
        else:
            x, y = shapes.handles(region)[handle]
            moved = shapes.reshaped(region, handle, shapes.inside((x + dx, y + dy), rows, cols))
        self._hand.grip = Grip(mark, handle, (0.0, 0.0), moved, by_key=True)

    def _where(self, mark: Finding) -> Region:
        """A step that is on its way to the disk counts already."""
        told = self._told
        return told[2] if told is not None and told[:2] == (mark.id, mark.region) else mark.region


def source_step(placement: Placement, across: int, down: int) -> Point:
    """The source pixel beside one, in a direction of the screen, whatever flips and turns there are."""
    x0, y0 = placement.to_source(QPointF(0, 0))
    x1, y1 = placement.to_source(QPointF(10.0 * across, 10.0 * down))
    dx, dy = x1 - x0, y1 - y0
    return (math.copysign(1.0, dx), 0.0) if abs(dx) > abs(dy) else (0.0, math.copysign(1.0, dy))


def set_down(kind: RegionKind, placement: Placement, rows: int, cols: int) -> Region:
    """A region of ``kind`` in the middle of what is seen of a picture of ``rows`` x ``cols``."""
    ends = [placement.to_source(QPointF(x, y)) for x, y in ((0, 0), (placement.width, placement.height))]
    (left, top), (right, bottom) = (shapes.inside(end, rows, cols) for end in ends)
    x, y = round((left + right) / 2), round((top + bottom) / 2)
    w, h = (max(1.0, float(round(abs(size) / _SHARE))) for size in (right - left, bottom - top))
    around = [(x + w * math.cos(t * math.pi / 12), y + h * math.sin(t * math.pi / 12)) for t in range(24)]
    points: dict[RegionKind, Sequence[Point]] = {
        RegionKind.POINT: ((x, y),), RegionKind.LENGTH: ((x - w, y), (x + w, y)),
        RegionKind.ANGLE: ((x + w, y), (x, y), (x, y - h)), RegionKind.FREEHAND: around,
        RegionKind.POLYGON: ((x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h))}
    shaped = points.get(kind, ((x - w, y - h), (x + w, y + h)))
    return Region(kind, tuple(shapes.inside((float(a), float(b)), rows, cols) for a, b in shaped))
