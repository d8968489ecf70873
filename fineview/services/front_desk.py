"""A slab between two depths from the front, in the window, for a volume whose thickness is not (or cannot be) measured.

Lane "front", newest wins.  What is seen is kept for the shown series alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fineview.core.errors import FineViewError
from fineview.core.study import Series
from fineview.imaging.enface import Mode
from fineview.services.front_view import FrontView, front_view
from fineview.services.jobs import Job, Jobs, Token
from fineview.services.ports import Archive
from fineview.services.renumbered import renumbered_series
from fineview.services.session import Session
from fineview.services.slab import Slab
from fineview.services.thickness import localizer_of

OF_BSCANS = frozenset({"OPT", "OCT", "OPTBSV"})


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """``series`` as it was looked at, in which opening.  ``problem``: what, remedy; "" where the picture is there."""

    series: Series
    opening: int
    view: FrontView | None = None
    problem: str = ""


class FrontDesk:
    def __init__(self, session: Session, jobs: Jobs, archive: Archive) -> None:
        self._session, self._jobs, self._archive = session, jobs, archive
        self._seen: Front | None = None

    @property
    def volume(self) -> Series | None:
        """The shown series, where it is a volume of B-scans."""
        shown = self._session.series
        return shown if shown is not None and shown.modality in OF_BSCANS and len(shown.frames) > 1 else None

    @property
    def seen(self) -> Front | None:
        """What was seen of the shown series."""
        shown, seen = self._session.series, self._seen
        if seen is None or shown is None or (seen.series.uid, seen.opening) != (shown.uid, self._session.openings):
            return None
        return None if renumbered_series(seen.series, shown) else seen

    def look(self, slab: Slab, mode: Mode) -> None:
        series, study = self.volume, self._session.study
        if series is None or study is None:
            return
        localizer, opening = localizer_of(study, series), self._session.openings

        def work(token: Token) -> FrontView:
            return front_view(series, localizer, None, slab, mode, self._archive, token)

        self._jobs.submit(Job("front", work, lambda view: self._keep(Front(series, opening, view)),
                              partial(self._failed, series, opening)))

    def frame_at(self, x: float, y: float) -> int | None:
        """The B-scan under a point of the picture, in its pixels."""
        now, series = self.seen, self.volume
        if now is None or now.view is None or series is None:
            return None
        view = now.view
        if view.plane is None or view.cell_mm is None:
            return min(max(int(y), 0), len(series.frames) - 1)
        at = (view.corner_mm[0] + x * view.cell_mm, view.corner_mm[1] + y * view.cell_mm)
        return view.plane.nearest(at)[0]

    def _keep(self, front: Front) -> None:
        self._seen = front
        self._session.pulse()

    def _failed(self, series: Series, opening: int, error: FineViewError) -> None:
        self._keep(Front(series, opening, None, f"{error.what} {error.remedy}".strip()))
