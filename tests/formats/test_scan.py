"""Choosing files, folders, archives and discs; what is yielded when; what is said where there is nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import InputProblem
from fineview.formats.archive import FileArchive
from fineview.formats.write_series import write_series
from fineview.services.jobs import Token
from tests.formats.conftest import last
from tests.formats.made import as_bytes, image
from tests.formats.made_heyex import reflectivity, vol
from tests.formats.real_files import shared


def test_the_first_catalogue_comes_with_the_first_image(archive: FileArchive, tmp_path: Path) -> None:
    write_series(tmp_path, [np.full((8, 8), n, np.uint8) for n in range(200)])
    catalogues = list(archive.scan([tmp_path], Token()))
    assert len(catalogues[0].files) == 1 and len(catalogues[0].studies) == 1
    series = catalogues[-1].studies[0].series[0]
    assert len(series.frames) == 200 and series.is_volume and series.default_frame == 100
    assert [archive.read_frame(series.frames[n]).pixels[0, 0] for n in (0, 7, 199)] == [0, 7, 199]


def test_order_is_by_place_even_where_numbers_run_backwards(archive: FileArchive, tmp_path: Path) -> None:
    for number, z in ((1, 4.0), (2, 2.0), (3, 0.0)):
        (tmp_path / str(number)).write_bytes(as_bytes(image(
            sop=f"1.2.3.{number}", InstanceNumber=number, ImagePositionPatient=[0, 0, z],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0])))
    frames = last(archive, tmp_path).studies[0].series[0].frames
    assert [frame.position_mm for frame in frames] == [0.0, 2.0, 4.0]


def test_order_is_by_number_where_there_is_no_place(archive: FileArchive, tmp_path: Path) -> None:
    for number in (3, 1, 2):
        (tmp_path / f"x{9 - number}").write_bytes(as_bytes(image(sop=f"1.2.3.{number}", InstanceNumber=number)))
    series = last(archive, tmp_path).studies[0].series[0]
    assert [frame.sop_uid for frame in series.frames] == ["1.2.3.1", "1.2.3.2", "1.2.3.3"] and not series.is_volume


def test_copies_are_told_and_shown_once(archive: FileArchive, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(as_bytes(image()))
    found = last(archive, tmp_path)
    assert [(one.verdict, one.same_as) for one in found.files] == [
        ("image", None), ("duplicate", str(tmp_path / "a"))]
    assert len(found.studies[0].series[0].frames) == 1


@pytest.mark.parametrize(("values", "told"), [
    ({}, False), ({"WindowCenter": 3, "WindowWidth": 9}, False), ({"PatientID": "2"}, True),
    ({"Rows": 2}, True), ({"Rows": 2, "NumberOfFrames": 2}, True)])
def test_another_image_under_the_same_identification_is_told(archive: FileArchive, tmp_path: Path,
                                                             values: dict[str, object], told: bool) -> None:
    (tmp_path / "a").write_bytes(as_bytes(image()))
    (tmp_path / "b").write_bytes(as_bytes(image(**values)))
    found = last(archive, tmp_path)
    assert [one.verdict for one in found.files] == ["image", "duplicate"]
    words = "b has the identification of an image shown here, but is another one; it is not shown."
    assert (words in found.studies[0].series[0].warnings) == told


def test_a_header_without_pixels_hides_no_image(archive: FileArchive, tmp_path: Path) -> None:
    bare = image()
    del bare["PixelData"]
    (tmp_path / "a").write_bytes(as_bytes(bare))
    (tmp_path / "b").write_bytes(as_bytes(image()))
    (tmp_path / "c").write_bytes(as_bytes(bare))
    found = last(archive, tmp_path)
    assert [one.verdict for one in found.files] == ["object", "image", "duplicate"]
    assert found.studies[0].series[0].frames[0].path == str(tmp_path / "b")


@pytest.mark.parametrize(("make", "code"), [
    (lambda p: None, "not-found"), (lambda p: p.mkdir(), "empty"),
    (lambda p: (p.mkdir(), (p / ".DS_Store").write_bytes(b"x")), "empty"),
    (lambda p: p.write_text("words"), "not-an-image"),
    (lambda p: (p.mkdir(), (p / "a.txt").write_text("x"), (p / "b.txt").write_text("y")), "not-an-image")])
def test_nothing_to_open(archive: FileArchive, tmp_path: Path, make: object, code: str) -> None:
    make(tmp_path / "it")  # type: ignore[operator]
    with pytest.raises(InputProblem) as caught:
        last(archive, tmp_path / "it")
    assert caught.value.code == code and caught.value.remedy


def test_links_that_lead_outside_are_not_followed(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(as_bytes(image(sop="1.2.3.99")))
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "a").write_bytes(as_bytes(image()))
    (folder / "b").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    found = last(archive, folder)
    assert [Path(one.path).name for one in found.files] == ["a"] and [p.code for p in found.problems] == ["link"]


def test_a_disc_directory_opens_what_it_names(archive: FileArchive) -> None:
    found = last(archive, shared("C_dicom/dicomdir_fileset/DICOMDIR"))
    # dcmdump counts 31 IMAGE records.
    assert sum(one.verdict == "image" for one in found.files) == 31 and not found.problems
    assert found.files[0].verdict == "object"


def test_a_disc_directory_cannot_lead_outside(archive: FileArchive, tmp_path: Path) -> None:
    disc = tmp_path / "disc"
    shutil.copytree(shared("C_dicom/dicomdir_fileset/77654033"), disc / "77654033")
    data = shared("C_dicom/dicomdir_fileset/DICOMDIR").read_bytes()
    (tmp_path / "secret.dcm").write_bytes(as_bytes(image(sop="1.2.3.99")))
    data = data.replace(b"77654033\\CR1\\6154 ", b"..\\..\\secret.dcm  ", 1).replace(
        b"77654033\\CR1\\6154", b"..\\.\\secret.dcm ", 1)
    (disc / "DICOMDIR").write_bytes(data)
    found = last(archive, disc / "DICOMDIR")
    assert any("1 entry points outside the disc and was skipped" in one.what for one in found.problems)
    assert all(Path(one.path).is_relative_to(disc) for one in found.files)


def test_a_study_deleted_while_open(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(as_bytes(image()))
    frame = last(archive, tmp_path).studies[0].series[0].frames[0]
    os.remove(tmp_path / "a")
    with pytest.raises(InputProblem) as caught:
        archive.read_frame(frame)
    assert caught.value.code == "gone" and caught.value.remedy
    (tmp_path / "a").write_bytes(as_bytes(image(sop="1.2.3.77")))
    with pytest.raises(InputProblem) as caught:
        archive.read_frame(frame)
    assert caught.value.code == "changed"


def test_companions_come_behind_the_images_they_were_made_from(archive: FileArchive) -> None:
    study = last(archive, shared("C_dicom/ct_3slice_with_seg")).studies[0]
    assert [(one.modality, len(one.frames)) for one in study.series] == [("CT", 3), ("SEG", 7)]


def test_header_rows(archive: FileArchive) -> None:
    frame = last(archive, shared("A_ophthalmic/op_dicom/sample-op.dcm")).studies[0].series[0].frames[0]
    rows = archive.header(frame)
    assert ("(0020,0062)", "ImageLaterality", "R") in rows
    assert (">(0008,0104)", "CodeMeaning", "Retina") in rows
    assert not any("\n" in text for _, _, text in rows)


@pytest.mark.parametrize("kind", ["vol", "png"])
def test_a_file_that_was_overwritten_is_not_shown_under_the_old_name(archive: FileArchive, tmp_path: Path, kind: str
                                                                    ) -> None:
    """An instrument that exports the next patient to the same name, while the first is open."""
    def written(seed: int) -> None:
        if kind == "vol":
            path.write_bytes(vol(reflectivity(seed)))
        else:
            Image.fromarray(np.full((9, 9), seed, np.uint8)).save(path)

    path = tmp_path / f"export.{kind}"
    written(3)
    frame = last(archive, path).studies[0].series[0].frames[0]
    first = archive.read_frame(frame).pixels
    written(8)
    for ask in (archive.read_frame, archive.read_layers, archive.header):
        with pytest.raises(InputProblem) as told:
            ask(frame)
        assert told.value.code == "changed"
    again = last(archive, path).studies[0].series[0].frames[0]
    assert not np.array_equal(archive.read_frame(again).pixels, first)
