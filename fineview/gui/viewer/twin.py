"""The same picture under another overlay: it shows what its lead shows, at the same place and zoom.

A view only.  A hand on it moves, zooms and scrolls both pictures and selects marks; drawing belongs to the lead.
"""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtGui import QMouseEvent, QResizeEvent

from fineview.gui.viewer.canvas import Canvas
from fineview.gui.viewer.hand import DRAWING
from fineview.services.wishes import Tool


class Twin(Canvas):
    """Shares the lead's picture, so that a large photograph lies in memory once."""

    def __init__(self, lead: Canvas) -> None:
        super().__init__()
        self._lead = lead
        self._fitted = False
        self.base, self.guests = lead.base, lead.guests
        self.tool = "pan"
        lead.placed.connect(self._follow_lead)
        self.moved.connect(lambda: lead.follow(self.placement))
        lead.hovered.connect(self.point_at)
        self.hovered.connect(lead.point_at)

    def show_picture(self) -> None:
        """The lead has another picture."""
        self._size = self._lead.picture_size()
        self.message = self._lead.message
        self._follow_lead()
        self.update()

    def set_tool(self, tool: Tool) -> None:
        super().set_tool("pan" if tool in DRAWING else tool)

    def fit(self) -> None:
        """Where the lead is, and nowhere else."""
        self._follow_lead()

    def _follow_lead(self) -> None:
        self.follow(self._lead.placement)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mousePressEvent(event)
        self.hand.grip = None

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self.placement = replace(self.placement, width=float(self.width()), height=float(self.height()))
        self._follow_lead()
