"""When more files of a series come, its frames get other numbers: what was known by number is another picture's.  Pure.
"""

from __future__ import annotations

from fineview.core.study import Catalogue, FrameInfo, Series
from fineview.services.panes import Panes

Place = tuple[str, int]


def renumbered(before: Catalogue, after: Catalogue) -> bool:
    """Whether a number of any series that was open names another frame now."""
    known = _by_uid(before)
    return any(renumbered_series(known[uid], series) for uid, series in _by_uid(after).items() if uid in known)


def renumbered_series(before: Series, after: Series) -> bool:
    """The same for one series."""
    return before.frames is not after.frames and _places(before) != _places(after)


def number_of(frame: FrameInfo | None, series: Series) -> int | None:
    """Where a frame of the smaller series is now; None where it is gone."""
    places = _places(series)
    return places.index(_place(frame)) if frame is not None and _place(frame) in places else None


def moved_panes(panes: Panes, before: Catalogue, after: Catalogue) -> Panes:
    """Every pane at the frame it stood at."""
    old, new = _by_uid(before), _by_uid(after)
    for number, pane in enumerate(panes.panes):
        content = pane.content
        if content is None or content.series_uid not in new or content.series_uid not in old:
            continue
        then, series = old[content.series_uid].frames, new[content.series_uid]
        index = number_of(then[content.index] if content.index < len(then) else None, series)
        panes = panes.looked_at(number, series.default_frame if index is None else index)
    return panes


def _by_uid(catalogue: Catalogue) -> dict[str, Series]:
    return {series.uid: series for study in catalogue.studies for series in study.series}


def _places(series: Series) -> list[Place]:
    return [_place(frame) for frame in series.frames]


def _place(frame: FrameInfo) -> Place:
    return frame.path, frame.frame_in_file
