"""Room for the acquired picture and, while they are looked at, three planes through its volume: two by two."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from fineview.core.geometry import Point
from fineview.gui.viewer.cross_lines import CrossLines
from fineview.gui.viewer.hand import DRAWING
from fineview.gui.viewer.pictures import Pictures
from fineview.gui.viewer.plane_canvas import PlaneCanvas
from fineview.services.plane_view import PlanesView, lines_on_frame, value_words
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench

_PLACES = ((0, 1), (1, 0), (1, 1))


class PlanesRoom(QWidget):
    """``acquired`` has all of it until planes are shown.  A double click gives one plane all of it, and takes it back.

    ``read``: words about the value under the cursor.  ``held``: the hold key is down.
    """

    WATCHES = frozenset({"planes", "window_text", "index"})
    read = Signal(str)
    held = Signal(bool)

    def __init__(self, acquired: Pictures, bench: Workbench) -> None:
        super().__init__()
        self._acquired, self._planes = acquired, bench.planes
        self._view: PlanesView | None = None
        self._alone: PlaneCanvas | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(0)
        self._grid.addWidget(acquired, 0, 0)
        self.canvases = tuple(PlaneCanvas(number) for number in range(3))
        for number, (one, place) in enumerate(zip(self.canvases, _PLACES, strict=True)):
            one.hide()
            self._grid.addWidget(one, *place)
            one.crossed.connect(partial(self._cross, number))
            one.stepped.connect(partial(bench.planes.step, number))
            one.window_dragged.connect(bench.look.drag)
            one.held.connect(self.held)
            one.hovered.connect(partial(self._tell_value, number))
            one.maximised.connect(partial(self._maximise, one))
        self.lines = CrossLines(acquired.canvas)
        acquired.canvas.clicked.connect(self._cross_on_frame)

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        before, self._view = self._view, state.planes
        if (before is None) is not (self._view is None):
            self._alone = None
            self._share()
        if self._view is not None:
            for one in self.canvases:
                one.show_view(self._view, state.window_text)
        if self._view is not None or before is not None:
            cross = self._view.on_frame() if self._view is not None else None
            self.lines.show_lines(lines_on_frame(self._view, state.index) if self._view is not None else (), cross)

    def hide_marks(self, hidden: bool) -> None:
        """Lines go while the hold key is down."""
        for one in (*self.canvases, self.lines):
            one.hide_marks(hidden)

    def _share(self) -> None:
        """Who is seen, and how the room is divided."""
        alone, several = self._alone, self._view is not None
        self._acquired.setVisible(alone is None)
        for one in self.canvases:
            one.setVisible(several and alone in (None, one))
        row, column = _PLACES[self.canvases.index(alone)] if alone is not None else (0, 0)
        whole = alone is not None or not several
        self._grid.setSpacing(0 if whole else 3)
        for line in range(2):
            self._grid.setRowStretch(line, int(not whole or line == row))
            self._grid.setColumnStretch(line, int(not whole or line == column))

    def _maximise(self, canvas: PlaneCanvas) -> None:
        self._alone = None if self._alone is canvas else canvas
        self._share()

    def _cross(self, number: int, at: Point) -> None:
        if self._view is not None and self._view.pictures:
            self._planes.move(self._view.pictures[number].cut.to_mm(at))

    def _cross_on_frame(self, at: Point) -> None:
        """A click on the acquired frame, unless its tool draws there."""
        if self._acquired.canvas.tool not in DRAWING:
            self._planes.move_on_frame(at)

    def _tell_value(self, number: int, at: Point | None) -> None:
        view = self._view
        self.read.emit(value_words(view, number, at) if view is not None and at is not None else "")
