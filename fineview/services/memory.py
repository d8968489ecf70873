"""One budget for everything that holds pixels: decoded frames get what maps and pictures leave of it.

The budget is the person's; where the computer itself runs short, less is used for as long as it does, and that is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fineview.core.study import FrameKey
from fineview.services.localizer import localizer
from fineview.services.machine import Machine, read_machine
from fineview.services.panes import Panes
from fineview.services.remembered import PICTURES
from fineview.services.session import Session

MB = 1024**2
GB = 1024**3
DEFAULT_BYTES = 2 * GB
LEAST_BYTES, MOST_BYTES = 256 * MB, 1024 * GB
SETTING = "memory-budget-mb"
_LOOK_SECONDS = 1.0
# What nobody counts: frames on their way, and the copies that decoding and painting make of them for a moment.
_PASSING, _PASSING_FRAMES, _PASSING_MOST = 1 / 16, 12, 1 / 2


class Held(Protocol):
    """Something with a budget of its own."""

    budget_bytes: int

    @property
    def held_bytes(self) -> int: ...
    def trim(self) -> object: ...


class Kept(Protocol):
    """Where the setting outlives the window."""

    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, value: str) -> None: ...


class Memory:
    """Watches the session and keeps its caches within ``wished_bytes``, or ``budget_bytes`` where memory is short.

    ``machine``: asked at most once a second.  ``also``: what else holds pixels, each with its share (see ``share``).
    """

    def __init__(self, session: Session, settings: Kept, machine: Callable[[], Machine | None] = read_machine,
                 clock: Callable[[], float] = time.monotonic, also: Sequence[tuple[float, Held]] = ()) -> None:
        self._session, self._settings, self._machine, self._clock = session, settings, machine, clock
        self._shares: list[tuple[float, Held]] = []
        self._looked, self._seen, self._short = float("-inf"), machine(), False
        self.wished_bytes = self.budget_bytes = _read(settings.setting(SETTING))
        shares: tuple[tuple[float, Held], ...] = (
            (1 / 4, session.analyses), (1 / 8, session.heat), (1 / 16, session.drawings), (1 / 32, session.lines),
            (1 / 32, session.spoken), (1 / 16, PICTURES), *also)
        for share, one in shares:
            self.share(share, one)
        session.subscribe(self.check)
        self.check()

    def share(self, share: float, holder: Held) -> None:
        """Let ``holder`` have at most this share of the budget; frames get what it does not use."""
        self._shares.append((share, holder))

    @property
    def machine(self) -> Machine | None:
        """As last seen; None where it is not known."""
        return self._seen

    @property
    def held_bytes(self) -> int:
        """All pixels and maps that are held now."""
        return self._session.rasters.held_bytes + self._others

    @property
    def _others(self) -> int:
        return sum(holder.held_bytes for _, holder in self._shares)

    def set_budget(self, bytes_: int) -> None:
        """From now on, and at the next start."""
        self.wished_bytes = min(max(bytes_, LEAST_BYTES), MOST_BYTES)
        self._settings.set_setting(SETTING, str(self.wished_bytes // MB))
        self._looked = float("-inf")
        self._session.pulse()

    def watch(self) -> None:
        """As ``check``, from a clock: other programs come and go while nothing happens here."""
        before = self.budget_bytes
        self.check()
        if self.budget_bytes != before:
            self._session.pulse()

    def check(self) -> None:
        """Fit the caches to what may be used now; nothing of what is on screen is let go."""
        now = self._clock()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked, self._seen = now, self._machine()
            self.budget_bytes = min(self.wished_bytes, max(LEAST_BYTES, self._affordable()))
            self._tell()
        for share, holder in self._shares:
            holder.budget_bytes = int(share * self.budget_bytes)
            holder.trim()
        rasters = self._session.rasters
        rasters.pinned = on_screen(self._session)
        rasters.budget_bytes = max(0, self.budget_bytes - self._passing() - self._others)
        rasters.trim()
        self._session.memory_used, self._session.memory_budget = self.held_bytes, self.budget_bytes

    def _passing(self) -> int:
        """Bytes to leave for what is on its way: more where frames are large."""
        raster = self._session.raster
        frames = _PASSING_FRAMES * raster.pixels.nbytes if raster is not None else 0
        return int(min(max(self.budget_bytes * _PASSING, frames), self.budget_bytes * _PASSING_MOST))

    def _affordable(self) -> int:
        """What is held and what is free, less what other programs should find: a tenth, at most 1 GB."""
        if self._seen is None:
            return self.wished_bytes
        return self.held_bytes + self._seen.free_bytes - min(GB, self._seen.total_bytes // 10)

    def _tell(self) -> None:
        """Once, when it begins to be short; again only after it was well in between."""
        if self.budget_bytes == self.wished_bytes:
            self._short = False
        elif not self._short and self.budget_bytes < self.wished_bytes // 2:
            self._short = True
            self._session.tell("warning", "This computer is short of memory: fewer pictures are kept at hand.",
                               "Close other programs, or studies you do not need.", "memory-short")


def on_screen(session: Session) -> frozenset[FrameKey]:
    """Frames that are looked at now: those of the panes, and the localizer's."""
    keys = {session.frame_key, localizer_key(session), *passive_keys(session)}
    return frozenset(key for key in keys if key is not None)


def localizer_key(session: Session) -> FrameKey | None:
    """The localizer of the shown series, where it is open."""
    found = localizer(session.study, session.series, session.localizers)
    return FrameKey(found.uid, found.default_frame) if found is not None else None


def passive_keys(session: Session) -> tuple[FrameKey, ...]:
    """Frames of the panes beside the active one."""
    panes: Panes = session.panes
    contents: list[Any] = [session.pane(number).content for number in panes.passive]
    return tuple(FrameKey(one.series_uid, one.index) for one in contents if hasattr(one, "series_uid"))


def _read(setting: str | None) -> int:
    """The default where nothing, or nonsense, was kept."""
    if setting is None or not setting.isdecimal():
        return DEFAULT_BYTES
    return min(max(int(setting), 1) * MB, MOST_BYTES)
