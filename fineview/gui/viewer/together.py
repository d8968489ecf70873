"""Linked zoom and pan: pictures of different sizes show the same share of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fineview.gui.viewer.canvas import Canvas


@dataclass(frozen=True, slots=True)
class Share:
    """``zoom`` in units of the fitted one; ``x``, ``y`` of the centre in widths and heights of the picture."""

    zoom: float
    x: float
    y: float


def share_of(canvas: Canvas) -> Share | None:
    """How a canvas shows its picture; None without one."""
    rows, cols = canvas.picture_size()
    if not rows or not cols:
        return None
    lies = canvas.placement
    return Share(lies.zoom / lies.fitted(rows, cols).zoom, lies.centre[0] / cols, lies.centre[1] / rows)


def show_share(canvas: Canvas, share: Share) -> None:
    rows, cols = canvas.picture_size()
    if rows and cols:
        fitted = canvas.placement.fitted(rows, cols)
        canvas.follow(replace(fitted, zoom=fitted.zoom * share.zoom, centre=(share.x * cols, share.y * rows)))


class Together:
    """A hand that zooms or pans one of the linked pictures moves them all.  ``linked``: those beside ``lead``."""

    def __init__(self, lead: Canvas, others: Sequence[Canvas]) -> None:
        self._lead = lead
        self.linked: tuple[Canvas, ...] = ()
        for one in (lead, *others):
            one.moved.connect(lambda moved=one: self._moved(moved))

    def _moved(self, moved: Canvas) -> None:
        share = share_of(moved)
        if share is None or (moved is not self._lead and moved not in self.linked):
            return
        for one in (self._lead, *self.linked):
            if one is not moved:
                show_share(one, share)
