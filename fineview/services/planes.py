"""Three linked planes through the shown series: one point, moved in any of them, and the nearest frame with it.

Lane "volume" reads the frames once; lane "planes" cuts, the newest point wins.  Nothing is cut on the caller's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from fineview.core.errors import FineViewError
from fineview.core.geometry import Point
from fineview.core.image import Raster, Window
from fineview.core.place import Vector
from fineview.core.study import FrameKey, Series
from fineview.core.volume import Grid, Volume
from fineview.imaging.reformat import planes_of, step_mm
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.lane_bar import LaneBar
from fineview.services.plane_view import PlanePicture, PlanesView, across_letters, cut_planes
from fineview.services.ports import Archive
from fineview.services.session import Session
from fineview.services.thickness import localizer_of
from fineview.services.volumes import BUDGET_BYTES, build_volume, grid_of

Shown = tuple[Vector, Window | None, bool]


class Planes:
    """``show_frame``: goes to a frame of the shown series.  The volume is part of the memory budget: ``held_bytes``."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive, show_frame: Callable[[int], None]) -> None:
        self._session, self._jobs, self._archive, self._show_frame = session, jobs, archive, show_frame
        self._bar, self._cutting = LaneBar(session, jobs, "volume"), LaneBar(session, jobs, "planes")
        self._asked: Shown | None = None
        self._index = 0
        self._coming = 0  # bytes of a volume that is being read: frames make room for it before it is there
        self.budget_bytes = BUDGET_BYTES
        session.subscribe(self._follow)

    @property
    def held_bytes(self) -> int:
        view = self._session.planes
        return view.volume.voxels.nbytes if view is not None and view.volume is not None else self._coming

    def trim(self) -> None:
        """What is looked at is not let go of."""

    def toggle(self) -> None:
        if self._session.planes is None:
            self.open()
        else:
            self.close()

    def open(self) -> None:
        """Read the shown series as a volume and cut it through its middle; says why where it is none."""
        session, series = self._session, self._session.series
        if series is None or not series.frames:
            return
        try:
            grid = grid_of(series)
        except FineViewError as error:
            self._refused(error)
            return
        self._asked, self._index = None, session.index
        # Planes take the places of the other panes, until another layout is chosen.
        session.panes = replace(session.panes, alone=session.panes.layout != "1x1")
        picture = localizer_of(session.study, series) if session.study is not None else None
        session.planes = PlanesView(series, grid, _middle(series, grid, session.index),
                                    across=across_letters(series, grid, picture))
        self._bar.moved(0, len(series.frames), "reading the volume")
        self._coming = min(self.budget_bytes, sum(frame.rows * frame.cols for frame in series.frames) * self._each())
        at_hand, budget = partial(self._at_hand, series.uid), self.budget_bytes

        def work(token: Token) -> Volume:
            return build_volume(series, self._archive.read_frame, token, at_hand, budget)

        self._jobs.submit(Job("volume", work, partial(self._built, series), self._refused, self._bar.moved,
                              self._bar.idle))
        session.pulse()

    def close(self) -> None:
        for lane in ("volume", "planes"):
            self._jobs.cancel(lane)
        session, self._coming = self._session, 0
        session.planes, session.panes = None, replace(session.panes, alone=False)
        session.progress.pop("volume", None)
        session.pulse()

    def move(self, point_mm: Vector) -> None:
        """The planes cross there, or at the nearest place inside; the nearest frame is shown."""
        session, view = self._session, self._session.planes
        if view is None:
            return
        point = view.moved(point_mm)
        session.planes = replace(view, point_mm=point)
        self._index = view.grid.nearest_frame(point)
        if self._index != session.index:
            self._show_frame(self._index)
        else:
            session.pulse()

    def move_on_frame(self, at: Point) -> None:
        """To a place of the shown frame, in source pixels."""
        view = self._session.planes
        if view is not None:
            step = view.grid.steps[self._session.index]
            x, y, z = (float(one) for one in view.grid.to_mm(np.array((at[0] - 0.5, at[1] - 0.5, step))))
            self.move((x, y, z))

    def step(self, number: int, turns: int) -> None:
        """The wheel over a plane: a voxel a turn, as frames are ordered: to the head, to the back, to the right."""
        view = self._session.planes
        if view is not None:
            plane = planes_of(view.grid.axes)[number]
            way = plane.normal * step_mm(view.grid, plane) * turns
            x, y, z = (at + float(by) for at, by in zip(view.point_mm, way, strict=True))
            self.move((x, y, z))

    def _at_hand(self, uid: str, index: int) -> Raster | None:
        return self._session.rasters.get(FrameKey(uid, index))

    def _each(self) -> int:
        """Bytes of a pixel of the shown series, as far as is known."""
        raster = self._session.raster
        return raster.pixels.nbytes // (raster.rows * raster.cols) if raster is not None else 2

    def _follow(self) -> None:
        """After every change: the series, its frame or the window may be another one."""
        session, view = self._session, self._session.planes
        if view is None:
            return
        laid_out = session.panes.layout != "1x1" and not session.panes.alone
        if session.series is None or session.series.uid != view.series.uid or laid_out:
            self.close()
        elif session.series.frames != view.series.frames:
            self.open()  # more of it has arrived
        elif session.index != self._index:
            self._index = session.index
            session.planes = replace(view, point_mm=_on_frame(view, session.index))
            self._cut()
        else:
            self._cut()

    def _cut(self) -> None:
        """Unless the pictures asked for last are the ones wanted now."""
        view, wishes = self._session.planes, self._session.view
        if view is None or view.volume is None:
            return
        shown = (view.point_mm, wishes.window, wishes.inverted)
        if shown == self._asked:
            return
        self._asked = shown
        volume, before = view.volume, view.pictures
        self._jobs.submit(Job("planes", lambda _: cut_planes(volume, *shown, before), partial(self._made, volume),
                              self._cutting.failed))

    def _made(self, volume: Volume, pictures: tuple[PlanePicture, ...]) -> None:
        view = self._session.planes
        if view is not None and view.volume is volume:
            self._session.planes = replace(view, pictures=pictures)
            self._session.pulse()

    def _built(self, series: Series, volume: Volume) -> None:
        self._coming = 0
        view = self._session.planes
        if view is not None and view.series is series:
            self._session.planes = replace(view, volume=volume)
            self._session.pulse()

    def _refused(self, error: FineViewError) -> None:
        session, self._coming = self._session, 0
        if session.planes is not None:
            session.planes, session.panes = None, replace(session.panes, alone=False)
        session.tell("warning", error.what, error.remedy, error.code)
        session.pulse()


def _middle(series: Series, grid: Grid, index: int) -> Vector:
    """The middle of the shown frame."""
    frame = series.frames[index]
    x, y, z = grid.to_mm(np.array((frame.cols // 2, frame.rows // 2, grid.steps[index])))
    return float(x), float(y), float(z)


def _on_frame(view: PlanesView, index: int) -> Vector:
    """The same pixel on another frame."""
    column, row, _ = view.grid.to_index(np.asarray(view.point_mm))
    x, y, z = view.grid.to_mm(np.array((column, row, view.grid.steps[index])))
    return float(x), float(y), float(z)
