"""``fineview thickness``: the ETDRS grid of an OCT volume, for people and for scripts."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineview.cli.show import progress_token
from fineview.cli.study import opened
from fineview.core.errors import RequestProblem

if TYPE_CHECKING:
    from fineview.app import App
    from fineview.core.study import Patient, Series
    from fineview.services.jobs import Token
    from fineview.services.thickness import Thickness
    from fineview.services.thickness_change import Change
    from fineview.services.thickness_lines import VolumeLines

    Taken = tuple[Patient, Series, Thickness]


def thickness(wish: argparse.Namespace) -> Any:
    """Prints the nine fields, or gives the object of the contract."""
    from fineview.services.open_study import scan_all
    from fineview.services.thickness import grid_object, localizer_of, measure, moved
    from fineview.services.thickness_change import change_object

    token, before = progress_token(), None

    def taken(app: App, path: Path, uid: str | None, pair: tuple[str, str] | None) -> Taken:
        study, series = _volume(scan_all(app.archive, [path], token), uid)
        lines = _lines(app, series, wish.lines, token)
        return study.patient, series, measure(series, localizer_of(study, series), lines, pair or lines.pair)

    with opened(wish) as app:
        patient, series, made = taken(app, wish.path, wish.series, wish.layers)
        if wish.against is not None:
            before = taken(app, wish.against, None, (made.provenance.upper, made.provenance.lower))
    if wish.centre is not None:
        frame, column = wish.centre
        if frame >= len(series.frames) or column > made.plane.cols - 1:
            raise RequestProblem("The centre lies outside the volume.",
                                 f"It has frames 0 to {len(series.frames) - 1} and columns 0 to {made.plane.cols - 1}.",
                                 "frame-range")
        made = moved(made, made.plane.place(frame, column))
    told = _changed(before, (patient, series, made)) if before is not None else None
    if wish.json:
        return grid_object(made, series) | ({"change": change_object(told)} if told is not None else {})
    print(table(made, series))
    if told is not None:
        print(change_table(told))
    return 0


def _changed(before: Taken, after: Taken) -> Change:
    from fineview.services.thickness_change import change

    measured = [(made.grid, made.provenance, series.laterality, patient) for patient, series, made in (before, after)]
    return change(*measured)


def change_table(told: Change) -> str:
    """Field by field, for people."""
    words = [(one.name, "-" if one.change_um is None else f"{one.change_um:+.0f} um") for one in told.fields]
    rows = [f"  {name:16} {said:>12}" for name, said in words]
    return "\n".join(["change since the earlier volume", *rows, *(f"note: {note}" for note in told.notes)])


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
