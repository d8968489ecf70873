"""What the panes of the window show: frozen values.

One pane is active: ``Session.study``, ``series``, ``index`` and ``view`` say what it shows, and everything else of the
session (marks, maps, chat, tools) belongs to it; its entry in ``Panes.panes`` is where it was when it became active.
The other panes are pictures to look at.  Whichever becomes active, the others keep what they show.

``SeriesFrame`` is one kind of content.  Another kind, such as a plane cut through a volume, is another frozen value in
``Content``: it needs a branch where a pane's picture is asked for (``pane_frames``), one where its words are made
(``pane_view``) and one for its own steps under the wheel (``PaneDesk.step``); layout, activation and the window's grid
see ``Pane`` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from fineview.services.wishes import ViewWishes

# Rows x columns.
Layout = Literal["1x1", "1x2", "2x1", "2x2"]
GRID: dict[Layout, tuple[int, int]] = {"1x1": (1, 1), "1x2": (1, 2), "2x1": (2, 1), "2x2": (2, 2)}
MOST = 4


@dataclass(frozen=True, slots=True)
class SeriesFrame:
    """One frame of a series of the open catalogue; ``index`` counts from 0."""

    series_uid: str
    index: int = 0


Content = SeriesFrame


@dataclass(frozen=True, slots=True)
class Pane:
    """``content`` None: an empty pane."""

    content: Content | None = None
    view: ViewWishes = ViewWishes()


def _empty() -> tuple[Pane, ...]:
    return (Pane(),) * MOST


@dataclass(frozen=True, slots=True)
class Panes:
    """All panes in reading order, those that the layout does not show too.

    ``alone``: the active one has all the room for now.  ``linked``: frames scroll together; ``starts``: frame numbers
    at the moment of linking, from which distances are counted.
    """

    layout: Layout = "1x1"
    panes: tuple[Pane, ...] = field(default_factory=_empty)
    active: int = 0
    alone: bool = False
    linked: bool = True
    starts: tuple[int, ...] = (0,) * MOST

    @property
    def count(self) -> int:
        """How many panes the layout shows."""
        rows, cols = GRID[self.layout]
        return rows * cols

    @property
    def passive(self) -> tuple[int, ...]:
        """Numbers of the panes beside the active one that the layout shows."""
        return tuple(number for number in range(self.count) if number != self.active)

    def put(self, number: int, pane: Pane) -> Panes:
        """Another pane at ``number``."""
        return replace(self, panes=tuple(pane if i == number else old for i, old in enumerate(self.panes)))

    def looked_at(self, number: int, index: int) -> Panes:
        """Another frame in the pane at ``number``."""
        pane = self.panes[number]
        return self if pane.content is None else self.put(number, replace(pane, content=replace(
            pane.content, index=index)))

    def laid_out(self, layout: Layout) -> Panes:
        """Another layout; an active pane that it would not show changes places with the first."""
        made = replace(self, layout=layout, alone=False)
        if self.active < made.count:
            return made
        order = [self.active if i == 0 else 0 if i == self.active else i for i in range(MOST)]
        return replace(made, active=0, panes=tuple(self.panes[i] for i in order),
                       starts=tuple(self.starts[i] for i in order))
