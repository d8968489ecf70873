"""``fineview thickness``: the ETDRS grid of an OCT volume, for people and for scripts."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fineview.cli.show import progress_token
from fineview.cli.study import opened
from fineview.core.errors import RequestProblem

if TYPE_CHECKING:
    from fineview.app import App
    from fineview.core.change import GridChange
    from fineview.core.study import Series, Study
    from fineview.services.jobs import Token
    from fineview.services.thickness import Thickness
    from fineview.services.thickness_align import Measured
    from fineview.services.thickness_lines import VolumeLines


def thickness(wish: argparse.Namespace) -> Any:
    """Prints the nine fields, or gives the object of the contract."""
    from fineview.core.change import as_plain
    from fineview.services.open_study import scan_all
    from fineview.services.thickness import grid_object, localizer_of, measure, moved
    from fineview.services.thickness_change import change

    token, told = progress_token(), None

    def taken(app: App, path: Path, uid: str | None, pair: tuple[str, str] | None) -> Measured:
        study, series = volume_of(scan_all(app.archive, [path], token), uid)
        lines = lines_of(app, series, wish.lines, token)
        return _measured(app, study, series, measure(series, localizer_of(study, series), lines, pair or lines.pair))

    with opened(wish) as app:
        shown = taken(app, wish.path, wish.series, wish.layers)
        series, made = shown.series, shown.thickness
        if wish.centre is not None:
            made = moved(made, _place(made, series, wish.centre))
            shown = replace(shown, thickness=made)
        if wish.against is not None:
            told = change(taken(app, wish.against, None, (made.provenance.upper, made.provenance.lower)), shown)
    if wish.json:
        return grid_object(made, series) | ({"change": as_plain(told)} if told is not None else {})
    print(table(made, series))
    if told is not None:
        print(change_table(told))
    return 0


def _measured(app: App, study: Study, series: Series, made: Thickness) -> Measured:
    """With the fovea, where a person marked it."""
    from fineview.services.thickness import marked_fovea
    from fineview.services.thickness_align import Measured
    from fineview.services.whereabouts import relocated

    fovea = marked_fovea(relocated(app.journal.findings(study.uid), study), series, made.plane)
    return Measured(study.patient, study.uid, study.date, series, made, fovea[0] if fovea is not None else None)


def _place(made: Thickness, series: Series, centre: tuple[int, float]) -> tuple[float, float]:
    """Raises ``RequestProblem`` ``frame-range``."""
    frame, column = centre
    if frame >= len(series.frames) or column > made.plane.cols - 1:
        raise RequestProblem("The centre lies outside the volume.",
                             f"It has frames 0 to {len(series.frames) - 1} and columns 0 to {made.plane.cols - 1}.",
                             "frame-range")
    return made.plane.place(frame, column)


def change_table(told: GridChange) -> str:
    """Field by field, for people."""
    words = [(one.name, _um(one.before_um), _um(one.after_um),
              _signed(one.change_um, "\u00b5m", "-"), _signed(one.percent, "%", "")) for one in told.fields]
    when = f"{told.before.date or 'undated'} and {told.after.date or 'undated'}"
    head = f"the two eyes, {when}" if told.of_eyes else f"change between {when}"
    rows = [f"  {name:16} {old:>12} {new:>12} {said:>12} {share:>7}".rstrip() for name, old, new, said, share in words]
    told_why = [told.why_not] if told.why_not else []
    notes = (f"note: {note}" for note in told.notes)
    return "\n".join([head, *told_why, *rows, f"aligned {told.alignment.words}", *notes])


def _signed(value: float | None, unit: str, none: str) -> str:
    """What rounds to nothing has no sign."""
    return none if value is None else f"0 {unit}" if abs(value) < 0.5 else f"{value:+.0f} {unit}"


def _um(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} \u00b5m"


def volume_of(found: Any, uid: str | None) -> Any:
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


def lines_of(app: App, series: Series, whose: str, token: Token) -> VolumeLines:
    """The file's lines, or the model's.  Raises ``RequestProblem`` ``no-lines``."""
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
    volume = "not covered" if grid.volume_mm3 is None else f"{grid.volume_mm3:.2f} mm\u00b3"
    rows = [made.provenance.words, f"{series.laterality.words}, centre: {grid.centre_from}"]
    rows += [f"  {one.name:16} {one.words:>12}   {math.floor(one.covered * 100):3} % covered" for one in grid.fields]
    rows += [f"  {'volume':16} {volume:>12}", *(f"note: {note}" for note in made.provenance.notes)]
    return "\n".join(rows)
