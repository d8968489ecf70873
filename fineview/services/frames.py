"""Decoded frames on the session: the shown one at once, its neighbours behind it, one picture for every series."""

from __future__ import annotations

from collections.abc import Callable

from fineview.core.errors import FineViewError
from fineview.core.image import Raster
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Series
from fineview.imaging.small import small
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.lane_bar import LaneBar
from fineview.services.memory import localizer_key
from fineview.services.ports import Archive
from fineview.services.preload import Preload, read_or_none
from fineview.services.session import Notice, Session

# Pixels along the longer side of a picture in the list of series, on a screen of twice the density.
_THUMBNAIL_PX = 256


class Frames:
    """Lanes "frame" (newest wins), "localizer", "preload" and "thumbnails".

    ``on_frame``: called when the shown one is there.
    """

    def __init__(self, session: Session, jobs: Jobs, archive: Archive) -> None:
        self._session, self._jobs, self._archive = session, jobs, archive
        self._bar = LaneBar(session, jobs, "thumbnails")
        self._preload = Preload(session, jobs, archive)
        self.on_frame: Callable[[], None] = lambda: None

    def load(self) -> None:
        """Read the frame that is to be shown, and its localizer, unless they are there."""
        session, key, frame = self._session, self._session.frame_key, self._session.frame
        if key is None or frame is None:
            return
        if key in session.rasters:
            self.on_frame()
        else:
            self._submit("frame", key, frame)
        beside = localizer_key(session)
        described = session.frame_at(beside) if beside is not None else None
        if beside is not None and described is not None and beside not in session.rasters:
            self._submit("localizer", beside, described)
        self._preload.follow()

    def preload(self, series: Series) -> None:
        """Decode other frames outwards from the shown one, as many as the budget holds."""
        if self._session.series is not None and self._session.series.uid == series.uid:
            self._preload.begin()

    def thumbnails(self, catalogue: Catalogue) -> None:
        """One small picture for every series, one by one."""
        wanted = [series for study in catalogue.studies for series in study.series if series.frames]

        def work(token: Token) -> None:
            for series in wanted:
                token.raise_if_cancelled()
                raster = read_or_none(self._archive, series.frames[series.default_frame])
                if raster is not None:
                    self._jobs.post(_keeper(self._session, series.uid, small(raster, _THUMBNAIL_PX), token))

        self._jobs.submit(Job("thumbnails", work, lambda _: None, self._bar.failed))

    def clear_thumbnails(self) -> None:
        self._jobs.cancel("thumbnails")
        self._session.thumbnails.clear()

    def _submit(self, lane: str, key: FrameKey, frame: FrameInfo) -> None:
        self._jobs.submit(Job(lane, lambda _: self._archive.read_frame(frame),
                              lambda raster: self._read(key, frame, raster),
                              lambda e: self._not_read(lane, key, frame, e)))

    def _read(self, key: FrameKey, frame: FrameInfo, raster: Raster) -> None:
        if not self._session.is_still(key, frame):
            return
        self._session.rasters[key] = raster
        self._session.frame_problem.pop(key, None)
        self._session.pulse()
        if key == self._session.frame_key:
            self.on_frame()

    def _not_read(self, lane: str, key: FrameKey, frame: FrameInfo, error: FineViewError) -> None:
        if error.code == "out-of-memory" and self._session.rasters.shed():
            self._submit(lane, key, frame)  # others have made room
            return
        self._session.frame_problem[key] = Notice(0, "error", error.what, error.remedy, error.code)
        self._session.pulse()


def _keeper(session: Session, uid: str, raster: Raster, token: Token) -> Callable[[], None]:
    def keep() -> None:
        if not token.cancelled:
            session.thumbnails[uid] = raster
            session.pulse()

    return keep
