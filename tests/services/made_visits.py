"""Volumes of a made eye whose thickness is a formula of the place on the fundus, for tests with known changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fineview.core.device import Device
from fineview.core.geometry import Point, ScaleSource, Spacing
from fineview.core.orientation import Orientation
from fineview.core.place import Place
from fineview.core.study import FrameInfo, Laterality, Patient, Series
from fineview.services.thickness import measure
from fineview.services.thickness_align import Measured
from fineview.services.thickness_lines import VolumeLines

Array = NDArray[np.float64]
Eye = Callable[[Array, Array], Array]
# 145 A-scans 0.05 mm apart, 37 B-scans 0.2 mm apart: 7.2 x 7.2 mm; rows of 4 um; localizer pixels of 0.01 mm.
COLS, FRAMES, ROW_MM, COL_MM, STEP_MM, PX_MM = 145, 37, 0.004, 0.05, 0.2, 0.01
HALF = 3.6
SPACING = Spacing(ROW_MM, COL_MM, STEP_MM, ScaleSource.CALIBRATED)
SPECTRALIS = Device("Heidelberg Engineering", "Spectralis", "6.0")
WHO = Patient("DOE^JANE", "7")


def flat(um: float) -> Eye:
    return lambda x, y: np.full_like(x, um)


def hill(um: float, at: Point, sigma_mm: float) -> Eye:
    return lambda x, y: um * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * sigma_mm**2))


def both(*eyes: Eye) -> Eye:
    def summed(x: Array, y: Array) -> Array:
        return np.sum([eye(x, y) for eye in eyes], axis=0)

    return summed


def photo(uid: str) -> FrameInfo:
    return FrameInfo("p", 0, rows=1000, cols=1000, spacing=Spacing(PX_MM, PX_MM, None, ScaleSource.CALIBRATED))


def visit(eye: Eye, uid: str, date: str = "", middle: Point = (5.0, 5.0), localizer: str = "p", side: str = "R",
          device: Device = SPECTRALIS, spacing: Spacing = SPACING, fovea: Point | None = None,
          drawn: Callable[[VolumeLines], VolumeLines] = lambda lines: lines) -> Measured:
    """The eye scanned about ``middle``; ``eye`` gives micrometres at x, y of the localizer's plane."""
    x, y = np.meshgrid(middle[0] - HALF + COL_MM * np.arange(COLS), middle[1] - HALF + STEP_MM * np.arange(FRAMES))
    ends = [((float(x[n, 0]) / PX_MM, float(y[n, 0]) / PX_MM), (float(x[n, -1]) / PX_MM, float(y[n, 0]) / PX_MM))
            for n in range(FRAMES)]
    frames = tuple(FrameInfo(f"{uid}.vol", n, rows=200, cols=COLS, spacing=spacing, scan_line=ends[n])
                   for n in range(FRAMES))
    series = Series(uid, f"study {uid}", "OPT", rows=200, cols=COLS, frames=frames, is_volume=True, spacing=spacing,
                    laterality=Laterality(side, "header"), localizer_uid=localizer, device=device)  # type: ignore
    return measured(series, eye(x, y), date, photo(localizer), fovea, drawn)


def in_space(eye: Eye, uid: str, corner: Point, space: str) -> Measured:
    """Without a localizer: B-scans in the patient's coordinates, the first A-scan of the lowest at ``corner``.

    ``eye`` gives micrometres at x (to the left) and y (to the feet) of the patient.  B-scans go up, as scanned.
    """
    x, y = np.meshgrid(corner[0] + COL_MM * np.arange(COLS), corner[1] - STEP_MM * np.arange(FRAMES))
    frames = tuple(FrameInfo(f"{uid}.dcm", n, uid, rows=200, cols=COLS, spacing=SPACING,
                             orientation=Orientation("L", "P"), position_mm=STEP_MM * n,
                             place=Place((corner[0], 0.0, -corner[1] + STEP_MM * n), (1, 0, 0), (0, 1, 0)))
                   for n in range(FRAMES))
    series = Series(uid, f"study {uid}", "OPT", rows=200, cols=COLS, frames=frames, is_volume=True, spacing=SPACING,
                    laterality=Laterality("R", "header"), frame_of_reference_uid=space, device=SPECTRALIS)
    return measured(series, eye(x, y), "", None)


def measured(series: Series, um: Array, date: str, localizer: FrameInfo | None, fovea: Point | None = None,
             drawn: Callable[[VolumeLines], VolumeLines] = lambda lines: lines) -> Measured:
    top = np.full((FRAMES, COLS), 50.0, np.float32)
    rows = {"ILM": top, "BM": (top + um / (ROW_MM * 1000)).astype(np.float32), "RPE": top + 30}
    lines = drawn(VolumeLines(series.uid, rows, "file", "Spectralis 6.0"))
    made = measure(series, localizer, lines, lines.pair, None if fovea is None else (fovea, "the fovea"))
    return Measured(WHO, series.study_uid, date, series, made, fovea)


def with_pair(one: Measured, pair: tuple[str, str]) -> Measured:
    told = replace(one.thickness.provenance, upper=pair[0], lower=pair[1])
    return replace(one, thickness=replace(one.thickness, provenance=told))
