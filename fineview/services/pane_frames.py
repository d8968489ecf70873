"""Pictures of the panes beside the active one: the wanted frame of each, then those the wheel reaches next."""

from __future__ import annotations

from functools import partial

from fineview.core.errors import FineViewError
from fineview.core.image import Raster
from fineview.core.study import FrameInfo, FrameKey, Series
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.ports import Archive
from fineview.services.session import Notice, Session

_AHEAD = (1, -1, 2, -2)


class PaneFrames:
    """Lanes "pane-0" to "pane-3": newest wins, so that a fast wheel decodes where it stops."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive) -> None:
        self._session, self._jobs, self._archive = session, jobs, archive
        self._asked: dict[int, tuple[FrameKey, FrameInfo]] = {}

    def want(self, number: int, series: Series, index: int) -> None:
        """Read a frame for a pane, unless it is there, failed before or is on its way."""
        key, session = FrameKey(series.uid, index), self._session
        asked = (key, series.frames[index])
        if self._asked.get(number) == asked and (self._jobs.busy(_lane(number)) or key in session.frame_problem):
            return
        wanted = [(FrameKey(series.uid, at), series.frames[at]) for at in (index, *(index + step for step in _AHEAD))
                  if 0 <= at < len(series.frames) and FrameKey(series.uid, at) not in session.rasters]
        if key in session.rasters and self._asked.get(number) == asked or not wanted:
            return
        self._asked[number] = asked
        self._jobs.submit(Job(_lane(number), partial(self._read, wanted), lambda _: None, partial(self._failed, key)))

    def forget(self) -> None:
        """The catalogue is another one."""
        for number in self._asked:
            self._jobs.cancel(_lane(number))
        self._asked.clear()

    def _read(self, wanted: list[tuple[FrameKey, FrameInfo]], token: Token) -> None:
        for number, (key, frame) in enumerate(wanted):
            token.raise_if_cancelled()
            try:
                raster = self._archive.read_frame(frame)
            except FineViewError:
                if number == 0:
                    raise
                continue  # told when it is looked at
            self._jobs.post(partial(self._keep, key, frame, raster, token))

    def _keep(self, key: FrameKey, frame: FrameInfo, raster: Raster, token: Token) -> None:
        if not token.cancelled and self._session.is_still(key, frame):
            self._session.rasters[key] = raster
            self._session.frame_problem.pop(key, None)
            self._session.pulse()

    def _failed(self, key: FrameKey, error: FineViewError) -> None:
        self._session.frame_problem[key] = Notice(0, "error", error.what, error.remedy, error.code)
        self._session.pulse()


def _lane(number: int) -> str:
    return f"pane-{number}"
