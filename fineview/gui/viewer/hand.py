"""The left button on the picture: what a press, a drag and a release mean under each tool.

Nothing is changed while a hand moves: the canvas shows a draft, and exactly one signal leaves at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTransform

from fineview.core.finding import Finding
from fineview.core.geometry import Point, Spacing
from fineview.core.region import Region, RegionKind
from fineview.gui.theme import PERSON_ON_PICTURE
from fineview.gui.viewer import marks, shapes
from fineview.gui.viewer.placement import Placement
from fineview.services.measuring import mark_words
from fineview.services.wishes import Tool

DRAWING: dict[str, RegionKind] = {kind.value: kind for kind in RegionKind}
# A box narrower than this on screen was a slip of the hand.
_SLIP_PX = 4.0


class Board(Protocol):
    """What the hand needs from the canvas."""

    placement: Placement
    tool: Tool
    selected: str | None
    spacing: Spacing

    def picture_size(self) -> tuple[int, int]: ...
    def visible_marks(self) -> tuple[Finding, ...]: ...
    def drag_view(self, dx: float, dy: float, at: QPointF) -> None: ...
    def pan_by(self, dx: float, dy: float) -> None: ...
    def tell_drawn(self, region: Region) -> None: ...
    def tell_set_down(self, region: Region) -> None: ...
    def tell_selected(self, finding_id: str | None) -> None: ...
    def tell_reshaped(self, finding_id: str, region: Region) -> None: ...


@dataclass(frozen=True, slots=True)
class Grip:
    """A mark in the hand: ``handle`` None moves the whole; ``region`` is where it is now; ``by_key``: by arrow keys."""

    finding: Finding
    handle: int | None
    start: Point
    region: Region
    by_key: bool = False


class Hand:
    def __init__(self, board: Board) -> None:
        self.board = board
        self.draft: shapes.Draft | None = None
        self.grip: Grip | None = None
        self._last: QPointF | None = None

    @property
    def busy(self) -> bool:
        return self.draft is not None or self.grip is not None

    def let_go(self) -> None:
        """Forget what is half drawn or half moved."""
        self.draft = self.grip = None
        self._last = None

    def new_picture(self) -> None:
        """What is half drawn belongs to the picture before; a mark in the hand knows its own."""
        self.draft = None

    def press(self, position: QPointF) -> None:
        kind = DRAWING.get(self.board.tool)
        if kind is not None:
            self._press_drawing(kind, position)
            return
        self._last = position
        self.grip = self._take(position)

    def _press_drawing(self, kind: RegionKind, position: QPointF) -> None:
        point = self._point(position)
        if self.draft is not None and self.draft.whole:
            self.draft = self.draft.moved(point, 0)
            self._finish_draft()
        elif kind in (RegionKind.POLYGON, RegionKind.ANGLE):
            self.draft = (self.draft.moved(point, 0).clicked() if self.draft
                          else shapes.Draft(kind, (point,), point))
        else:
            self.draft = shapes.Draft(kind, (point,), point)

    def _take(self, position: QPointF) -> Grip | None:
        """Only what is selected already can be moved: a first click selects, so that no mark moves by accident."""
        board, matrix = self.board, self.board.placement.matrix()
        point = board.placement.to_source(position)
        chosen = next((f for f in board.visible_marks() if f.id == board.selected), None)
        if chosen is not None:
            handle = marks.handle_at(chosen.region, matrix, position)
            if handle is not None or marks.hit((chosen,), matrix, position):
                return Grip(chosen, handle, point, chosen.region)
        return None

    def move(self, position: QPointF) -> bool:
        """The cursor moved; True where the canvas must be drawn again."""
        if self.draft is not None:
            step = 2.0 / max(self.board.placement.zoom, 1e-6)
            self.draft = self.draft.moved(self._point(position), step)
            return True
        if self.grip is not None:
            self._move_grip(self.board.placement.to_source(position))
            return True
        if self._last is not None:
            delta = position - self._last
            self._last = position
            self.board.drag_view(delta.x(), delta.y(), position)
        return False

    def _move_grip(self, point: Point) -> None:
        grip = self.grip
        assert grip is not None
        rows, cols = self.board.picture_size()
        if grip.handle is None:
            dx, dy = point[0] - grip.start[0], point[1] - grip.start[1]
            region = shapes.moved_inside(grip.finding.region, dx, dy, rows, cols)
        else:
            region = shapes.reshaped(grip.finding.region, grip.handle, shapes.inside(point, rows, cols))
        self.grip = Grip(grip.finding, grip.handle, grip.start, region)

    def release(self, position: QPointF, moved_px: float) -> None:
        """``moved_px``: how far the cursor went since the press; little is a click."""
        if self.draft is not None:
            if self.draft.kind is RegionKind.ANGLE:
                # Clicked or dragged: a first arm that was drawn in one go is there when the hand lets go.
                self.draft = self.draft.clicked() if moved_px >= 3 and not self.draft.whole else self.draft
            elif self.draft.kind is not RegionKind.POLYGON:
                self._finish_draft()
        elif self.grip is not None:
            grip, self.grip = self.grip, None
            if grip.region != grip.finding.region and moved_px >= 2:
                self.board.tell_reshaped(grip.finding.id, grip.region)
        elif self._last is not None and moved_px < 3:
            found = marks.hit(self.board.visible_marks(), self.board.placement.matrix(), position)
            self.board.tell_selected(found.id if found else None)
        self._last = None

    def close_polygon(self) -> None:
        """Double click or Enter."""
        if self.draft is not None and self.draft.kind is RegionKind.POLYGON:
            self._finish_draft()

    def _finish_draft(self) -> None:
        draft, self.draft = self.draft, None
        assert draft is not None
        placement = self.board.placement
        region = draft.region(_SLIP_PX / max(placement.column_px(), placement.row_px(), 1e-6))
        if region is not None:
            self.board.tell_drawn(region)

    def _point(self, position: QPointF) -> Point:
        return shapes.inside(self.board.placement.to_source(position), *self.board.picture_size())

    def paint(self, painter: QPainter, matrix: QTransform) -> None:
        """The draft, or the mark where it is being moved to."""
        pen = QPen(QColor(PERSON_ON_PICTURE), 2.0)
        if self.grip is not None:
            path = marks.path_of(self.grip.region, matrix)
            marks.paint_outline(painter, path, pen)
            marks.paint_handles(painter, matrix, self.grip.region, pen.color())
            marks.paint_words(painter, path.boundingRect(), mark_words(self.grip.region, self.board.spacing),
                              pen.color())
        if self.draft is None:
            return
        region = self.draft.so_far()
        pen.setStyle(Qt.PenStyle.SolidLine)
        path = marks.path_of(region, matrix)
        marks.paint_outline(painter, path, pen)
        marks.paint_words(painter, path.boundingRect(), mark_words(region, self.board.spacing), pen.color())
