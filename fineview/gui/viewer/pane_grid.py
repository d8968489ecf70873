"""The panes' places: one holds all that belongs to the active picture, the others a picture each.

Nothing is taken out of its parent when another pane becomes active: the parts change places, and with them zoom and
centre, so that every picture stays as it was looked at.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, QRect, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from fineview.gui.theme import current
from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.neighbour import Neighbour
from fineview.gui.viewer.pane_title import HEIGHT, PaneTitle
from fineview.gui.viewer.placement import Placement
from fineview.gui.viewer.together import Together
from fineview.gui.wording import tr
from fineview.services.pane_view import PanesState
from fineview.services.panes import GRID, MOST
from fineview.services.snapshot import ViewState
from fineview.services.workbench import Workbench

_LINE = 1  # around a pane, and as much again between two


class PaneGrid(QWidget):
    """``active``: what stands in the active pane, its picture being ``canvas``.  ``alone``: a double click.

    ``people``: the warning above it, where two patients are side by side.
    """

    WATCHES = frozenset({"panes"})
    alone = Signal()

    def __init__(self, active: QWidget, canvas: Canvas, bench: Workbench) -> None:
        super().__init__()
        self._active, self._canvas, self._desk = active, canvas, bench.panes
        self._state = PanesState()
        self._lay: tuple[tuple[Canvas, Placement | None], ...] = ()
        active.setParent(self)
        self.neighbours = tuple(Neighbour(number) for number in range(MOST))
        self.titles = tuple(PaneTitle(number) for number in range(MOST))
        self.people = QLabel(
            tr("Different patients side by side. Marks, answers and report belong to the framed pane."))
        self.people.setObjectName("domain")
        self.people.setWordWrap(True)
        self.people.hide()
        self._together = Together(canvas, self.neighbours)
        for number in range(MOST):
            self._connect(number)

    def _connect(self, number: int) -> None:
        one, title, desk = self.neighbours[number], self.titles[number], self._desk
        for part in (one, title):
            part.setParent(self)
            part.hide()
        one.wanted.connect(partial(desk.activate, number))
        one.stepped.connect(partial(desk.step, number))
        one.window_dragged.connect(partial(desk.drag, number))
        one.jumped.connect(partial(self._jump, number))
        title.clicked.connect(partial(desk.activate, number))
        for part in (one.maximised, title.doubled):
            part.connect(partial(self._maximise, number))

    def show_state(self, state: ViewState, changed: frozenset[str]) -> None:
        new = self._state = state.panes
        for one in new.panes:
            if one.number != new.active:
                self.neighbours[one.number].show_pane(one)
            self.titles[one.number].show_pane(one, one.number == new.active, new.linked, new.people > 1)
        self._together.linked = tuple(self.neighbours[one.number] for one in new.panes
                                      if new.linked and one.follows is not None and one.number != new.active)
        self.people.setVisible(new.people > 1)
        self._arrange()
        for canvas, placement in self._lay:
            canvas.follow(placement) if placement is not None else canvas.fit()
        self._lay = ()

    def remember(self, state: ViewState) -> None:
        """Called before anything of ``state`` is shown: how the pictures lie that are about to change places."""
        old, new = self._state.active, state.panes.active
        comes = self.neighbours[new].state.series
        # Where the layout moved the active picture itself, it goes on as it lies.
        if old != new and comes is not None and state.series is not None and comes.uid == state.series.uid:
            self._lay = ((self.neighbours[old], _hand_placed(self._canvas)),
                         (self._canvas, _hand_placed(self.neighbours[new])))

    def _jump(self, number: int, index: int) -> None:
        pane = self.neighbours[number].state.jumps
        if pane is not None:
            self._desk.go(pane, index)

    def _maximise(self, number: int) -> None:
        if number != self._state.active:
            self._desk.activate(number)
        self.alone.emit()

    # -- places --------------------------------------------------------------------------------------------------
    def at(self, position: QPoint) -> int:
        """Number of the pane under a position of the grid; the active one where nothing else is."""
        shown = self._shown()
        return next((number for number in shown if self._cell(number).contains(position)), self._state.active)

    def fit(self) -> None:
        """Every picture that moves with the active one is fitted with it."""
        for one in self._together.linked:
            one.fit()

    def hide_marks(self, hidden: bool) -> None:
        for one in self.neighbours:
            one.hide_marks(hidden)

    def _shown(self) -> tuple[int, ...]:
        state = self._state
        return tuple(range(len(state.panes))) if state.shares else (state.active,)

    def _cell(self, number: int) -> QRect:
        """Where a pane lies, its frame included."""
        if len(self._shown()) == 1:
            return self.rect()
        rows, cols = GRID[self._state.layout]
        row, col = divmod(number, cols)
        left, right = col * self.width() // cols, (col + 1) * self.width() // cols
        top, bottom = row * self.height() // rows, (row + 1) * self.height() // rows
        return QRect(left, top, right - left, bottom - top)

    def _arrange(self) -> None:
        shown, several = self._shown(), self._state.several
        for number in range(MOST):
            active, here = number == self._state.active, number in shown
            self.titles[number].setVisible(here and several)
            self.neighbours[number].setVisible(here and not active)
            if here:
                cell = self._cell(number).adjusted(_LINE, _LINE, -_LINE, -_LINE) if several else self.rect()
                top = HEIGHT if several else 0
                self.titles[number].setGeometry(cell.x(), cell.y(), cell.width(), HEIGHT)
                part = self._active if active else self.neighbours[number]
                part.setGeometry(cell.adjusted(0, top, 0, 0))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """A plain frame around every pane, in the accent's colour around the active one."""
        if not self._state.several:
            return
        painter, tokens = QPainter(self), current()
        painter.fillRect(self.rect(), QColor(tokens.line))
        painter.setPen(QColor(tokens.accent))
        painter.drawRect(self._cell(self._state.active).adjusted(0, 0, -1, -1))
        painter.end()


def _hand_placed(canvas: Canvas) -> Placement | None:
    """How a hand has placed the picture; None where it is fitted to its room."""
    size = canvas.picture_size()
    fitted = canvas.placement.fitted(*size) if all(size) else canvas.placement
    return None if fitted == canvas.placement else canvas.placement
