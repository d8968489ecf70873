"""Pictures of a thickness grid for reports: the map with its numbers, and what changed since another visit.

Made of the values that were kept with the grid and of the localizer's own pixels; nothing is taken from a window.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fineview.core.change import GridChange
from fineview.core.errors import RequestProblem
from fineview.core.report import Figure, GridEntry
from fineview.core.study import Series, Study
from fineview.imaging.diverging import diverging_bar, diverging_rgba
from fineview.imaging.grid_picture import Rgb, at_pixels, grid_picture, ground
from fineview.imaging.scan_places import plane_of
from fineview.imaging.window import to_rgb
from fineview.services.change_sheet import limit_um
from fineview.services.ports import Archive
from fineview.services.thickness import localizer_of
from fineview.services.thickness_sheet import map_rgba, range_um

_OPACITY = 165


def grid_figures(number: int, one: GridEntry, study: Study, archive: Archive) -> Iterator[Figure]:
    """Raises ``InputProblem`` where the localizer cannot be read."""
    if one.map is None:
        return
    base = _ground(one, study.series_by_uid(one.series_uid), study, archive)
    held, centre, told = one.map.open(), one.grid.centre_mm, one.provenance
    low, high = range_um(told, held)
    rgba, bar = map_rgba(at_pixels(held, centre), (low, high), "viridis", _OPACITY)
    words = ["\u2013" if field.mean_um is None else f"{field.mean_um:.0f}" for field in one.grid.fields]
    caption = (f"Thickness in \u00b5m, {told.upper} to {told.lower}, {one.laterality.words}; colours from {low:.0f} to "
               f"{high:.0f} \u00b5m. {told.words}.")
    drawn = grid_picture(base, rgba, words, bar, (f"{low:.0f}", f"{high:.0f} \u00b5m"))
    yield Figure(f"thickness-{number}", caption, drawn)
    if one.change is not None and one.change_map is not None:
        yield _change_figure(number, one.change, one, base)


def _change_figure(number: int, told: GridChange, one: GridEntry, base: Rgb) -> Figure:
    assert one.change_map is not None
    held = one.change_map.open()
    limit = limit_um(held)
    rgba = diverging_rgba(at_pixels(held, one.grid.centre_mm), limit, _OPACITY)
    words = [_signed(field.change_um) for field in told.fields]
    what = "Difference between the eyes" if told.of_eyes else "Change"
    days = f"{_day(told.before.date)} to {_day(told.after.date)}"
    caption = (f"{what} in \u00b5m, {days}; colours from \u2212{limit:.0f} to +{limit:.0f} \u00b5m, blue thinner, "
               f"orange thicker, no colour where either is unknown. Aligned {told.alignment.words}.")
    return Figure(f"change-{number}", caption, grid_picture(base, rgba, words, diverging_bar(),
                                                            (f"\u2212{limit:.0f}", f"+{limit:.0f} \u00b5m")))


def _signed(um: float | None) -> str:
    return "\u2013" if um is None else "0" if abs(um) < 0.5 else f"{um:+.0f}".replace("-", "\u2212")


def _day(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if len(date) == 8 else "an undated visit"


def _ground(one: GridEntry, series: Series, study: Study, archive: Archive) -> Rgb:
    localizer = localizer_of(study, series)
    try:
        scale = plane_of(series, localizer).px_per_mm
    except RequestProblem:
        scale = None
    picture = to_rgb(archive.read_frame(localizer)) if localizer is not None and scale is not None else None
    return ground(None if picture is None else np.ascontiguousarray(picture), scale, one.grid.centre_mm)
