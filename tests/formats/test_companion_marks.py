"""Contours, report coordinates and key objects on their image; expected places by the standard's own formulas."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from fineview.core.companion import Companion, Drawing
from fineview.core.errors import FineViewError
from fineview.formats.archive import FileArchive
from fineview.services.jobs import Token
from tests.formats.conftest import frames_of, last
from tests.formats.made_companions import (
    ROOT,
    SPACE,
    STORAGE,
    code,
    content,
    data_set,
    in_patient,
    item,
    refer,
    report,
    save,
    slice_of,
    structures,
)
from tests.shared_data import SHARED, needs_shared


def opened(archive: FileArchive, folder: Path) -> tuple[Companion, dict[str, object]]:
    found = last(archive, folder)
    (companion,) = found.companions
    return companion, frames_of(found)


def drawn(archive: FileArchive, folder: Path, number: int = 0) -> Drawing:
    companion, frames = opened(archive, folder)
    return archive.draw(companion, frames[ROOT + f"4.{number}"])


CORNERS = ((1.25, 2.0), (7.5, 2.0), (7.5, 6.75))


def test_contours_come_back_to_their_pixels(archive: FileArchive, tmp_path: Path) -> None:
    for number in range(2):
        slice_of(tmp_path, number)
    closed = np.concatenate([in_patient(1, *at) for at in CORNERS])
    structures(tmp_path, [("CLOSED_PLANAR", closed), ("OPEN_PLANAR", closed), ("POINT", in_patient(0, 3.0, 4.0))])
    companion, _ = opened(archive, tmp_path)
    assert (companion.title, companion.kind, companion.frame_of_reference_uid) == ("Plan A", "structures", SPACE)
    assert [(one.number, one.name, one.words, one.colour) for one in companion.parts] == [
        (7, "Cord", "manual", (10, 200, 30))]
    shapes = drawn(archive, tmp_path, 1).shapes
    assert [one.kind for one in shapes] == ["polygon", "polyline"]
    for one in shapes:
        assert np.allclose(one.points, CORNERS, atol=1e-4)
    (point,) = drawn(archive, tmp_path, 0).shapes
    assert point.kind == "point" and np.allclose(point.points, [(3.0, 4.0)], atol=1e-4)


def test_contours_of_another_space_are_refused(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    structures(tmp_path, [("POINT", in_patient(0, 3, 4))], space=ROOT + "77")
    drawing = drawn(archive, tmp_path)
    assert drawing.empty and "another frame of reference" in drawing.why


def test_numbers_that_are_none_draw_nothing(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    path = structures(tmp_path, [("POINT", in_patient(0, 3, 4)), ("CLOSED_PLANAR", np.ones(9))])
    data = path.read_bytes()
    path.write_bytes(data.replace(b"1\\1\\1\\1\\1\\1\\1\\1\\1", b"1\\nan\\one\\1\\1\\1\\1"))
    assert [one.kind for one in drawn(archive, tmp_path).shapes] == ["point"]


def test_ten_million_points_end_in_a_sentence(archive: FileArchive, tmp_path: Path) -> None:
    """Implicit VR, because only there one contour may be that long."""
    slice_of(tmp_path, 0)
    made = data_set(STORAGE + "481.3", ROOT + "5", "RTSTRUCT", implicit=True)
    made.StructureSetROISequence = [item(ROINumber=7, ReferencedFrameOfReferenceUID=SPACE, ROIName="all")]
    made.ROIContourSequence = [item(ReferencedROINumber=7, ContourSequence=[
        item(ContourGeometricType="CLOSED_PLANAR", ContourData=["1"] * 3)])]
    path = save(made, tmp_path / "structures.dcm")
    data = path.read_bytes()
    small = struct.pack("<HHL", 0x3006, 0x0050, 6) + b"1\\1\\1 "
    assert small in data
    for count, expected in ((10_000_000, "100000 points"), (20_000_000, "limit")):
        large = b"1\\" * (3 * count)
        grown = struct.pack("<HHL", 0x3006, 0x0050, len(large)) + large
        before, after = data.split(small)
        for tag in ((0x3006, 0x0039), (0x3006, 0x0040)):  # sequences and their items grow with it
            before = _grow(before, tag, len(grown) - len(small))
        path.write_bytes(before + grown + after)
        with pytest.raises(FineViewError, match=expected):
            *_, last = archive.scan([tmp_path], Token())
            if last.problems:
                raise FineViewError(last.problems[0].what, "")
            drawn(archive, tmp_path)


def _grow(data: bytes, tag: tuple[int, int], more: int) -> bytes:
    at = data.rindex(struct.pack("<HH", *tag))
    for place in (at + 4, at + 12):
        length = struct.unpack_from("<L", data, place)[0]
        data = data[:place] + struct.pack("<L", length + more) + data[place + 4:]
    return data


def region(kind: str, data: list[float], uid: str = ROOT + "4.0", *frames: int) -> object:
    source = content("IMAGE", "SELECTED FROM", code("121324", "DCM", "Source Image"),
                     ReferencedSOPSequence=[refer(uid, *frames)])
    return content("SCOORD", "CONTAINS", code("111030", "DCM", "Image Region"), GraphicType=kind, GraphicData=data,
                   ContentSequence=[source])


def group(*children: object) -> object:
    return content("CONTAINER", "CONTAINS", code("125007", "DCM", "Measurement Group"), ContinuityOfContent="SEPARATE",
                   ContentSequence=[
                       content("TEXT", "HAS OBS CONTEXT", code("112039", "DCM", "Tracking Identifier"), TextValue="L1"),
                       content("CODE", "CONTAINS", code("121071", "DCM", "Finding"),
                               ConceptCodeSequence=code("1", "SCT", "Drusen")), *children])


def measured(value: str, unit: str, *children: object) -> object:
    return content("NUM", "CONTAINS", code("42798000", "SCT", "Area"), ContentSequence=list(children),
                   MeasuredValueSequence=[item(NumericValue=value,
                                               MeasurementUnitsCodeSequence=code(unit, "UCUM", unit))])


def test_a_planar_region_is_named_by_its_group(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    report(tmp_path, [group(region("POLYLINE", [1, 1, 5, 1, 5, 4, 1, 1]), measured("3.5", "mm2"))])
    (shape,) = drawn(archive, tmp_path).shapes
    assert (shape.kind, shape.points, shape.label) == ("polygon", ((1, 1), (5, 1), (5, 4)), "Drusen, Area 3.5 mm2")


@pytest.mark.parametrize("kind, data, expected", [
    ("POINT", [2.5, 3.5], ("point", ((2.5, 3.5),))),
    ("POLYLINE", [1, 1, 5, 4], ("polyline", ((1, 1), (5, 4)))),
    ("CIRCLE", [4, 4, 4, 6], ("ellipse", ((4, 4), (4, 6), (2, 4)))),
    # A turned ellipse: ends of the long axis (1, 1) and (7, 5), of the short one (3, 4.5) and (5, 1.5).
    ("ELLIPSE", [1, 1, 7, 5, 3, 4.5, 5, 1.5], ("ellipse", ((4, 3), (7, 5), (5, 1.5)))),
    ("SPLINE", [1, 1, 5, 4], None), ("POLYLINE", [1], None), ("CIRCLE", [], None),
])
def test_every_graphic_type(archive: FileArchive, tmp_path: Path, kind: str, data: list[float],
                            expected: object) -> None:
    slice_of(tmp_path, 0)
    report(tmp_path, [region(kind, data)])
    shapes = drawn(archive, tmp_path).shapes
    assert [(one.kind, one.points) for one in shapes] == ([expected] if expected else [])


def test_only_the_named_frame_and_image(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    report(tmp_path, [region("POINT", [1, 1], ROOT + "4.0", 2), region("POINT", [2, 2], ROOT + "4.9"),
                      region("POINT", [3, 3], ROOT + "4.0", 1)])
    assert [one.points for one in drawn(archive, tmp_path).shapes] == [((3, 3),)]


def test_by_reference_items_and_loops(archive: FileArchive, tmp_path: Path) -> None:
    """An image named by its position in the tree; a container that points at itself is no way out of the tree."""
    slice_of(tmp_path, 0)
    image = content("IMAGE", "CONTAINS", code("121324", "DCM", "Source Image"),
                    ReferencedSOPSequence=[refer(ROOT + "4.0")])
    pointer = item(RelationshipType="SELECTED FROM", ReferencedContentItemIdentifier=[1, 1])
    itself = item(RelationshipType="INFERRED FROM", ReferencedContentItemIdentifier=[1, 2])
    mark = content("SCOORD", "CONTAINS", code("111030", "DCM", "Image Region"), GraphicType="POINT",
                   GraphicData=[6, 7], ContentSequence=[pointer, itself])
    report(tmp_path, [image, mark])
    companion, _ = opened(archive, tmp_path)
    assert [one.points for one in drawn(archive, tmp_path).shapes] == [((6, 7),)]
    assert companion.text.splitlines() == [
        "Imaging Measurement Report", f"  Source Image: {ROOT}4.0", "  Image Region: point"]


def test_coordinates_in_the_patient(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    slice_of(tmp_path, 1)
    report(tmp_path, [content("SCOORD3D", "CONTAINS", code("111030", "DCM", "Image Region"), GraphicType="POINT",
                              GraphicData=in_patient(1, 5.25, 3.5).tolist(), ReferencedFrameOfReferenceUID=SPACE)],
           sop="88.34")
    (shape,) = drawn(archive, tmp_path, 1).shapes
    assert np.allclose(shape.points, [(5.25, 3.5)], atol=1e-3)  # SCOORD3D is stored in single precision
    assert drawn(archive, tmp_path, 0).empty


def test_trees_that_are_deep_or_wide(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    inner = content("TEXT", "CONTAINS", code("1", "99X", "End"), TextValue="x")
    for _ in range(80):
        inner = content("CONTAINER", "CONTAINS", code("1", "99X", "Deeper"), ContentSequence=[inner])
    report(tmp_path, [inner])
    *_, last = archive.scan([tmp_path], Token())
    assert [problem.code for problem in last.problems] == ["nesting"]
    report(tmp_path, [content("TEXT", "CONTAINS", code("1", "99X", "Line"), TextValue=f"{i} " + "y" * 100)
                      for i in range(3000)])
    companion, _ = opened(archive, tmp_path)
    assert len(companion.text) < 22_000 and companion.text.endswith("… the report is longer than what is shown")


def test_a_character_set_that_does_not_exist(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    path = report(tmp_path, [content("TEXT", "CONTAINS", code("1", "99X", "Line"), TextValue="plain words")])
    made = dcmread(path)
    made.SpecificCharacterSet = "ISO_IR 100"
    made.save_as(path)
    data = path.read_bytes().replace(b"ISO_IR 100", b"ISO_IR 987")
    path.write_bytes(data.replace(b"plain words", b"plain\xff\x1bword"))
    companion, _ = opened(archive, tmp_path)
    assert companion.kind == "report" and "plain" in companion.text
    assert all(one.isprintable() or one == "\n" for one in companion.text)


def test_key_objects_name_their_images(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    slice_of(tmp_path, 1)
    report(tmp_path, [content("TEXT", "CONTAINS", code("113012", "DCM", "Key Object Description"), TextValue="see"),
                      item(ValueType="IMAGE", RelationshipType="CONTAINS",
                           ReferencedSOPSequence=[refer(ROOT + "4.1")])],
           "88.59", "Of Interest")
    companion, _ = opened(archive, tmp_path)
    assert (companion.kind, companion.title) == ("key-objects", "Of Interest")
    assert [one.sop_uid for one in companion.refers_to] == [ROOT + "4.1"]
    assert companion.text.splitlines()[1] == "  Key Object Description: see"


@needs_shared
@pytest.mark.skipif(shutil.which("dsrdump") is None, reason="dcmtk's dsrdump is not installed")
@pytest.mark.parametrize("name", ["highdicom/sr_document.dcm", "pydicom/test-SR.dcm"])
def test_the_text_holds_all_that_dcmtk_prints(archive: FileArchive, name: str) -> None:
    """Concept names and values of every item, in dcmtk's order and nesting."""
    assert SHARED is not None
    path = SHARED / "C_dicom" / name
    printed = subprocess.run(["dsrdump", "+Pl", str(path)], capture_output=True, check=True).stdout.decode("latin-1")
    *_, last = archive.scan([path, SHARED / "C_dicom" / "gsps" / "overlay.dcm"], Token())
    text = next(one for one in last.companions if one.path == str(path)).text
    expected = re.findall(r'^( *)<.*?:\((?:[^,)]*,[^,)]*,)?"([^"]*)"\)', printed, re.M)
    assert len(expected) >= 5
    lines = iter(text.split("\n"))
    for indent, concept in expected:
        assert any(line.startswith(indent + concept) for line in lines), (indent, concept)
    for value in re.findall(r'NUM:\(,,"[^"]*"\)="([^"]*)" \(([^,]*),', printed):
        assert f"{value[0]} {value[1]}" in text
