"""Opening a folder: when the first image is there, when the index is complete, and what a study larger than the memory
budget costs."""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fineview.lab.figures import Figure
from fineview.lab.timing import figure_ms, seconds
from fineview.services.jobs import Token

if TYPE_CHECKING:
    from fineview.app import App
    from fineview.formats.archive import FileArchive

FILES, ROUNDS, SIDE = 1000, 3, 256
PARTS = ("index", "memory")


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening, in milliseconds from its start."""

    first_ms: float
    whole_ms: float
    known_at_first: int
    frames: int


def run(app: App, path: Path | None, only: tuple[str, ...] = (), study_gb: float = 5.0) -> list[Figure]:
    """On ``path``, or on a generated series of 1,000 single-frame files; each round with reading children of its own.

    ``only``: parts of it (``PARTS``).  ``study_gb``: size of the generated study that is opened under a budget of 2 GB.
    """
    from fineview.lab import bench_memory

    found: list[Figure] = []
    if not only or "index" in only:
        with tempfile.TemporaryDirectory() as folder:
            found += _index(path or generate(Path(folder), FILES), plain=path is None)
    if "memory" in only or not only and path is None:
        found += bench_memory.run(study_gb)
    return found


def _index(target: Path, plain: bool) -> list[Figure]:
    """``plain``: every file is one that the plain loop can read too."""
    from fineview.formats.plain_headers import read_plainly

    files = sorted(one for one in target.rglob("*") if one.is_file()) if target.is_dir() else [target]
    cold, warm, peer, ceiling = [], [], [], []
    for _ in range(ROUNDS):
        cold.append(_open(target, warmed=False))
        warm.append(_open(target, warmed=True))
        if plain:
            peer.append(1000 * seconds(lambda: read_plainly(files)))
        ceiling.append(1000 * seconds(lambda: [len(one.read_bytes()) for one in files]))
    first = cold[0]
    beside = {"bytes_alone_ms": _middle(ceiling), **({"plain_pydicom_loop_ms": _middle(peer)} if plain else {})}
    return [figure_ms("first image decoded, its reader started too", [one.first_ms for one in cold], 1.0),
            figure_ms("first image decoded, as in a window that is up", [one.first_ms for one in warm], 1.0),
            figure_ms(f"index of {first.frames} frames complete, its readers started too",
                      [one.whole_ms for one in cold], 5.0, beside),
            Figure("frames indexed when the first image was decoded", first.known_at_first, "frames", first.frames,
                   goal=first.frames, met=first.known_at_first < first.frames)]


def _open(target: Path, warmed: bool) -> Opening:
    from fineview.formats.archive import FileArchive

    archive = FileArchive()
    try:
        started = time.perf_counter()
        archive.warm()  # as the window does when it starts
        if warmed:
            _await(archive, target)
            started = time.perf_counter()
        return _timed(archive, target, started)
    finally:
        archive.close()


def _await(archive: FileArchive, target: Path) -> None:
    """Until both children have answered: each is busy with its own question."""
    one = next(one for one in (target, *sorted(target.rglob("*"))) if one.is_file())
    with ThreadPoolExecutor(2) as hands:
        for answered in [hands.submit(lambda: list(archive.scan([one], Token()))) for _ in range(2)]:
            answered.result()


def _timed(archive: FileArchive, target: Path, started: float) -> Opening:
    first_ms, known = None, 0
    for found in archive.scan([target], Token()):
        frames = [frame for study in found.studies for series in study.series for frame in series.frames]
        if frames and first_ms is None:
            archive.read_frame(frames[0])
            first_ms, known = (time.perf_counter() - started) * 1000, len(frames)
    whole_ms = (time.perf_counter() - started) * 1000
    return Opening(first_ms or whole_ms, whole_ms, known, len(frames))


def _middle(found: list[float]) -> float:
    return round(sorted(found)[len(found) // 2], 1)


def generate(folder: Path, count: int) -> Path:
    """``count`` single-frame MR files of one series, written with the project's own phantom pixels."""
    from fineview.formats.write_series import write_series
    from fineview.lab.phantom_other import other

    pixels, _ = other(5, (SIDE, SIDE))
    write_series(folder, [pixels[..., 0]] * count)
    return folder
