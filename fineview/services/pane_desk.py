"""Panes side by side: choose a layout, put a series into a pane, make a pane the active one, scroll them together.

Whatever moves the active pane - wheel, slider, a sentence of the chat - the linked panes follow: the desk listens to
the session and not to the gesture.  A pane is named by its number in reading order, from 0.
"""

from __future__ import annotations

from dataclasses import replace

from fineview.core.study import FrameKey, Series
from fineview.imaging.window import default_window
from fineview.services.hanging_rules import neighbours
from fineview.services.jobs import Jobs
from fineview.services.linking import follow
from fineview.services.look import dragged
from fineview.services.open_study import OpenStudy
from fineview.services.pane_frames import PaneFrames
from fineview.services.panes import MOST, Layout, Pane, Panes, SeriesFrame
from fineview.services.ports import Archive
from fineview.services.session import Session
from fineview.services.wishes import ViewWishes


class PaneDesk:
    """``opening`` shows what becomes active."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive, opening: OpenStudy) -> None:
        self._session, self._opening = session, opening
        self._frames = PaneFrames(session, jobs, archive)
        self._openings = session.openings
        self._here: tuple[int, str, int] | None = None
        session.subscribe(self._heard)

    # -- layout ------------------------------------------------------------------------------------------------
    def layout(self, layout: Layout) -> None:
        """Empty panes are filled with what belongs beside the active series, of the same patient."""
        self.arrange(self._filled(self._kept().laid_out(layout)))

    def arrange(self, panes: Panes) -> None:
        """Show these panes; those that are linked by place go to the active one's."""
        self._session.panes = panes
        self._link_here()
        self._follow(panes.active)
        self._session.pulse()
        if self._session.series is not None:
            self._opening.frames.preload(self._session.series)

    def alone(self) -> None:
        """Give the active pane all the room, or give it back."""
        panes = self._session.panes
        self._session.panes = replace(panes, alone=not panes.alone and panes.count > 1)
        self._session.pulse()

    def put(self, number: int, series_uid: str) -> None:
        """Show a series in a pane; a pane that the layout does not show yet gets room."""
        panes, series = self._session.panes, self._series(series_uid)
        if number >= panes.count:
            panes = self._kept().laid_out("1x2" if number < 2 else "2x2")
        if number == panes.active:
            self._session.panes = panes
            self._opening.show_series(series_uid)
        elif series is not None and series.frames:
            self.arrange(panes.put(number, self.fresh(series)))

    def activate(self, number: int) -> None:
        """Marks, maps, chat and tools go to this pane; the one before keeps what it shows."""
        session, panes = self._session, self._session.panes
        pane = panes.panes[number] if number < panes.count and number != panes.active else Pane()
        if pane.content is None or self._series(pane.content.series_uid) is None:
            return
        session.panes = replace(self._kept(), active=number)
        self._here = (number, pane.content.series_uid, pane.content.index)
        self._opening.turn_to(pane.content.series_uid, pane.content.index, pane.view)

    def next(self, step: int = 1) -> None:
        """The next pane that holds something becomes the active one."""
        panes = self._session.panes
        for distance in range(1, panes.count):
            number = (panes.active + step * distance) % panes.count
            if panes.panes[number].content is not None:
                self.activate(number)
                return

    # -- frames ------------------------------------------------------------------------------------------------
    def link(self) -> None:
        """Frames scroll together from where they are now, or not any more."""
        panes = self._session.panes
        self.arrange(replace(self._kept(), linked=not panes.linked))

    def step(self, number: int, delta: int) -> None:
        """The wheel over a pane."""
        content = self._session.pane(number).content
        if content is not None:
            self.go(number, content.index + delta)

    def go(self, number: int, index: int) -> None:
        """Show a frame of a pane's series; linked panes follow, the active one among them."""
        session, content = self._session, self._session.pane(number).content
        series = self._series(content.series_uid) if content is not None else None
        if number == session.panes.active or series is None:
            self._opening.show_frame(index)
            return
        session.panes = session.panes.looked_at(number, min(max(index, 0), len(series.frames) - 1))
        self._follow(number)
        session.pulse()

    def drag(self, number: int, dx_px: float, dy_px: float) -> None:
        """Right drag over a passive pane: its own window, as ``Look.drag``."""
        panes = self._session.panes
        pane, content = panes.panes[number], panes.panes[number].content
        raster = self._session.rasters.get(FrameKey(content.series_uid, content.index)) if content is not None else None
        if raster is not None and not raster.is_colour:
            window = dragged(pane.view.window or default_window(raster), raster, dx_px, dy_px)
            self._session.panes = panes.put(number, replace(pane, view=replace(pane.view, window=window)))
            self._session.pulse()

    # -- listening ---------------------------------------------------------------------------------------------
    def _heard(self) -> None:
        session = self._session
        if session.openings != self._openings:
            self._openings, session.panes = session.openings, Panes()
            self._frames.forget()
        here = (session.panes.active, session.series.uid, session.index) if session.series is not None else None
        if here != self._here:
            before, self._here = self._here, here
            if before is not None and here is not None and before[:2] == here[:2]:
                self._follow(session.panes.active)
            else:
                self._link_here()
        for number in session.panes.passive:
            content = session.panes.panes[number].content
            series = self._series(content.series_uid) if content is not None else None
            if content is not None and series is not None and content.index < len(series.frames):
                self._frames.want(number, series, content.index)

    def _follow(self, lead: int) -> None:
        """The other panes go where ``lead`` went."""
        session, panes = self._session, self._session.panes
        content = session.pane(lead).content
        series = self._series(content.series_uid) if content is not None else None
        if not panes.linked or content is None or series is None:
            return
        for number in range(panes.count):
            shown = session.pane(number).content
            other = self._series(shown.series_uid) if shown is not None and number != lead else None
            to = follow(series, panes.starts[lead], content.index, other, panes.starts[number]) if other else None
            if to is not None and number != panes.active:
                session.panes = session.panes.looked_at(number, to)
            elif to is not None and other is not None:
                self._here = (number, other.uid, to)  # it was led: it leads nobody
                self._opening.show_frame(to)

    def _link_here(self) -> None:
        """Distances count from where every pane stands now."""
        contents = [self._session.pane(number).content for number in range(MOST)]
        starts = tuple(one.index if one is not None else 0 for one in contents)
        self._session.panes = replace(self._session.panes, starts=starts)

    # -- parts -------------------------------------------------------------------------------------------------
    def fresh(self, series: Series) -> Pane:
        """A series at its first frame to show and through the file's window."""
        return Pane(SeriesFrame(series.uid, series.default_frame),
                    replace(ViewWishes(), true_aspect=self._session.view.true_aspect))

    def _filled(self, panes: Panes) -> Panes:
        session = self._session
        if session.study is None or session.series is None:
            return panes
        there = {session.series.uid, *(one.content.series_uid for one in panes.panes[:panes.count] if one.content)}
        waiting = [one for one in neighbours(session.catalogue, session.study, session.series) if one.uid not in there]
        for number in panes.passive:
            if panes.panes[number].content is None and waiting:
                panes = panes.put(number, self.fresh(waiting.pop(0)))
        return panes

    def _kept(self) -> Panes:
        """With what the active pane shows now in its place."""
        session = self._session
        return session.panes.put(session.panes.active, session.pane(session.panes.active))

    def _series(self, uid: str) -> Series | None:
        try:
            return self._session.catalogue.find_series(uid)[1]
        except KeyError:
            return None
