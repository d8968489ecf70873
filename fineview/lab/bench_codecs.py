"""Decoders side by side: for each compressed transfer syntax of a folder, its largest frame by all that read it."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from fineview.core.errors import FineViewError, RequestProblem
from fineview.core.study import Series
from fineview.lab.figures import Figure
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all

if TYPE_CHECKING:
    from fineview.app import App

# Two cores wobble by a third: a first choice that is slower by less than this may still be the faster one.
_ALIKE = 1.1


def run(app: App, path: Path | None) -> list[Figure]:
    """Raises ``RequestProblem`` without a path: nobody here can write most of these syntaxes."""
    if path is None:
        raise RequestProblem("Files to decode are needed.", "Example: fineview bench codecs FOLDER", "bench-path")
    largest: dict[str, Series] = {}
    for study in scan_all(app.archive, [path], Token()).studies:
        for series in study.series:
            before = largest.get(series.transfer_syntax)
            if before is None or _bits(series) > _bits(before):
                largest[series.transfer_syntax] = series
    return [figure for syntax, series in sorted(largest.items()) if (figure := _figure(app, syntax, series))]


def _bits(series: Series) -> int:
    return series.rows * series.cols * series.bits


def _figure(app: App, syntax: str, series: Series) -> Figure | None:
    """None where nothing is compressed, or a decoder in the row does not read this very picture."""
    from fineview.formats.archive import FileArchive
    from fineview.formats.codecs import title

    assert isinstance(app.archive, FileArchive)
    try:
        found = app.archive.decoder_speeds(series.frames[0])
    except FineViewError:
        return None
    if not found:
        return None
    (first, times), *others = found
    value, beside = median(times), {package: round(median(each), 2) for package, each in others}
    name = f"{title(syntax)}, {series.cols} x {series.rows}, {series.photometric}: {first}"
    fastest = min([value, *beside.values()])
    return Figure(name, round(value, 2), "ms", len(times), (round(min(times), 2), round(max(times), 2)), None,
                  value <= _ALIKE * fastest, beside)
