"""HEYEX descriptions with pictures beside them: what belongs together, what is named, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import InputProblem
from fineview.formats import plain_xml
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.made import as_bytes, image
from tests.formats.made_heyex import (
    ACROSS_MM,
    COLS,
    DEPTH_MM,
    NOTHING,
    SCANS,
    SLO_MM,
    STEP_MM,
    description,
    drawn,
    grey,
    line_mm,
    localizer,
    series,
    write_pictures,
)
from tests.formats.real_files import shared


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A folder as the instrument's program leaves it."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "eye.xml").write_text(description(series()))
    write_pictures(folder)
    return folder


def test_a_folder_is_one_study_and_its_pictures_are_not_shown_twice(archive: FileArchive, export: Path) -> None:
    found = last(archive, export)
    assert {one.verdict for one in found.files} == {"image"} and len(found.files) == SCANS + 2
    assert len([one for one in found.files if one.path.endswith("eye.xml")]) == 1
    (study,) = found.studies
    volume, slo = study.series
    patient = study.patient
    assert (patient.name, patient.id, patient.birth_date, patient.sex) == ("Doe^Jane", "P-7", "19600201", "F")
    assert (study.uid, study.date, volume.laterality.value) == ("1.2.3.4", "20210309", "R")
    assert (len(volume.frames), len(slo.frames), volume.localizer_uid) == (SCANS, 1, slo.uid)
    spacing = volume.spacing
    assert (spacing.row_mm, spacing.col_mm, spacing.source) == (DEPTH_MM, ACROSS_MM, "calibrated")
    assert spacing.slice_mm == pytest.approx(STEP_MM)


def test_the_first_catalogue_already_knows_whose_the_pictures_are(archive: FileArchive, export: Path) -> None:
    from fineview.services.jobs import Token

    first = next(iter(archive.scan([export], Token())))
    assert [one.modality for one in first.studies[0].series] == ["OPT", "OP"]


def test_the_description_alone_opens_all(archive: FileArchive, export: Path) -> None:
    volume, slo = last(archive, export / "eye.xml").studies[0].series
    for n, frame in enumerate(volume.frames):
        assert np.array_equal(archive.read_frame(frame).pixels, grey()[n])
        x0, y0, x1, y1 = (v / SLO_MM for v in line_mm(n))
        assert np.allclose(frame.scan_line, ((x0, y0), (x1, y1)))
    assert np.array_equal(archive.read_frame(slo.frames[0]).pixels, localizer())


def test_layer_lines_say_who_drew_them(archive: FileArchive, export: Path) -> None:
    volume, slo = last(archive, export).studies[0].series
    ilm, rpe = archive.read_layers(volume.frames[4])
    assert (ilm.name, ilm.by, ilm.source) == ("ILM", "Heidelberg HEYEX, Viewer 6.9", "file")
    assert (rpe.name, rpe.by) == ("RPE", "Heidelberg HEYEX, Viewer 6.9, corrected by hand")
    stored = drawn()[4, 0]
    assert np.array_equal(ilm.row_px, np.where(stored == NOTHING, np.nan, stored), equal_nan=True)
    assert archive.read_layers(slo.frames[0]) == ()


def test_both_eyes_in_one_description(archive: FileArchive, export: Path) -> None:
    write_pictures(export, "L", seed=9)
    (export / "eye.xml").write_text(description(series(), series("L", "L")))
    right, slo_r, left, slo_l = last(archive, export).studies[0].series
    assert [one.laterality.value for one in (right, slo_r, left, slo_l)] == ["R", "R", "L", "L"]
    assert (right.localizer_uid, left.localizer_uid) == (slo_r.uid, slo_l.uid)
    assert np.array_equal(archive.read_frame(left.frames[2]).pixels, grey(9)[2])
    assert np.array_equal(archive.read_frame(right.frames[2]).pixels, grey()[2])


def test_what_is_missing_is_named_and_the_rest_opens(archive: FileArchive, export: Path) -> None:
    (export / "B2.tif").unlink()
    volume, _ = last(archive, export).studies[0].series
    assert len(volume.frames) == SCANS - 1 and any("B2.tif" in words for words in volume.warnings)
    assert np.array_equal(archive.read_frame(volume.frames[2]).pixels, grey()[3])
    for one in export.glob("*.tif"):
        one.unlink()
    with pytest.raises(InputProblem) as caught:
        last(archive, export)
    assert caught.value.code == "incomplete"


@pytest.mark.parametrize("address", ["..\\secret.tif", "../secret.tif", "file:///../../secret.tif", "..", "link.tif"])
def test_nothing_outside_the_folder_is_read(archive: FileArchive, export: Path, address: str) -> None:
    secret = export.parent / "secret.tif"
    Image.fromarray(np.full((20, COLS), 77, np.uint8)).save(secret)
    (export / "link.tif").symlink_to(secret)
    text = description(series()).replace("file:///\\\\server\\share\\B2.tif", address)
    (export / "eye.xml").write_text(text)
    found = last(archive, export / "eye.xml")
    volume = found.studies[0].series[0]
    assert len(volume.frames) == SCANS - 1 and volume.warnings
    assert all(77 not in set(archive.read_frame(frame).pixels[:, 0]) or
               len(np.unique(archive.read_frame(frame).pixels)) > 1 for frame in volume.frames)


_BOMB = ('<!DOCTYPE HEDX [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)) + "]>")


@pytest.mark.parametrize(("front", "name", "code"), [
    (_BOMB, "&j;", "entities"),
    ('<!DOCTYPE HEDX [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;", "entities"),
    ('<!DOCTYPE HEDX SYSTEM "http://localhost/x.dtd">', "Doe", "entities"),
    ("", "&undefined;", "damaged"), ("", "<a>", "damaged"), ("", "<a>" * 70 + "</a>" * 70, "nesting")])
def test_traps_of_the_language_are_refused(archive: FileArchive, export: Path, front: str, name: str,
                                           code: str) -> None:
    # A declaration must not push the mark out of the first bytes: these files say at once what they are.
    (export / "eye.xml").write_text("<!--<HEDX-->" + description(series(), front=front, name=name))
    with pytest.raises(InputProblem) as caught:
        last(archive, export / "eye.xml")
    assert caught.value.code == code and "root:" not in caught.value.what


def test_a_description_may_not_be_endless(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_xml, "_BYTES", 100)
    with pytest.raises(InputProblem) as caught:
        plain_xml.read_xml(export / "eye.xml")
    assert caught.value.code == "limit"


def test_old_exports_that_name_no_encoding(archive: FileArchive, export: Path) -> None:
    (export / "eye.xml").write_bytes(description(series(), name="Müller").encode("latin-1"))
    assert last(archive, export / "eye.xml").studies[0].patient.name == "Müller^Jane"


def test_a_line_of_another_length_and_a_picture_of_another_size(archive: FileArchive, export: Path) -> None:
    text = description(series())
    (export / "eye.xml").write_text(text.replace(" ".join(["12.5"] * COLS), "12.5 13"))
    volume = last(archive, export / "eye.xml").studies[0].series[0]
    with pytest.raises(InputProblem, match="2 values for 16 columns"):
        archive.read_layers(volume.frames[0])
    Image.fromarray(np.zeros((3, 4), np.uint8)).save(export / "B0.tif")
    with pytest.raises(InputProblem, match="is 3 x 4"):
        archive.read_frame(volume.frames[0])


def test_broken_descriptions_end_in_an_image_or_a_sentence(archive: FileArchive, export: Path) -> None:
    rng, good, codes = np.random.default_rng(7), description(series()).encode(), set()
    for number in range(60):
        data = bytearray(good[:int(rng.integers(8, len(good)))] if number % 2 else good)
        for at in rng.integers(6, len(data), 0 if number % 2 else 6):
            data[int(at)] = int(rng.integers(32, 127))
        (export / "eye.xml").write_bytes(data)
        try:
            volume = last(archive, export / "eye.xml").studies[0].series[0]
            archive.read_layers(volume.frames[0])
            archive.read_frame(volume.frames[0])
            codes.add("image")
        except InputProblem as error:
            codes.add(error.code)
            assert error.what and error.remedy and error.code != "reader-died"
    assert "damaged" in codes


def test_a_description_without_pictures_says_so(archive: FileArchive) -> None:
    with pytest.raises(InputProblem, match="names no picture") as caught:
        last(archive, shared("B_ground_truth/spectralis_drusen/OCT-Info.xml"))
    assert caught.value.code == "incomplete"


def test_a_description_hides_no_dicom_image(archive: FileArchive, export: Path) -> None:
    named = sorted(export.glob("*.tif"))[0]
    named.write_bytes(as_bytes(image(sop="1.2.3.4.9")))
    shown = {one.sop_uid for study in last(archive, export).studies for each in study.series for one in each.frames}
    assert "1.2.3.4.9" in shown


def test_a_real_export(archive: FileArchive) -> None:
    folder = shared("A_ophthalmic/heyex_xml")
    volume, slo = last(archive, folder / "test_dummy.xml").studies[0].series
    assert (len(volume.frames), volume.rows, volume.cols, slo.rows) == (10, 40, 50, 50)
    assert (volume.spacing.row_mm, volume.spacing.col_mm) == (0.003872, 0.011819)
    assert volume.laterality.value == "R"
    with Image.open(folder / "B4.tif") as picture:
        assert np.array_equal(archive.read_frame(volume.frames[3]).pixels, np.array(picture))
    every = [{one.name: one for one in archive.read_layers(frame)} for frame in volume.frames]
    assert list(every[0]) == ["ILM", "BM", "RNFL", "GCL", "IPL", "INL", "OPL", "ELM", "PR1", "PR2", "RPE"]
    first = every[0]["ILM"].row_px
    assert np.isnan(first[:2]).all() and first[2] == np.float32(9.6)
    assert "corrected by hand" in every[0]["RPE"].by and "corrected" not in every[0]["ILM"].by
    # How many columns of the volume have a value, as eyepy 0.21 reads the same files.
    counted = {name: sum(int(np.isfinite(lines[name].row_px).sum()) for lines in every)
               for name in ("ILM", "IPL", "PR1", "RPE")}
    assert counted == {"ILM": 380, "IPL": 320, "PR1": 400, "RPE": 360}
    start, end = volume.frames[0].scan_line or ((0, 0), (0, 0))
    assert np.allclose((*start, *end), np.array([1.513, 6.807, 7.564, 6.807]) / 0.0118)


def test_a_circle_is_drawn_on_its_localizer(archive: FileArchive, tmp_path: Path) -> None:
    """As in VOL files: the first point lies on the circle, the second is its centre."""
    text = description(series()).replace("<Type>Volume</Type>", "<Type>Circle</Type>")
    (tmp_path / "e.xml").write_text(text, encoding="utf-8")
    write_pictures(tmp_path)
    volume = next(one for one in last(archive, tmp_path).studies[0].series if one.modality == "OPT")
    for n, frame in enumerate(volume.frames):
        x0, y0, x1, y1 = (round(v, 3) / SLO_MM for v in line_mm(n))
        around = frame.scan_circle
        assert frame.scan_line is None and frame.position_mm is None and around is not None
        assert np.allclose((*around.start, *around.centre), (x0, y0, x1, y1), atol=0.1)
