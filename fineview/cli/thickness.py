"""``fineview thickness``: the ETDRS grid of an OCT volume, for people and for scripts."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from fineview.cli.show import progress_token
from fineview.cli.study import opened
from fineview.core.errors import RequestProblem

if TYPE_CHECKING:
    from fineview.app import App
    from fineview.core.study import Series
    from fineview.services.jobs import Token
    from fineview.services.thickness import Thickness
    from fineview.services.thickness_lines import VolumeLines


def thickness(wish: argparse.Namespace) -> Any:
    """Prints the nine fields, or gives the object of the contract."""
    from fineview.services.open_study import scan_all
    from fineview.services.thickness import grid_object, localizer_of, measure, moved

    token = progress_token()
    with opened(wish) as app:
        study, series = _volume(scan_all(app.archive, [wish.path], token), wish.series)
        lines = _lines(app, series, wish.lines, token)
    made = measure(series, localizer_of(study, series), lines, wish.layers or lines.pair)
    if wish.centre is not None:
        frame, column = wish.centre
        if frame >= len(series.frames) or column > made.plane.cols - 1:
            raise RequestProblem("The centre lies outside the volume.",
                                 f"It has frames 0 to {len(series.frames) - 1} and columns 0 to {made.plane.cols - 1}.",
                                 "frame-range")
        made = moved(made, made.plane.place(frame, column))
    if wish.json:
        return grid_object(made, series)
    print(table(made, series))
    return 0


def _volume(found: Any, uid: str | None) -> Any:
    """The named series, or the first volume of B-scans.  Raises ``RequestProblem``, ``InputProblem``."""
    from fineview.services.frame_choice import choose_series

    if uid is None:
        for study in found.studies:
            for series in study.series:
                if series.modality in ("OPT", "OCT") and len(series.frames) > 1:
                    return study, series
    study, series = choose_series(found, uid)
    if len(series.frames) < 2:
        raise RequestProblem("There is no volume of B-scans.", "\"fineview info\" lists the series.", "no-series")
    return study, series


def _lines(app: App, series: Series, whose: str, token: Token) -> VolumeLines:
    from fineview.services.thickness_lines import from_file, from_model

    if whose != "model":
        try:
            return from_file(series, app.archive, token)
        except RequestProblem as error:
            if whose == "file" or error.code != "no-lines":
                raise
    return from_model(series, app.archive, app.engine(), token)


def table(made: Thickness, series: Series) -> str:
    """The grid for people."""
    grid = made.grid
    volume = "not covered" if grid.volume_mm3 is None else f"{grid.volume_mm3:.2f} mm3"
    rows = [made.provenance.words, f"{series.laterality.words}, centre: {grid.centre_from}"]
    rows += [f"  {one.name:16} {one.words:>12}   {math.floor(one.covered * 100):3} % covered" for one in grid.fields]
    rows += [f"  {'volume':16} {volume:>12}", *(f"note: {note}" for note in made.provenance.notes)]
    return "\n".join(rows)
