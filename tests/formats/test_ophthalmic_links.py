"""Volumes find their localizer by reference and by frame of reference, and their B-scans the right place on it.

Expected pixels are worked out by hand from the millimetres of ``made_opt``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fineview.core.geometry import Box
from fineview.core.study import Catalogue, Series
from fineview.formats.archive import FileArchive
from fineview.imaging.scan_places import plane_of
from fineview.services.jobs import Token
from fineview.services.known_objects import known_objects
from fineview.services.localizer import localizer, pictures_of, shapes_on
from tests.formats import made_opt as made
from tests.formats.conftest import last


def opened(archive: FileArchive, folder: Path, *objects: Any) -> Catalogue:
    for n, one in enumerate(objects):
        made.save(one, folder / f"{n}.dcm")
    return last(archive, folder)


def series(found: Catalogue, modality: str) -> Series:
    (one,) = (one for study in found.studies for one in study.series if one.modality == modality)
    return one


def ends(n: int) -> tuple[float, ...]:
    """Row, column of the start, then of the end of B-scan ``n`` on the photograph."""
    return 5.0 + 4 * n, 8.0, 5.0 + 4 * n, 38.0


def on_face(n: int) -> list[tuple[float, float]]:
    """B-scan ``n`` on the en-face image: (1.00 - 0.97) / 0.006 + 0.5, (3.03 - 3 + 0.06 n) / 0.006 + 0.5."""
    return [(5.5, 5.5 + 10 * n), (35.5, 5.5 + 10 * n)]


def test_a_line_given_by_reference(archive: FileArchive, tmp_path: Path) -> None:
    photo = made.photograph()
    found = opened(archive, tmp_path, made.volume(location=made.location("1.2.3.20", ends)), photo)
    volume = series(found, "OPT")
    assert volume.localizer_uid == series(found, "OP").uid
    # Frames lie along their normal, here towards the head: the last scanned comes first.
    assert [frame.scan_line for frame in volume.frames] == [
        ((8.0, 5.0 + 4 * n), (38.0, 5.0 + 4 * n)) for n in reversed(range(made.FRAMES))]


def test_a_localizer_named_without_lines(archive: FileArchive, tmp_path: Path) -> None:
    """Two pictures are named; the purpose says which is the localizer (PS3.16 CID 7201)."""
    def named(_: int) -> Any:
        return made.reference(made.OP8, "1.2.3.20", PurposeOfReferenceCodeSequence=made.code("121311", "Localizer"))

    volume = made.volume(referenced=named)
    other = made.reference(made.OP8, "1.2.3.21", PurposeOfReferenceCodeSequence=made.code("121312", "Biopsy localizer"))
    for item in volume.PerFrameFunctionalGroupsSequence:
        item.ReferencedImageSequence.insert(0, other)
    found = opened(archive, tmp_path, volume, made.photograph(), made.photograph("1.2.3.21"))
    assert series(found, "OPT").localizer_uid == "1.2.3.20.0"
    assert all(frame.scan_line is None for frame in series(found, "OPT").frames)


@pytest.mark.parametrize("source", ["1.2.3.10", None], ids=["named as its source", "frame of reference alone"])
def test_an_en_face_image_stands_beside_its_volume(archive: FileArchive, tmp_path: Path, source: str | None) -> None:
    found = opened(archive, tmp_path, made.volume(), made.en_face(source=source))
    volume, face = series(found, "OPT"), series(found, "OPTENF")
    assert volume.localizer_uid == face.uid
    for frame, n in zip(volume.frames, reversed(range(made.FRAMES)), strict=True):
        assert frame.scan_line is not None and np.allclose(frame.scan_line, on_face(n), atol=1e-9)


def test_the_lines_carry_the_thickness_map(archive: FileArchive, tmp_path: Path) -> None:
    """The plane of the scan comes out in millimetres of the en-face image: 0.18 mm long, 0.06 mm apart."""
    found = opened(archive, tmp_path, made.volume(), made.en_face())
    volume = series(found, "OPT")
    plane = plane_of(volume, series(found, "OPTENF").frames[0])
    assert np.allclose(np.linalg.norm(plane.ends_mm[:, 1] - plane.ends_mm[:, 0], axis=1), 0.18)
    assert np.allclose(np.abs(np.diff(plane.ends_mm[:, 0, 1])), 0.06)


def test_a_photograph_that_is_named_goes_before_an_en_face_image(archive: FileArchive, tmp_path: Path) -> None:
    found = opened(archive, tmp_path, made.volume(location=made.location("1.2.3.20", ends)), made.photograph(),
                   made.en_face())
    volume = series(found, "OPT")
    assert volume.localizer_uid == "1.2.3.20.0" and volume.frames[-1].scan_line == ((8.0, 5.0), (38.0, 5.0))


def turned(face: Any) -> Any:
    """Cut along the beam instead of across it."""
    face.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    return face


def elsewhere(face: Any) -> Any:
    face.ImagePositionPatient = [50, 2, 3]
    return face


def other_eye(face: Any) -> Any:
    face.ImageLaterality = "L"
    return face


@pytest.mark.parametrize("face", [
    made.en_face(source=None, space="1.2.9"), made.en_face(source=None, placed=False),
    turned(made.en_face(source=None)), elsewhere(made.en_face(source=None)), other_eye(made.en_face(source=None))],
    ids=["another frame of reference", "no place", "along the beam", "elsewhere", "another eye"])
def test_what_is_not_in_front_of_the_volume_is_not_linked(archive: FileArchive, tmp_path: Path, face: Any) -> None:
    found = opened(archive, tmp_path, made.volume(), face)
    volume = series(found, "OPT")
    assert volume.localizer_uid is None and all(frame.scan_line is None for frame in volume.frames)
    assert len(series(found, "OPTENF").frames) == 1


def test_a_named_source_is_linked_also_without_a_place(archive: FileArchive, tmp_path: Path) -> None:
    found = opened(archive, tmp_path, made.volume(placed=False, space=None), made.en_face(placed=False, space=None))
    volume = series(found, "OPT")
    assert volume.localizer_uid == series(found, "OPTENF").uid
    assert all(frame.scan_line is None for frame in volume.frames)


def test_a_circle_scan_is_a_circle(archive: FileArchive, tmp_path: Path) -> None:
    def round_the_disc(_: int) -> list[float]:
        turn = np.linspace(0, 2 * np.pi, 13)
        return [float(v) for pair in zip(20 + 8 * np.sin(turn), 25 + 8 * np.cos(turn), strict=True) for v in pair]

    found = opened(archive, tmp_path, made.volume(location=made.location("1.2.3.20", round_the_disc)),
                   made.photograph())
    for frame in series(found, "OPT").frames:
        assert frame.scan_line is None and frame.scan_circle is not None
        assert np.allclose(frame.scan_circle.centre, (25, 20)) and frame.scan_circle.radius == pytest.approx(8)
        assert np.allclose(frame.scan_circle.start, (33, 20))


def test_a_bent_path_is_no_circle(archive: FileArchive, tmp_path: Path) -> None:
    def bent(_: int) -> list[float]:
        return [5.0, 5.0, 8.0, 10.0, 9.0, 15.0, 8.0, 20.0, 5.0, 25.0]

    found = opened(archive, tmp_path, made.volume(location=made.location("1.2.3.20", bent)), made.photograph())
    (first, *_) = series(found, "OPT").frames
    assert first.scan_circle is None and first.scan_line == ((5.0, 5.0), (25.0, 5.0))


def test_an_en_face_image_says_which_slab_it_is(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    face = series(opened(archive, tmp_path / "a", made.en_face(SeriesDescription="OCTA")), "OPTENF")
    assert face.description == ("OCTA: Superficial retina vasculature flow, from ILM - Internal limiting membrane to "
                                "Outer surface of IPL + 4 px")
    assert (face.spacing.row_mm, face.spacing.source) == (made.EN_FACE_MM, "calibrated")
    assert (face.frames[0].orientation.along_row, face.frames[0].orientation.along_column) == ("N", "F")
    plain = series(opened(archive, tmp_path / "b", made.en_face(slab=False)), "OPTENF")
    assert plain.description == "Superficial retina vasculature flow"


@pytest.mark.parametrize(("sop_class", "dtype"), [
    (made.OP8, np.uint8), (made.OP16, np.uint16), (made.WIDE_STEREOGRAPHIC, np.uint8), (made.WIDE_3D, np.uint8)])
def test_photographs_of_every_kind_open(archive: FileArchive, tmp_path: Path, sop_class: str, dtype: type) -> None:
    photo = made.photograph(sop_class=sop_class, dtype=dtype)
    one = series(opened(archive, tmp_path, photo), "OP")
    expected = np.frombuffer(photo.PixelData, np.dtype(dtype)).reshape(40, 50)
    assert np.array_equal(archive.read_frame(one.frames[0]).pixels, expected)
    assert one.spacing.source == "none" and one.laterality.value == "R"


def test_a_stereometric_relationship_is_listed_with_its_two_pictures(archive: FileArchive, tmp_path: Path) -> None:
    found = opened(archive, tmp_path, made.photograph(), made.photograph("1.2.3.21"), made.stereometric())
    (one,) = found.companions
    assert one.kind == "other" and "Stereometric" in one.title
    assert one.text.splitlines() == ["Stereometric Relationship", "left 1.2.3.20, right 1.2.3.21, angle 7.5 degrees"]
    assert [ref.sop_uid for ref in one.refers_to] == ["1.2.3.20", "1.2.3.21"]
    assert {verdict.verdict for verdict in found.files} == {"image", "object"}


def flow() -> Any:
    """A spot of flow on the third scanned B-scan: rows 4 to 6, columns 5 to 8, twice as strong in its middle."""
    values = np.zeros((made.FRAMES, made.ROWS, made.COLS), np.uint16)
    values[2, 4:7, 5:9], values[2, 5, 6:8] = 500, 1000
    return values


@pytest.mark.parametrize("placed", [True, False])
def test_an_analysis_lies_on_the_frames_it_was_made_from(archive: FileArchive, tmp_path: Path, placed: bool) -> None:
    analysis = made.analysis(pixels=flow(), placed=placed)
    analysis.WindowCenter, analysis.WindowWidth = 500, 1000
    found = opened(archive, tmp_path, made.volume(placed=placed), analysis)
    (known,) = known_objects(found, archive, Token())
    assert known.companion.kind == "analysis" and known.shown_as == "overlay"
    volume, own = series(found, "OPT"), series(found, "OPTBSV")
    assert len(own.frames) == made.FRAMES
    for frame in volume.frames:
        drawing = archive.draw(known.companion, frame)
        (mask,) = drawing.masks
        # 500 and 1000 of a window from 0 to 1000.
        expected = np.rint(flow()[frame.frame_in_file] / 1000 * 255).astype(np.uint8)
        assert np.array_equal(mask.values, expected) and mask.graded and mask.box == Box(0, 0, made.COLS, made.ROWS)


def test_an_analysis_without_a_window_is_shown_on_one_scale(archive: FileArchive, tmp_path: Path) -> None:
    found = opened(archive, tmp_path, made.volume(), made.analysis(pixels=flow()))
    (companion,) = found.companions
    frames = {frame.frame_in_file: frame for frame in series(found, "OPT").frames}
    values = {n: archive.draw(companion, frames[n]).masks[0].values for n in frames}
    assert 0 < values[2][4, 5] < values[2][5, 6] == 255 and not values[0].any()


def test_an_analysis_of_another_volume_is_listed_and_not_drawn(archive: FileArchive, tmp_path: Path) -> None:
    found = opened(archive, tmp_path, made.volume(), made.analysis(source="1.2.3.77"))
    (known,) = known_objects(found, archive, Token())
    assert known.shown_as == "series" and "not open" in known.why
    assert series(found, "OPT").localizer_uid is None


def test_an_analysis_in_colours_is_refused_in_words(archive: FileArchive, tmp_path: Path) -> None:
    coloured = made.analysis()
    coloured.SamplesPerPixel, coloured.PhotometricInterpretation, coloured.PlanarConfiguration = 3, "RGB", 0
    coloured.BitsAllocated = coloured.BitsStored = 8
    coloured.HighBit, coloured.PixelData = 7, bytes(made.FRAMES * made.ROWS * made.COLS * 3)
    found = opened(archive, tmp_path, made.volume(), coloured)
    (companion,) = found.companions
    drawing = archive.draw(companion, series(found, "OPT").frames[0])
    assert not drawing.masks and drawing.why == "It holds colours in the place of values."


def test_several_pictures_of_one_volume_are_all_known(archive: FileArchive, tmp_path: Path) -> None:
    """A photograph by reference, two slabs by source and space; lines are those of each picture."""
    deep = made.en_face("1.2.3.31", source=None, SeriesDescription="deep")
    found = opened(archive, tmp_path, made.volume(location=made.location("1.2.3.20", ends)), made.photograph(),
                   made.en_face(), deep)
    volume, study = series(found, "OPT"), found.studies[0]
    assert volume.beside == ("1.2.3.20.0", "1.2.3.30.0", "1.2.3.31.0")
    photo, *faces = pictures_of(study, volume)
    assert localizer(study, volume, {}) is photo and localizer(study, volume, {volume.uid: "gone"}) is photo
    assert localizer(study, volume, {volume.uid: faces[1].uid}) is faces[1]
    assert shapes_on(volume, photo)[-1] == ((8.0, 5.0), (38.0, 5.0))
    for face in faces:
        assert np.allclose(np.array(shapes_on(volume, face)[-1]), on_face(0))


def test_lines_on_a_picture_that_is_not_open_are_not_drawn_on_another(archive: FileArchive, tmp_path: Path) -> None:
    found = opened(archive, tmp_path, made.volume(location=made.location("1.2.3.20", ends)), made.en_face())
    volume = series(found, "OPT")
    assert volume.localizer_uid == "1.2.3.30.0"
    assert np.allclose(np.array(volume.frames[-1].scan_line), on_face(0))


@pytest.mark.parametrize(("sop_class", "modality"), [
    ("1.2.840.10008.5.1.4.1.1.81.1", "OPM"), ("1.2.840.10008.5.1.4.1.1.82.1", "KER")],
    ids=["thickness map", "corneal topography"])
def test_maps_of_an_instrument_are_pictures(archive: FileArchive, tmp_path: Path, sop_class: str, modality: str
                                            ) -> None:
    pixels = np.arange(20 * 30 * 3, dtype=np.uint32).reshape(20, 30, 3).astype(np.uint8)
    found = opened(archive, tmp_path, made.base(sop_class, "1.2.3.60", "1.2.3.60.0", modality, pixels))
    assert np.array_equal(archive.read_frame(series(found, modality).frames[0]).pixels, pixels)


@pytest.mark.parametrize(("tail", "words"), [
    ("80.1", "Ophthalmic Visual Field Static Perimetry Measurements"), ("78.7", "Ophthalmic Axial Measurements"),
    ("78.1", "Lensometry Measurements"), ("79.1", "Macular Grid Thickness and Volume Report")])
def test_measurements_without_pixels_are_listed_with_their_name(archive: FileArchive, tmp_path: Path, tail: str,
                                                                words: str) -> None:
    measured = made.base(f"1.2.840.10008.5.1.4.1.1.{tail}", "1.2.3.70", "1.2.3.70.0", "OPV", None)
    found = opened(archive, tmp_path, made.photograph(), measured)
    (known,) = known_objects(found, archive, Token())
    assert known.shown_as is None and words in known.companion.title and words in known.companion.text and known.why
