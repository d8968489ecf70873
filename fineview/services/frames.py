"""Decoded frames on the session: the shown one at once, its neighbours behind it, one picture for every series."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fineview.core.errors import FineViewError
from fineview.core.image import Raster
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Series
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.lane_bar import LaneBar
from fineview.services.ports import Archive
from fineview.services.session import Notice, Session


class Frames:
    """Lanes "frame" (newest wins), "preload" and "thumbnails".  ``on_frame``: called when the shown one is there."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive) -> None:
        self._session, self._jobs, self._archive = session, jobs, archive
        self._bar = LaneBar(session, jobs, "preload")
        self.on_frame: Callable[[], None] = lambda: None

    def load(self) -> None:
        """Read the frame that is to be shown, unless it is there."""
        session, key, frame = self._session, self._session.frame_key, self._session.frame
        if key is None or frame is None:
            return
        if key in session.rasters:
            self.on_frame()
            return
        self._jobs.submit(Job("frame", lambda _: self._archive.read_frame(frame),
                              lambda raster: self._read(key, raster), lambda e: self._not_read(key, e)))

    def preload(self, series: Series) -> None:
        """Decode the other frames outwards from the shown one; a frame that fails is told when it is looked at."""
        self._jobs.cancel("preload")
        if len(series.frames) < 2:
            return
        start, total = self._session.index, len(series.frames)
        wanted = [i for i in outwards(start, total) if FrameKey(series.uid, i) not in self._session.rasters]

        def work(token: Token) -> None:
            room = self._session.rasters.budget_bytes
            for done, index in enumerate(wanted):
                token.raise_if_cancelled()
                raster = _read_or_none(self._archive, series.frames[index])
                room -= raster.pixels.nbytes if raster is not None else 0
                if room < 0:
                    return  # more would push out the neighbours that were read first
                if raster is not None:
                    self._jobs.post(_keeper(self._session, FrameKey(series.uid, index), raster, token))
                token.report(done + 1, len(wanted), f"loading frames {done + 1} of {len(wanted)}")

        self._bar.moved(0, len(wanted), "loading frames")
        self._jobs.submit(Job("preload", work, lambda _: None, self._bar.failed, self._bar.moved, self._bar.idle))

    def thumbnails(self, catalogue: Catalogue) -> None:
        """One picture for every series, one by one."""
        wanted = [series for study in catalogue.studies for series in study.series if series.frames]

        def work(token: Token) -> None:
            for series in wanted:
                token.raise_if_cancelled()
                raster = _read_or_none(self._archive, series.frames[series.default_frame])
                if raster is not None:
                    self._jobs.post(_thumbnail_keeper(self._session, series.uid, raster, token))

        self._jobs.submit(Job("thumbnails", work, lambda _: None, self._bar.failed))

    def clear_thumbnails(self) -> None:
        self._jobs.cancel("thumbnails")
        self._session.thumbnails.clear()

    def _read(self, key: FrameKey, raster: Raster) -> None:
        self._session.rasters[key] = raster
        self._session.frame_problem.pop(key, None)
        self._session.pulse()
        if key == self._session.frame_key:
            self.on_frame()

    def _not_read(self, key: FrameKey, error: FineViewError) -> None:
        self._session.frame_problem[key] = Notice(0, "error", error.what, error.remedy, error.code)
        self._session.pulse()


def outwards(start: int, total: int) -> Iterator[int]:
    """start + 1, start - 1, start + 2, ...: the neighbours that a wheel reaches first."""
    for distance in range(1, total):
        for index in (start + distance, start - distance):
            if 0 <= index < total:
                yield index


def _read_or_none(archive: Archive, frame: FrameInfo) -> Raster | None:
    try:
        return archive.read_frame(frame)
    except FineViewError:
        return None


def _keeper(session: Session, key: FrameKey, raster: Raster, token: Token) -> Callable[[], None]:
    def keep() -> None:
        if not token.cancelled and session.series is not None and session.series.uid == key.series_uid:
            session.rasters[key] = raster

    return keep


def _thumbnail_keeper(session: Session, uid: str, raster: Raster, token: Token) -> Callable[[], None]:
    def keep() -> None:
        if not token.cancelled:
            session.thumbnails[uid] = raster
            session.pulse()

    return keep
