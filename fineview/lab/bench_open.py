"""Opening a folder: when the first image is there, when the index is complete, how much was decoded by then."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fineview.lab.figures import Figure
from fineview.lab.timing import figure_ms
from fineview.services.jobs import Token

if TYPE_CHECKING:
    from fineview.app import App

FILES = 128


def run(app: App, path: Path | None) -> list[Figure]:
    """On ``path``, or on a generated series of 128 single-frame files."""
    with tempfile.TemporaryDirectory() as folder:
        target = path or generate(Path(folder), FILES)
        started = time.perf_counter()
        first_ms, frames = None, 0
        for found in app.archive.scan([target], Token()):
            series = next((s for study in found.studies for s in study.series if s.frames), None)
            if series is not None and first_ms is None:
                app.archive.read_frame(series.frames[0])
                first_ms = (time.perf_counter() - started) * 1000
                frames = sum(len(s.frames) for study in found.studies for s in study.series)
        whole_ms = (time.perf_counter() - started) * 1000
        total = sum(len(s.frames) for study in found.studies for s in study.series)
    known = Figure("frames indexed when the first image was decoded", frames, "frames", total, goal=total,
                   met=frames < total)
    return [figure_ms("first image decoded", [first_ms or whole_ms], 1.0),
            figure_ms(f"index of {total} frames complete", [whole_ms], 5.0),
            known]


def generate(folder: Path, count: int) -> Path:
    """``count`` single-frame MR files of one series, written with the project's own phantom pixels."""
    from fineview.formats.write_series import write_series
    from fineview.lab.phantom_other import other

    pixels, _ = other(5, (256, 256))
    write_series(folder, [pixels[..., 0]] * count)
    return folder
