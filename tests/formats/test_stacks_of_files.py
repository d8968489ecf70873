"""Slices with places of their own, from files to volumes: each frame's geometry, and the fault of a whole series."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from fineview.cli.show import catalogue_object
from fineview.core.place import Place
from fineview.core.region import Region, RegionKind
from fineview.core.study import Series
from fineview.formats.archive import FileArchive
from fineview.imaging.reformat import PATIENT, cut
from fineview.services.jobs import Token
from fineview.services.measuring import measure_region
from fineview.services.session import Session
from fineview.services.snapshot import snapshot
from fineview.services.volumes import build_volume, grid_of
from tests.formats.conftest import last
from tests.formats.made import as_bytes
from tests.formats.made_stacks import AXIAL, enhanced, write_slices
from tests.formats.real_files import shared

SAGITTAL = (0, 1, 0, 0, 0, -1)


def only(archive: FileArchive, folder: Path) -> Series:
    study, = last(archive, folder).studies
    series, = study.series
    return series


def test_every_frame_of_an_enhanced_file_has_its_own_geometry(archive: FileArchive, tmp_path: Path) -> None:
    frames = [((0, 0, k), AXIAL, (1, 1)) for k in range(8)]
    frames[6] = ((-7, 8, 9), SAGITTAL, (0.5, 0.25))
    (tmp_path / "enhanced").write_bytes(as_bytes(enhanced(frames)))
    catalogue = last(archive, tmp_path)
    series = catalogue.studies[0].series[0]
    assert [frame.frame_in_file for frame in series.frames] == list(range(8))
    seventh = series.frames[6]
    assert seventh.place == Place((-7, 8, 9), (0, 1, 0), (0, 0, -1)) and seventh.orientation.along_column == "F"
    # A line of 4 columns and 3 rows: 5 mm on frame 1 (1 x 1 mm); 4 x 0.25 and 3 x 0.5 mm on frame 7.
    line = Region(RegionKind.LENGTH, ((1.0, 0.5), (5.0, 3.5)))
    session = Session(catalogue=catalogue, study=catalogue.studies[0], series=series)
    lengths = []
    for session.index in (0, 6):
        measured = measure_region(line, snapshot(session).spacing)[0]
        lengths.append((measured.value, measured.unit))
    assert lengths == [(5.0, "mm"), (pytest.approx(math.hypot(1.0, 1.5)), "mm")]
    assert series.warnings == ("Pixel spacing differs between the frames: 0.25 to 1 mm.",
                               "The slices lie in different directions, up to 90.0 degrees apart.")


def test_a_tilted_series_is_cut_along_its_true_directions(archive: FileArchive, tmp_path: Path) -> None:
    # The gantry leans by 15 degrees; the table moves along z by 4 mm.
    c, s = math.cos(math.radians(15)), math.sin(math.radians(15))
    write_slices(tmp_path, [(0, 0, 4.0 * k) for k in range(5)], (1, 0, 0, 0, round(c, 8), round(s, 8)))
    series = only(archive, tmp_path)
    assert series.warnings[0].startswith("The gantry was tilted by 15.0 degrees:")
    volume = build_volume(series, archive.read_frame, Token())
    # Row 2, column 4 of slice 3 by hand, 2 mm between rows and 3 mm between columns.
    point = (12.0, 4 * c, 12.0 + 4 * s)
    assert volume.grid.to_index(np.array(point)) == pytest.approx((4, 2, 3), abs=1e-6)
    assert volume.voxels[3, 2, 4] == 300 + 2 * 6 + 4
    # Stored values are 100 k + 6 row + column: linear, so each pixel of a cut is known from its place.
    sagittal = cut(volume, PATIENT[2], point)
    height, width = sagittal.pixels.shape
    y, z = sagittal.place.corner_mm[1] + 2 * np.arange(width)[None], sagittal.place.corner_mm[2] - 2 * np.arange(
        height)[:, None]
    row, slice_number = y / (2 * c), (z - y * s / c) / 4
    expected = 100 * slice_number + 6 * row + 4
    seen = np.isfinite(sagittal.pixels)
    assert sagittal.mm == pytest.approx(2) and seen.sum() > 10
    assert np.abs(sagittal.pixels - expected)[seen].max() < 1e-4


def test_missing_slices_are_named_and_never_closed_up(archive: FileArchive, tmp_path: Path) -> None:
    write_slices(tmp_path, [(0, 0, z) for z in (0, 5, 10, 25, 30)])
    series = only(archive, tmp_path)
    assert series.warnings == ("2 slices seem to be missing between slices 3 and 4; the others are 5 mm apart.",)
    grid = grid_of(series)
    assert [float(grid.to_mm(np.array((0, 0, step)))[2]) for step in grid.steps] == [0, 5, 10, 25, 30]
    coronal = cut(build_volume(series, archive.read_frame, Token()), PATIENT[1], (0, 2, 15))
    # Pixels are 3 mm: heights 30, 27, ... 0; those inside the gap of 10 to 25 mm are nothing.
    known = np.isfinite(coronal.pixels).all(axis=1)
    assert coronal.mm == 3 and known.tolist() == [not 10 < 30 - 3 * k < 25 for k in range(11)]


@pytest.mark.parametrize(("folder", "said"), [
    ("D_malformed/dcm2niix_geometry/slicecount", ["Only 2 slices: too few for a volume."]),
    ("D_malformed/dcm2niix_geometry/sliceincrement_001",
     ["1 slice seems to be missing between slices 3 and 4; the others are 5 mm apart."]),
    ("C_dicom/series_mr_hfs_sagittal", []), ("C_dicom/series_mr_pacman_synthetic", [])])
def test_faults_of_real_series_reach_the_command_line(archive: FileArchive, folder: str, said: list[str]) -> None:
    told = json.loads(json.dumps(catalogue_object(last(archive, shared(folder)))))
    assert [series["warnings"] for study in told["studies"] for series in study["series"]] == [said]


def test_a_real_ct_of_three_slices_is_a_volume(archive: FileArchive) -> None:
    study = next(one for one in last(archive, shared("C_dicom/ct_3slice_with_seg")).studies)
    ct = next(one for one in study.series if one.modality == "CT")
    volume = build_volume(ct, archive.read_frame, Token())
    assert volume.voxels.shape == (3, 512, 512) and volume.unit == "HU" and ct.warnings == ()
    # As the three headers place it: 1 mm apart along z.
    assert volume.grid.voxel_mm == pytest.approx((0.810547, 0.810547, 1.0))


def test_places_that_no_scanner_has_are_none(archive: FileArchive, tmp_path: Path) -> None:
    write_slices(tmp_path, [(0, 0, 0), (0, 0, "1e307"), (0, "-1e200", 8), (0, 0, 12)])  # type: ignore[list-item]
    series = only(archive, tmp_path)
    assert sorted(frame.place is None for frame in series.frames) == [False, False, True, True]
    assert series.warnings == ("2 of 4 frames do not say where they lie in the patient.",)
