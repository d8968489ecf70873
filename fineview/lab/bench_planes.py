"""Three planes: reading a series as a volume, and cutting it at points that a dragging hand goes through."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fineview.core.image import Window
from fineview.core.study import Series
from fineview.core.volume import Grid, Volume
from fineview.lab.figures import Figure
from fineview.lab.timing import figure_ms, seconds
from fineview.services.jobs import Token
from fineview.services.open_study import scan_all
from fineview.services.plane_view import cut_planes
from fineview.services.volumes import build_volume

if TYPE_CHECKING:
    from fineview.app import App

FRAMES, SIDE = 128, 256
# A CT of the chest, turned by three degrees so that no axis lies along the patient's.
LARGE, LARGE_MM = (300, 512, 512), (0.7, 0.7, 1.0)
BUILDS, CUTS = 3, 20
FRAME_MS = 16.0


def run(app: App) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        series = _series(app, Path(folder))
        built = [1000 * seconds(lambda: build_volume(series, app.archive.read_frame, Token())) for _ in range(BUILDS)]
        small = build_volume(series, app.archive.read_frame, Token())
    size = f"{FRAMES} x {SIDE} x {SIDE}"
    return [figure_ms(f"volume of {size} read from its files", built, None),
            *_cuts(small, size), *_cuts(_turned(), " x ".join(map(str, LARGE)) + ", oblique")]


def _cuts(volume: Volume, size: str) -> list[Figure]:
    """p95 of all three planes at once, and of one."""
    rng = np.random.default_rng(0)
    frames, rows, cols = volume.voxels.shape[:3]
    found = []
    for _ in range(CUTS):
        x, y, z = (float(one) for one in volume.grid.to_mm(rng.random(3) * (cols - 1, rows - 1, frames - 1)))
        found.append(1000 * seconds(partial(cut_planes, volume, (x, y, z), volume.window, False)))
    p95, middle = (round(float(np.percentile(found, share)), 1) for share in (95, 50))
    return [Figure(f"three planes of {size} cut and windowed, p95", p95, "ms", len(found),
                   (round(min(found), 1), round(max(found), 1)), 3 * FRAME_MS, p95 <= 3 * FRAME_MS,
                   {"median_ms": middle, "median_ms_each": round(middle / 3, 1)})]


def _series(app: App, folder: Path) -> Series:
    from fineview.formats.write_series import write_series

    rng = np.random.default_rng(0)
    write_series(folder, list(rng.integers(0, 255, (FRAMES, SIDE, SIDE), dtype=np.uint8)))
    return scan_all(app.archive, [folder], Token()).studies[0].series[0]


def _turned() -> Volume:
    c, s = np.cos(np.radians(3)), np.sin(np.radians(3))
    affine = np.eye(4)
    affine[:3, :3] = np.array(((c, -s, 0), (s, c, 0), (0, 0, 1))) * LARGE_MM
    voxels = np.random.default_rng(0).integers(-1000, 1000, LARGE, dtype=np.int16)
    return Volume(voxels, Grid(affine, np.arange(LARGE[0], dtype=np.float64), "patient", LARGE_MM[2]),
                  "HU", window=Window(40, 400))
