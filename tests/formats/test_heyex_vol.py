"""HEYEX raw exports: against bytes written here from the published layout, and a real file against its own bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from fineview.core.errors import FineViewError, InputProblem, LimitExceeded
from fineview.core.study import Series
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.made_heyex import (
    ACROSS_MM,
    COLS,
    DEPTH_MM,
    NOTHING,
    ROWS,
    SCANS,
    SLO_MM,
    STEP_MM,
    drawn,
    line_mm,
    localizer,
    reflectivity,
    vol,
)
from tests.formats.real_files import shared

REAL = "A_ophthalmic/heyex_vol/test_volume.vol"


def opened(archive: FileArchive, path: Path, data: bytes) -> tuple[Series, ...]:
    path.write_bytes(data)
    return last(archive, path).studies[0].series


def test_one_file_is_a_volume_and_its_localizer(archive: FileArchive, tmp_path: Path) -> None:
    path = tmp_path / "eye.vol"
    volume, slo = opened(archive, path, vol())
    (verdict,) = last(archive, path).files
    assert (verdict.verdict, verdict.rows, verdict.cols, verdict.frames) == ("image", ROWS, COLS, SCANS)
    study = last(archive, path).studies[0]
    # 45000 and 25569 days after 1899-12-30, by the calendar.
    assert (study.patient.id, study.patient.birth_date, study.date) == ("P-7", "19700101", "20230315")
    assert (volume.modality, volume.description, volume.laterality.value) == ("OPT", "OCT volume scan", "L")
    assert (slo.modality, slo.laterality.source, len(slo.frames)) == ("OP", "header", 1)
    spacing = volume.frames[2].spacing
    assert (spacing.row_mm, spacing.col_mm, volume.spacing.slice_mm, spacing.source) == (
        DEPTH_MM, ACROSS_MM, STEP_MM, "calibrated")
    assert (slo.spacing.row_mm, slo.spacing.col_mm) == (SLO_MM, SLO_MM)
    assert volume.is_volume and volume.localizer_uid == slo.uid and volume.default_frame == 2


def test_scan_lines_are_in_localizer_pixels_in_the_order_of_the_file(archive: FileArchive, tmp_path: Path) -> None:
    volume, _ = opened(archive, tmp_path / "eye.vol", vol())
    for n, frame in enumerate(volume.frames):
        x0, y0, x1, y1 = (v / SLO_MM for v in line_mm(n))
        assert frame.frame_in_file == n and frame.position_mm == pytest.approx(n * STEP_MM)
        assert np.allclose(frame.scan_line, ((x0, y0), (x1, y1)))


def test_pixels_are_the_fourth_root_and_no_value_is_black(archive: FileArchive, tmp_path: Path) -> None:
    volume, slo = opened(archive, tmp_path / "eye.vol", vol())
    stored = reflectivity().astype(np.float64)
    expected = np.floor(255 * np.where(stored < 3e38, stored, 0) ** 0.25 + 0.5)
    for n in range(SCANS):
        assert np.array_equal(archive.read_frame(volume.frames[n]).pixels, expected[n])
    assert archive.read_frame(volume.frames[1]).pixels[2, 3] == 0
    assert np.array_equal(archive.read_frame(slo.frames[0]).pixels, localizer())


def test_values_that_are_no_reflectivity_never_wrap(archive: FileArchive, tmp_path: Path) -> None:
    pixels = np.zeros((SCANS, ROWS, COLS), np.float32)
    pixels[0, 0, :6] = [np.nan, np.inf, -1, 1.5, 1, 3e38]
    volume, _ = opened(archive, tmp_path / "eye.vol", vol(pixels))
    assert archive.read_frame(volume.frames[0]).pixels[0, :7].tolist() == [0, 0, 0, 255, 255, 0, 0]


def test_layer_lines_of_the_file(archive: FileArchive, tmp_path: Path) -> None:
    volume, slo = opened(archive, tmp_path / "eye.vol", vol())
    ilm, rnfl = archive.read_layers(volume.frames[3])
    stored = drawn()[3]
    assert [(one.name, one.source, one.by) for one in (ilm, rnfl)] == [
        ("ILM", "file", "Heidelberg HEYEX, HSF-OCT-103"), ("RNFL", "file", "Heidelberg HEYEX, HSF-OCT-103")]
    assert np.array_equal(ilm.row_px, np.where(stored[0] == NOTHING, np.nan, stored[0]), equal_nan=True)
    assert np.isnan(rnfl.row_px[:2]).all() and (rnfl.row_px[2:] == 12.5).all()
    assert archive.read_layers(slo.frames[0]) == ()


@pytest.mark.parametrize(("eye", "words"), [(b"OD", "right eye (OD)"), (b"OS", "left eye (OS)"),
                                            (b"\0\0", "side unknown"), (b"R\0", "side unknown")])
def test_the_side_comes_from_the_header_alone(archive: FileArchive, tmp_path: Path, eye: bytes, words: str) -> None:
    volume, slo = opened(archive, tmp_path / "case_OD.vol", vol(eye=eye))
    assert (volume.laterality.words, slo.laterality.words) == (words, words)


def test_both_eyes_of_a_visit_are_one_study(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / "1.vol").write_bytes(vol())
    (tmp_path / "2.vol").write_bytes(vol(reflectivity(4), eye=b"OD"))
    (study,) = last(archive, tmp_path).studies
    assert [(one.modality, one.laterality.value) for one in study.series].count(("OPT", "R")) == 1
    assert sorted(one.laterality.value or "" for one in study.series) == ["L", "L", "R", "R"]
    pictures = {one.uid: one.laterality.value for one in study.series if one.modality == "OP"}
    assert all(pictures[one.localizer_uid or ""] == one.laterality.value
               for one in study.series if one.modality == "OPT")


def test_a_circle_has_no_line_and_a_star_no_order_of_space(archive: FileArchive, tmp_path: Path) -> None:
    circle, _ = opened(archive, tmp_path / "c.vol", vol(pattern=2))
    assert {frame.scan_line for frame in circle.frames} == {None} and {f.position_mm for f in circle.frames} == {None}
    # The file gives where the circle begins, and its centre.
    around = circle.frames[0].scan_circle
    x0, y0, x1, y1 = (v / SLO_MM for v in line_mm(0))
    assert around is not None and np.allclose((*around.start, *around.centre), (x0, y0, x1, y1))
    assert around.radius == pytest.approx(x1 - x0)
    star = [(0.1, 0.1, 0.1 + 0.1 * np.cos(a), 0.1 + 0.1 * np.sin(a)) for a in np.linspace(0, 2, SCANS)]
    volume, _ = opened(archive, tmp_path / "s.vol", vol(pattern=5, places=star))
    assert {frame.position_mm for frame in volume.frames} == {None}
    assert volume.description == "OCT star scan" and all(frame.scan_line for frame in volume.frames)


def test_slanting_scans_are_as_far_apart_as_they_are(archive: FileArchive, tmp_path: Path) -> None:
    # Along (4, 3) / 5, each one 0.05 mm further along its normal.
    slanted = [(0.1 + 0.03 * n, 0.2 - 0.04 * n, 0.14 + 0.03 * n, 0.23 - 0.04 * n) for n in range(SCANS)]
    volume, _ = opened(archive, tmp_path / "s.vol", vol(places=slanted))
    assert [frame.position_mm for frame in volume.frames] == pytest.approx([0.05 * n for n in range(SCANS)])
    # The header's step is another: what was measured between the lines counts.
    assert volume.spacing.slice_mm == pytest.approx(0.05)


@pytest.mark.parametrize("version", [b"HSF-OCT-100", b"HSF-OCT-101", b"HSF-OCT-102", b"HSF-OCT-104", b"ep-v0.6.8"])
def test_every_version_of_the_layout_opens(archive: FileArchive, tmp_path: Path, version: bytes) -> None:
    volume, _ = opened(archive, tmp_path / "v.vol", vol(version=version))
    assert len(volume.frames) == SCANS
    (first, _) = archive.read_layers(volume.frames[0])
    assert first.by == f"Heidelberg HEYEX, {version.decode()}"


@pytest.mark.parametrize("mark", [b"HSF-OCTA-100", b"HSF-ANGIO-1"])
def test_another_kind_of_raw_export_is_named(archive: FileArchive, tmp_path: Path, mark: bytes) -> None:
    (tmp_path / "a.vol").write_bytes(vol(version=mark))
    with pytest.raises(InputProblem) as told:
        last(archive, tmp_path / "a.vol")
    assert told.value.code == "not-supported" and mark.decode() in told.value.what and "DICOM" in told.value.remedy


_LARGEST = 2**31 - 1


@pytest.mark.parametrize(("lies", "code"), [
    ({"scans": _LARGEST}, "damaged"), ({"scans": 60_000}, "truncated"), ({"scans": 0}, "damaged"),
    ({"rows": _LARGEST}, "damaged"), ({"cols": 0}, "damaged"), ({"rows": 60_000, "cols": 60_000}, "limit"),
    ({"slo_rows": _LARGEST}, "damaged"), ({"slo_cols": 0}, "damaged"), ({"slo_rows": 60_000}, "truncated"),
    ({"drawn": _LARGEST}, "damaged"), ({"own": _LARGEST}, "truncated"), ({"own": 0}, "damaged"),
    ({"offset": _LARGEST}, "damaged"), ({"offset": 0}, "damaged"), ({"rows": ROWS + 1}, "damaged")])
def test_sizes_that_lie_are_refused_with_their_numbers(archive: FileArchive, tmp_path: Path, lies: dict[str, int],
                                                       code: str) -> None:
    (tmp_path / "eye.vol").write_bytes(vol(**lies))
    with pytest.raises(InputProblem) as caught:
        last(archive, tmp_path / "eye.vol")
    assert caught.value.code == code and isinstance(caught.value, LimitExceeded) == (code == "limit")


def test_broken_files_end_in_an_image_or_a_sentence(archive: FileArchive, tmp_path: Path) -> None:
    rng, good, outcomes = np.random.default_rng(11), vol(), set()
    path = tmp_path / "eye.vol"
    for number in range(80):
        data = bytearray(good)
        if number % 2:
            del data[int(rng.integers(1, len(data))):]
        for at in rng.integers(0, 2 if number % 4 == 1 else 260, 12):
            at = int(at) if number % 8 < 4 else 2048 + localizer().size + int(at)
            data[at:at + 1] = bytes([int(rng.integers(0, 256))]) if at < len(data) else b""
        path.write_bytes(data)
        try:
            series = last(archive, path).studies[0].series
            outcomes.add("image")
            for one in series:
                archive.read_layers(one.frames[-1])
                assert archive.read_frame(one.frames[-1]).pixels.shape == (one.rows, one.cols)
        except FineViewError as error:
            outcomes.add(error.code)
            assert error.what and error.remedy and error.code != "reader-died"
    assert {"image", "truncated", "damaged", "not-an-image"} <= outcomes


def test_a_real_file_against_its_own_bytes(archive: FileArchive) -> None:
    path = shared(REAL)
    data = path.read_bytes()
    cols, scans, rows = struct.unpack_from("<3I", data, 12)
    across, step, depth = struct.unpack_from("<3d", data, 24)
    slo_cols, slo_rows = struct.unpack_from("<2I", data, 48)
    volume, slo = last(archive, path).studies[0].series
    assert (len(volume.frames), volume.rows, volume.cols) == (scans, rows, cols) == (10, 40, 50)
    assert (volume.spacing.row_mm, volume.spacing.col_mm, volume.spacing.slice_mm) == (depth, across, step)
    assert np.array_equal(archive.read_frame(slo.frames[0]).pixels,
                          np.frombuffer(data, np.uint8, slo_rows * slo_cols, 2048).reshape(slo_rows, slo_cols))
    first = 2048 + slo_rows * slo_cols
    block = struct.unpack_from("<I", data, first + 12)[0] + rows * cols * 4
    for n in range(scans):
        stored = np.frombuffer(data, "<f4", rows * cols, first + (n + 1) * block - rows * cols * 4)
        # This file was written by another program: what it showed, 0 to 254, in the place of reflectivity.
        assert np.array_equal(archive.read_frame(volume.frames[n]).pixels, stored.reshape(rows, cols))
