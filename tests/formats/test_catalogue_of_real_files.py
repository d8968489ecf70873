"""Every DICOM file and picture of the shared data against its catalogue row, written by another program."""

from __future__ import annotations

from pathlib import Path

import pytest

from fineview.core.errors import FineViewError
from fineview.core.study import FileVerdict, FrameInfo
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.real_files import catalogue, shared
from tests.shared_data import needs_shared

pytestmark = needs_shared
_PICTURES = (".jpg", ".png", ".tif", ".tiff", ".bmp")


def _rows(*folders: str) -> list[dict[str, str]]:
    return [row for row in catalogue() if row["path"].startswith(folders)]


def _has_pixels(row: dict[str, str]) -> bool:
    return "no pixels" not in row["verified"] and bool(row["rows"]) and (
        row["verified"].startswith("dcmread") or row["path"].endswith(_PICTURES))


def _verdicts(archive: FileArchive, *folders: str) -> dict[str, FileVerdict]:
    found = last(archive, *(shared(folder) for folder in folders))
    return {one.path: one for one in found.files}


def test_sizes_of_all_good_images_agree_with_the_catalogue(archive: FileArchive) -> None:
    verdicts = _verdicts(archive, "A_ophthalmic", "C_dicom")
    images = [row for row in _rows("A_ophthalmic", "C_dicom") if _has_pixels(row)]
    assert len(images) > 350
    wrong = []
    for row in images:
        one = verdicts[str(shared(row["path"]))]
        expected = (int(row["rows"]), int(row["cols"]), int(row["frames"] or 1))
        if one.verdict not in ("image", "duplicate") or (one.rows, one.cols, one.frames) != expected:
            wrong.append((row["path"], one))
    assert not wrong


def test_files_without_pixels_are_objects(archive: FileArchive) -> None:
    verdicts = _verdicts(archive, "C_dicom")
    rows = [row for row in _rows("C_dicom") if row["verified"].startswith("dcmread, no pixels")]
    assert len(rows) > 60
    assert {verdicts[str(shared(row["path"]))].verdict for row in rows} <= {"object", "duplicate"}


def test_every_good_image_decodes_to_its_catalogued_shape(archive: FileArchive) -> None:
    rows = [row for row in _rows("A_ophthalmic", "C_dicom") if _has_pixels(row)]
    # Of 128 alike synthetic slices one in sixteen is enough.
    rows = [row for index, row in enumerate(rows) if "pacman" not in row["path"] or index % 16 == 0]
    for row in rows:
        raster = archive.read_frame(FrameInfo(str(shared(row["path"])), int(row["frames"] or 1) - 1))
        assert (raster.rows, raster.cols) == (int(row["rows"]), int(row["cols"])), row["path"]


@pytest.mark.parametrize("path", sorted(row["path"] for row in _rows("D_malformed")))
def test_every_malformed_file_ends_in_an_image_or_a_typed_verdict(archive: FileArchive, path: str) -> None:
    try:
        found = last(archive, shared(path))
    except FineViewError as error:
        assert error.code and error.what and error.remedy
        return
    assert {one.verdict for one in found.files} <= {"image", "object", "duplicate", "problem"}
    for study in found.studies:
        for series in study.series:
            try:
                assert archive.read_frame(series.frames[-1]).rows == series.frames[-1].rows
            except FineViewError as error:
                assert error.code in ("damaged", "truncated", "no-decoder")


def test_an_unreadable_file_among_good_ones_is_listed_and_the_good_ones_open(archive: FileArchive) -> None:
    good, bad = shared("C_dicom/pydicom/MR_small.dcm"), shared("D_malformed/pydicom/MR_truncated.dcm")
    found = last(archive, bad, good)
    assert [(Path(one.path).name, one.verdict) for one in found.files] == [
        ("MR_truncated.dcm", "problem"), ("MR_small.dcm", "image")]
    assert [one.code for one in found.problems] == ["truncated"]
    assert archive.read_frame(found.studies[0].series[0].frames[0]).rows == 64
