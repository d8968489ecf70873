"""Spacing, side and direction, each against what dcmdump prints of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.orientation import Orientation
from fineview.core.study import Laterality, Series
from fineview.formats.archive import FileArchive
from fineview.formats.directions import letters
from fineview.formats.laterality import from_name
from fineview.formats.spacing import spacing_of
from fineview.formats.values import Groups
from tests.formats.conftest import last
from tests.formats.made import as_bytes, image
from tests.formats.real_files import shared


def _first(archive: FileArchive, path: str) -> Series:
    return last(archive, shared(path)).studies[0].series[0]


def test_fundus_photograph_of_a_right_eye(archive: FileArchive) -> None:
    # (0020,0062) R; (0028,0030) 0.005768\0.005768; (0020,0020) L\F, and a right eye's nose is to the left.
    series = _first(archive, "A_ophthalmic/op_dicom/sample-op.dcm")
    assert series.laterality == Laterality("R", "header")
    assert series.spacing == Spacing(0.005768, 0.005768, None, ScaleSource.CALIBRATED)
    assert series.frames[0].orientation == Orientation("N", "F")
    assert series.frames[0].orientation.edges() == ("T", "H", "N", "F")
    assert not series.is_volume and not series.lossy and series.modality == "OP"


def test_oct_volume(archive: FileArchive) -> None:
    # Shared groups: 0.003872\0.011182, orientation 1\0\0\0\1\0; positions 0, 0.03, 0.06, ... along z.
    series = _first(archive, "A_ophthalmic/opt_dicom_DERIVED")
    assert series.spacing == Spacing(0.003872, 0.011182, 0.03, ScaleSource.CALIBRATED)
    assert series.is_volume and len(series.frames) == 11 and series.default_frame == 5
    assert [frame.position_mm for frame in series.frames] == pytest.approx([0.03 * i for i in range(11)])
    assert series.frames[0].orientation == Orientation("N", "P")


def test_radiographs_measured_at_the_detector_are_projected(archive: FileArchive) -> None:
    # dicomdir_fileset/77654033/CR1: ImagerPixelSpacing 0.1\0.1, no PixelSpacing.
    assert _first(archive, "C_dicom/dicomdir_fileset/77654033/CR1").spacing == Spacing(
        0.1, 0.1, None, ScaleSource.PROJECTED)


def test_pixels_that_are_only_not_square_have_a_shape_and_no_size(archive: FileArchive) -> None:
    # (0028,0034) PixelAspectRatio [4\3]
    spacing = _first(archive, "C_dicom/pydicom_data/color-pl.dcm").spacing
    assert spacing.source is ScaleSource.NONE and not spacing.known and spacing.aspect == pytest.approx(4 / 3)


def test_sagittal_series_runs_from_side_to_side(archive: FileArchive) -> None:
    series = _first(archive, "C_dicom/series_mr_hfs_sagittal")
    assert series.is_volume
    assert series.frames[0].orientation.edges()[0][0] == "A" and series.frames[0].orientation.edges()[1][0] == "H"
    positions = [frame.position_mm or 0.0 for frame in series.frames]
    assert positions == sorted(positions)


def test_a_picture_has_no_scale_no_patient_and_a_side_only_by_its_name(archive: FileArchive, tmp_path: Path) -> None:
    data = shared("A_ophthalmic/fundus/retina.jpg").read_bytes()
    (tmp_path / "case7_OS.jpg").write_bytes(data)
    study = last(archive, tmp_path / "case7_OS.jpg").studies[0]
    series = study.series[0]
    assert series.laterality == Laterality("L", "file-name") and series.lossy
    assert series.spacing.source is ScaleSource.NONE and study.patient.key == ("", "", "", "")
    assert study.uid == last(archive, shared("A_ophthalmic/fundus/retina.jpg")).studies[0].uid


@pytest.mark.parametrize(("name", "side"), [
    ("a/OD_macula.png", "R"), ("scan-os-3.tif", "L"), ("OU.png", "B"), ("OD_and_OS.png", None), ("ODD.png", None),
    ("goose.png", None), ("patient.od.jpg", "R"), ("OD/plain.png", None)])
def test_side_from_a_name(name: str, side: str | None) -> None:
    assert from_name(name).value == side


@pytest.mark.parametrize(("vector", "expected"), [
    ((1, 0, 0), "L"), ((-1, 0, 0), "R"), ((0, 1, 0), "P"), ((0, -1, 0), "A"), ((0, 0, 1), "H"), ((0, 0, -1), "F"),
    ((0.8, 0.6, 0), "LP"), ((0.3, -0.9, 0.3162), "AHL"), ((0.9962, 0.0872, 0), "L")])
def test_letters_of_a_direction(vector: tuple[float, float, float], expected: str) -> None:
    assert letters(vector) == expected


@pytest.mark.parametrize(("values", "pair", "source"), [
    ({"PixelSpacing": [0.5, 0.25]}, (0.5, 0.25), "calibrated"),
    ({"ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "projected"),
    ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "projected"),
    ({"PixelSpacing": [0.15, 0.15], "ImagerPixelSpacing": [0.2, 0.2]}, (0.15, 0.15), "calibrated"),
    ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"},
     (0.2, 0.2), "calibrated"),
    ({"NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, 0.1), "assumed"),
    ({"PixelSpacing": [0, 0]}, (None, None), "none"), ({"PixelSpacing": [-1, 1]}, (None, None), "none"),
    ({}, (None, None), "none")])
def test_who_vouches_for_a_spacing(values: dict[str, object], pair: tuple[object, object], source: str) -> None:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    found = spacing_of(dataset, Groups(dataset), 0)
    assert ((found.row_mm, found.col_mm), found.source.value) == (pair, source)


def test_series_of_both_eyes_has_no_side(archive: FileArchive, tmp_path: Path) -> None:
    for number, side in enumerate("RL"):
        (tmp_path / side).write_bytes(as_bytes(image(sop=f"1.2.3.{number}", Modality="OP", ImageLaterality=side)))
    series = last(archive, tmp_path).studies[0].series[0]
    assert series.laterality == Laterality() and series.warnings == ("The series holds images of both sides.",)


def test_uneven_slices_are_told(archive: FileArchive, tmp_path: Path) -> None:
    for number, z in enumerate((0, 2, 4, 9)):
        (tmp_path / str(number)).write_bytes(as_bytes(image(
            sop=f"1.2.3.{number}", ImagePositionPatient=[0, 0, z], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])))
    series = last(archive, tmp_path).studies[0].series[0]
    assert "The slices are not evenly spaced: 2 to 5 mm apart." in series.warnings and series.spacing.slice_mm == 2.0


def test_two_patients_under_one_study_uid_stay_apart(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(as_bytes(image(sop="1.2.3.5")))
    (tmp_path / "b").write_bytes(as_bytes(image(sop="1.2.3.6", PatientID="2", PatientName="TEST^TWO")))
    assert [study.patient.id for study in last(archive, tmp_path).studies] == ["1", "2"]
