"""A whole OCT volume: together against frame at a time, by the encoder alone and to files; memory over its length."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fineview import paths
from fineview.core.study import FrameKey
from fineview.lab.figures import Figure
from fineview.lab.phantom_oct import bscan
from fineview.lab.timing import seconds, speedup
from fineview.models.predictor import Predictor
from fineview.services.analysis_files import AnalysisWish, analyse_to_files
from fineview.services.analysis_volume import analyse_volume_to_files
from fineview.services.encodings import Encodings
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all

if TYPE_CHECKING:
    from fineview.app import App

FRAMES = 128
BLOCK = 16
ALONE = 4
GOAL = 1.5


def run(app: App) -> list[Figure]:
    """128 B-scans, each block of 16 encoded together next to four that are encoded alone."""
    engine = Predictor.load(app.encoder_folder(), app.device)  # type: ignore[arg-type]
    different = [np.repeat(bscan(seed).image[..., None], 3, axis=2) for seed in range(8)]
    engine.encode(different[0])
    rates, alone, together, held = [], [], [], []
    for start in range(0, FRAMES, BLOCK):
        block = [different[number % len(different)] for number in range(start, start + BLOCK)]
        one = seconds(lambda block=block: [engine.encode(frame) for frame in block[:ALONE]]) / ALONE
        many = seconds(lambda block=block: _through(engine, iter(block), held)) / BLOCK
        alone.append(one)
        together.append(many)
        rates.append(one / many)
    middle = statistics.median(rates)
    figure = Figure(f"volume of {FRAMES} B-scans encoded together against one at a time", round(middle, 3), "ratio",
                    len(rates), (round(min(rates), 3), round(max(rates), 3)), GOAL, middle >= GOAL,
                    {"together_ms_per_frame": round(1000 * statistics.median(together), 1),
                     "alone_ms_per_frame": round(1000 * statistics.median(alone), 1)})
    return [figure, memory_growth(held), _to_files(app)]


def _through(engine: Predictor, frames: Iterator[NDArray[np.uint8]], held: list[float]) -> None:
    for _ in engine.encode_many(frames):
        held.append(resident_mb())


def memory_growth(held: list[float]) -> Figure:
    """Largest memory in the last quarter of a volume less that in its second quarter, MB."""
    quarter = len(held) // 4
    early, late = max(held[quarter: 2 * quarter]), max(held[-quarter:])
    return Figure("memory grown from the second to the last quarter of the volume", round(late - early, 1), "MB",
                  len(held), None, 64.0, late - early <= 64.0, {"early_mb": early, "late_mb": late})


def resident_mb() -> float:
    """Memory of this process that is in RAM, in MB; 0 where the system does not say."""
    status = Path("/proc/self/statm")
    return round(int(status.read_text().split()[1]) * 4096 / 2**20, 1) if status.is_file() else 0.0


def _to_files(app: App) -> Figure:
    """The sample's longest series, ``analyze --all-frames`` against a loop of ``analyze``, files and all."""
    studies = scan_all(app.archive, [paths.sample_dir()], Token()).studies
    series = max((one for study in studies for one in study.series), key=lambda one: len(one.frames))
    keys = [FrameKey(series.uid, number) for number in range(len(series.frames))]
    engine, wish = app.engine(), AnalysisWish()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)

        def alone() -> None:
            for key in keys:
                analyse_to_files(series, key, wish, app.archive, engine, Encodings(), out / "alone", Token(),
                                 f"frame_{key.index:04d}")

        return speedup(f"analyze --all-frames of {len(keys)} frames against one at a time",
                       lambda: analyse_volume_to_files(series, keys, wish, app.archive, engine, out / "all", Token()),
                       alone, GOAL, count=2)
