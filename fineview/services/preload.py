"""Preloading: the frames round the shown one, as many as the budget holds, and round the next place it goes to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import zip_longest

from fineview.core.errors import FineViewError
from fineview.core.image import Raster
from fineview.core.study import FrameInfo, FrameKey, Series
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.lane_bar import LaneBar
from fineview.services.memory import passive_keys
from fineview.services.ports import Archive
from fineview.services.session import Session

Wanted = tuple[FrameKey, FrameInfo]
# Frames that are decoded but not yet at home: a busy window must not pile them up outside the budget.
_ON_THE_WAY = 2
_TURN_SECONDS = 0.1
_LEAST_REACH = 8


class Preload:
    """Lane "preload".  A frame that fails is told when it is looked at."""

    def __init__(self, session: Session, jobs: Jobs, archive: Archive) -> None:
        self._session, self._jobs, self._archive = session, jobs, archive
        self._bar = LaneBar(session, jobs, "preload")
        self._aimed: FrameKey | None = None
        self._reach = 0
        self._partial = False
        self._token: Token | None = None

    def begin(self) -> None:
        """Outwards from the shown frame, then the next series; stops what was under way."""
        session, self._aimed = self._session, self._session.frame_key
        self._token = None  # so that its end is not taken for the person's own Cancel
        self._jobs.cancel("preload")
        order = tuple(dict(_order(session)).items())  # panes may show one series twice
        room, each = self._room, self._each()
        self._reach, self._partial = max(_LEAST_REACH, room // (2 * each)), len(order) * each > room
        held = self._refreshed(order)
        if len(held) < len(order):
            self._bar.moved(0, len(order), "loading frames")
            self._token = self._jobs.submit(Job(
                "preload", lambda token: self._read_all(order, held, each, token),
                lambda _: self._ended(order), self._bar.failed, self._bar.moved, self._bar.idle))

    def follow(self) -> None:
        """Aim anew where the shown frame has gone far from where was aimed, unless the person has cancelled."""
        key, aimed, token = self._session.frame_key, self._aimed, self._token
        if key is None or aimed is None or key.series_uid != aimed.series_uid or token is None or token.cancelled:
            return
        far = abs(key.index - aimed.index) > max(_LEAST_REACH, self._reach // 4)
        if far and (self._partial or self._jobs.busy("preload")):
            self.begin()

    def _refreshed(self, order: tuple[Wanted, ...]) -> dict[FrameKey, int]:
        """Bytes of those that are there; the nearest are now the newest, and go last."""
        found = ((key, self._session.rasters.get(key)) for key, _ in reversed(order))
        return {key: raster.pixels.nbytes for key, raster in found if raster is not None}

    def _ended(self, order: tuple[Wanted, ...]) -> None:
        self._refreshed(order)

    @property
    def _room(self) -> int:
        """Less than the budget: the panes' frames stand in it too."""
        return self._session.rasters.budget_bytes * 7 // 8

    def _each(self) -> int:
        """Bytes of a frame of the shown series, as far as is known."""
        raster, frame = self._session.raster, self._session.frame
        if raster is not None:
            return max(1, raster.pixels.nbytes)
        return max(1, frame.rows * frame.cols * 2 if frame is not None else 1)

    def _read_all(self, order: tuple[Wanted, ...], held: dict[FrameKey, int], each: int, token: Token) -> None:
        used, turns = 0, threading.Semaphore(_ON_THE_WAY)
        for done, (key, frame) in enumerate(order):
            weight = held.get(key)
            if weight is None:
                weight = self._read_in_turn(key, frame, turns, token)
            used += weight
            if used + each > self._room:
                return  # more would push out the neighbours that were read first
            total = min(len(order), max(done + 1, self._room // each))
            token.report(done + 1, total, f"loading frames {done + 1} of {total}")

    def _read_in_turn(self, key: FrameKey, frame: FrameInfo, turns: threading.Semaphore, token: Token) -> int:
        """Bytes of the frame; it is handed on and not held here."""
        while not turns.acquire(timeout=_TURN_SECONDS):
            token.raise_if_cancelled()
        token.raise_if_cancelled()
        raster = read_or_none(self._archive, frame)
        self._jobs.post(self._keeper(key, frame, raster, turns, token))
        return raster.pixels.nbytes if raster is not None else 0

    def _keeper(self, key: FrameKey, frame: FrameInfo, raster: Raster | None, turns: threading.Semaphore,
                token: Token) -> Callable[[], None]:
        def keep() -> None:
            turns.release()
            # The series may have grown meanwhile: its frames have other numbers then.
            if raster is not None and not token.cancelled and self._session.is_still(key, frame):
                self._session.rasters[key] = raster

        return keep


def _order(session: Session) -> Iterator[Wanted]:
    """The shown series outwards from the shown frame, those of the panes beside it by turns, then the next series."""
    if session.study is None or session.series is None:
        return
    here = session.series
    beside = (_series(session, key) for key in passive_keys(session))
    shown = [_around(here, session.index), *(_around(series, index) for series, index in beside if series is not None)]
    for turn in zip_longest(*shown):
        yield from (one for one in turn if one is not None)
    uids = [one.uid for one in session.study.series]
    behind = session.study.series[uids.index(here.uid) + 1:] if here.uid in uids else ()
    following = next((one for one in behind if one.frames), None)
    if following is not None:
        first = following.default_frame
        yield FrameKey(following.uid, first), following.frames[first]
        yield from _around(following, first)


def _series(session: Session, key: FrameKey) -> tuple[Series | None, int]:
    """The series of a pane, of whichever study of the open catalogue; with the frame it stands at."""
    try:
        return session.catalogue.find_series(key.series_uid)[1], key.index
    except KeyError:
        return None, 0


def _around(series: Series, start: int) -> Iterator[Wanted]:
    for index in outwards(start, len(series.frames)):
        yield FrameKey(series.uid, index), series.frames[index]


def outwards(start: int, total: int) -> Iterator[int]:
    """start + 1, start - 1, start + 2, ...: the neighbours that a wheel reaches first."""
    for distance in range(1, total):
        for index in (start + distance, start - distance):
            if 0 <= index < total:
                yield index


def read_or_none(archive: Archive, frame: FrameInfo) -> Raster | None:
    try:
        return archive.read_frame(frame)
    except FineViewError:
        return None
