"""Spacing, directions, places and order of every DICOM image against its header, by the formulas of PS3.3.

C.7.6.2.1.1 for places, C.8.8.3.2 for dose grids, 10.7.1 for spacing; volumes against NIfTI twins are tested elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from fineview.core.study import FrameInfo, Series
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.real_files import catalogue, has_pixels, is_picture, shared
from tests.shared_data import needs_shared

pytestmark = [needs_shared, pytest.mark.filterwarnings("ignore"), pytest.mark.logs("")]  # pydicom on odd headers


def paths() -> list[str]:
    rows = [row for row in catalogue() if has_pixels(row) and not is_picture(row["path"])]
    return [row["path"] for number, row in enumerate(rows) if "pacman" not in row["path"] or number % 16 == 0]


def functional(dataset: Dataset, frame: int, group: str) -> Dataset:
    """The frame's own group, else the shared one, else the data set itself (C.7.6.16)."""
    every = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared_groups = dataset.get("SharedFunctionalGroupsSequence") or []
    holders = [*every[frame:frame + 1], *shared_groups[:1]]
    return next((holder[group].value[0] for holder in holders if group in holder and holder[group].value), dataset)


def place(dataset: Dataset, frame: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Centre of the first pixel, direction of rising column and of rising row; None where the header has none."""
    cosines = functional(dataset, frame, "PlaneOrientationSequence").get("ImageOrientationPatient")
    corner = functional(dataset, frame, "PlanePositionSequence").get("ImagePositionPatient")
    if not cosines or not corner:
        return None
    right, down = np.array(cosines[:3], float), np.array(cosines[3:], float)
    offsets = dataset.get("GridFrameOffsetVector")
    along = float(offsets[frame]) - float(offsets[0]) if offsets else 0.0
    return np.array(corner, float) + along * np.cross(right, down), right, down


def shown(archive: FileArchive, path: str) -> Iterator[tuple[FrameInfo, Series]]:
    for study in last(archive, shared(path)).studies:
        for series in study.series:
            yield from ((frame, series) for frame in series.frames)


def test_places_and_spacings_of_every_frame(archive: FileArchive) -> None:
    placed = spaced = 0
    for path in paths():
        dataset = pydicom.dcmread(shared(path), stop_before_pixels=True, force=True)
        for frame, _ in shown(archive, path):
            wanted = place(dataset, frame.frame_in_file)
            assert (frame.place is None) == (wanted is None), path
            if wanted is not None and frame.place is not None:
                found = (frame.place.corner_mm, frame.place.right, frame.place.down)
                # Cosines are written with a few digits and are made units again.
                assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(found, wanted, strict=True)), path
                normal = np.cross(wanted[1], wanted[2])
                assert frame.position_mm == pytest.approx(float(wanted[0] @ normal), abs=0.02), path
                placed += 1
            measures = functional(dataset, frame.frame_in_file, "PixelMeasuresSequence").get("PixelSpacing")
            if measures:
                assert (frame.spacing.row_mm, frame.spacing.col_mm) == tuple(map(float, measures)), path
                spaced += 1
    assert placed > 200 and spaced > 250


def test_frames_of_a_stack_stand_in_the_order_of_their_places(archive: FileArchive) -> None:
    """Along the normal, whatever the files are called and numbered."""
    checked = 0
    for folder in ("C_dicom/series_mr_hfs_sagittal", "C_dicom/series_mr_pacman_synthetic", "C_dicom/dicom2nifti",
                   "C_dicom/ct_3slice_with_seg", "D_malformed/dcm2niix_geometry"):
        for study in last(archive, shared(folder)).studies:
            for series in study.series:
                along = [_along(frame) for frame in series.frames]
                if len(along) > 2 and None not in along and series.modality in ("MR", "CT"):
                    assert along == sorted(along), (folder, series.description)  # type: ignore[type-var]
                    checked += 1
    assert checked >= 6


def _along(frame: FrameInfo) -> float | None:
    dataset = pydicom.dcmread(Path(frame.path), stop_before_pixels=True, force=True)
    found = place(dataset, frame.frame_in_file)
    return round(float(found[0] @ np.cross(found[1], found[2])), 3) if found is not None else None
