"""Presentation states, overlay planes, maps and documents; grey values as dcmtk renders them, or by the formulas."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from fineview.core.companion import Companion, Drawing, Shape
from fineview.core.errors import FineViewError
from fineview.core.image import Window
from fineview.core.orientation import ViewTransform
from fineview.formats.archive import FileArchive
from fineview.imaging.window import render_gray
from fineview.services.companion_view import presented
from fineview.services.jobs import Token
from tests.formats.conftest import frames_of, last
from tests.formats.made_companions import (
    ROOT,
    STORAGE,
    code,
    data_set,
    item,
    presentation,
    refer,
    save,
    slice_of,
)
from tests.shared_data import SHARED, needs_shared


def opened(archive: FileArchive, folder: Path) -> tuple[dict[str, Companion], dict[str, object]]:
    found = last(archive, folder)
    return {one.kind: one for one in found.companions}, frames_of(found)


def drawn(archive: FileArchive, folder: Path, kind: str = "presentation", uid: str = ROOT + "4.0") -> Drawing:
    companions, frames = opened(archive, folder)
    return archive.draw(companions[kind], frames[uid])


def rendered(archive: FileArchive, folder: Path) -> np.ndarray:
    """The frame's grey values as the window shows them under the state."""
    companions, frames = opened(archive, folder)
    frame = frames[ROOT + "4.0"]
    state = archive.draw(companions["presentation"], frame).presentation
    return render_gray(presented(archive.read_frame(frame), state))


RAMP = np.arange(96, dtype="<u2") * 43  # 0 to 4085, 12 bits
VOI_TABLE = [item(VOILUTSequence=[item(LUTDescriptor=[4096, 0, 16], LUTData=np.minimum(
    np.arange(4096) ** 2 // 256, 65535).astype("<u2").tobytes())])]


@pytest.mark.skipif(shutil.which("dcmp2pgm") is None, reason="dcmtk's dcmp2pgm is not installed")
@pytest.mark.parametrize("state", [
    {"SoftcopyVOILUTSequence": [item(WindowCenter=1500, WindowWidth=2000)]},
    {"SoftcopyVOILUTSequence": [item(WindowCenter=1500, WindowWidth=2000)], "PresentationLUTShape": "INVERSE"},
    {},
    {"SoftcopyVOILUTSequence": VOI_TABLE},
    {"SoftcopyVOILUTSequence": [item(WindowCenter=2048, WindowWidth=4096)], "PresentationLUTShape": None,
     "PresentationLUTSequence": [item(LUTDescriptor=[256, 0, 8], LUTData=(
         (np.arange(256) ** 2 // 255).astype("<u2").tobytes()))]},
])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_grey_values_are_those_of_dcmtk(archive: FileArchive, tmp_path: Path, state: dict[str, object],
                                        photometric: str) -> None:
    """Within what 8-bit rounding and dcmtk's own table of the presentation LUT may differ."""
    path = slice_of(tmp_path, 0, PixelData=RAMP.tobytes(), PhotometricInterpretation=photometric, WindowCenter=100,
                    WindowWidth=100)
    shape = state.get("PresentationLUTShape", "IDENTITY")
    area = [item(DisplayedAreaTopLeftHandCorner=[1, 1], DisplayedAreaBottomRightHandCorner=[12, 8],
                 PresentationSizeMode="SCALE TO FIT", PresentationPixelAspectRatio=[1, 1])]
    named = presentation(tmp_path, **state, DisplayedAreaSelectionSequence=area,
                         PresentationCreationDate="20240102", PresentationCreationTime="101010")
    if shape is None:
        made = dcmread(named)
        del made.PresentationLUTShape
        made.save_as(named)
    out = tmp_path / "out.pgm"
    subprocess.run(["dcmp2pgm", "-p", str(named), str(path), str(out)], check=True, capture_output=True)
    theirs = np.asarray(Image.open(out)).astype(int)
    out.unlink()
    assert theirs.shape == (8, 12) and theirs.min() < theirs.max()
    assert np.abs(rendered(archive, tmp_path).astype(int) - theirs).max() <= 2


def test_area_turn_and_flip(archive: FileArchive, tmp_path: Path) -> None:
    """First turned clockwise, then mirrored; corners count from 1 and belong to the area."""
    slice_of(tmp_path, 0)
    presentation(tmp_path, ImageRotation=90, ImageHorizontalFlip="Y", DisplayedAreaSelectionSequence=[
        item(DisplayedAreaTopLeftHandCorner=[3, 7], DisplayedAreaBottomRightHandCorner=[10, 2])])
    state = drawn(archive, tmp_path).presentation
    assert state is not None and state.area is not None
    assert state.transform == ViewTransform().rotate(1).flip_horizontal()
    assert state.area.as_list() == [2, 1, 8, 6]


def annotated(*objects: Dataset, texts: tuple[Dataset, ...] = ()) -> dict[str, object]:
    return {"GraphicLayerSequence": [item(GraphicLayer="A", GraphicLayerOrder=1)],
            "GraphicAnnotationSequence": [item(GraphicLayer="A", GraphicObjectSequence=list(objects),
                                               TextObjectSequence=list(texts))]}


def graphic(kind: str, data: list[float], units: str = "PIXEL", filled: str = "N") -> Dataset:
    return item(GraphicAnnotationUnits=units, GraphicType=kind, GraphicData=data, GraphicFilled=filled)


@pytest.mark.parametrize("kind, data, expected", [
    ("POINT", [2, 3], Shape("point", ((2, 3),), 1)),
    ("POLYLINE", [1, 1, 5, 1], Shape("polyline", ((1, 1), (5, 1)), 1)),
    ("POLYLINE", [1, 1, 5, 1, 5, 5, 1, 1], Shape("polygon", ((1, 1), (5, 1), (5, 5)), 1, filled=True)),
    ("CIRCLE", [4, 4, 7, 4], Shape("ellipse", ((4, 4), (7, 4), (4, 7)), 1, filled=True)),
    ("ELLIPSE", [1, 2, 7, 2, 4, 0, 4, 4], Shape("ellipse", ((4, 2), (7, 2), (4, 4)), 1, filled=True)),
])
def test_graphics_in_pixels(archive: FileArchive, tmp_path: Path, kind: str, data: list[float],
                            expected: Shape) -> None:
    slice_of(tmp_path, 0)
    presentation(tmp_path, **annotated(graphic(kind, data, filled="Y")))
    assert drawn(archive, tmp_path).shapes == (expected,)


@pytest.mark.parametrize("turn, flip, expected", [
    # The displayed area is x 2 to 10, y 1 to 7; a point a quarter across and at the top of what is displayed.
    (0, "N", (4.0, 1.0)), (0, "Y", (8.0, 1.0)),
    (90, "N", (2.0, 5.5)),  # turned clockwise, the left edge is the top, its lower end the left
    (180, "N", (8.0, 7.0)), (270, "N", (10.0, 2.5)), (90, "Y", (2.0, 2.5)),
])
def test_display_units_follow_what_is_displayed(archive: FileArchive, tmp_path: Path, turn: int, flip: str,
                                                expected: tuple[float, float]) -> None:
    slice_of(tmp_path, 0)
    presentation(tmp_path, ImageRotation=turn, ImageHorizontalFlip=flip, DisplayedAreaSelectionSequence=[
        item(DisplayedAreaTopLeftHandCorner=[3, 2], DisplayedAreaBottomRightHandCorner=[10, 7])],
        **annotated(graphic("POINT", [0.25, 0.0], "DISPLAY")))
    (shape,) = drawn(archive, tmp_path).shapes
    assert shape.points[0] == pytest.approx(expected)


def test_text_at_its_box_and_its_anchor(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    box = {"BoundingBoxAnnotationUnits": "PIXEL", "BoundingBoxTopLeftHandCorner": [1, 2],
           "BoundingBoxBottomRightHandCorner": [5, 3]}
    anchor = {"AnchorPointAnnotationUnits": "PIXEL", "AnchorPoint": [6, 7]}
    presentation(tmp_path, **annotated(texts=(
        item(UnformattedTextValue="a\r\nb", **box, **anchor, AnchorPointVisibility="Y"),
        item(UnformattedTextValue="c", **box, **anchor, AnchorPointVisibility="N"),
        item(UnformattedTextValue="d", **anchor))))
    shapes = drawn(archive, tmp_path).shapes
    assert [(one.label, one.points) for one in shapes] == [
        ("a b", ((1, 2), (6, 7))), ("c", ((1, 2),)), ("d", ((6, 7),))]


def test_shutters(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    presentation(tmp_path, ShutterShape=["RECTANGULAR", "CIRCULAR", "POLYGONAL"], ShutterLeftVerticalEdge=2,
                 ShutterRightVerticalEdge=9, ShutterUpperHorizontalEdge=3, ShutterLowerHorizontalEdge=6,
                 CenterOfCircularShutter=[4, 5], RadiusOfCircularShutter=3, ShutterPresentationValue=0x8000,
                 VerticesOfThePolygonalShutter=[1, 1, 1, 12, 8, 12])
    state = drawn(archive, tmp_path).presentation
    assert state is not None and state.shutter_grey == 128
    assert [one.points for one in state.shutter] == [
        ((1, 2), (9, 2), (9, 6), (1, 6)), ((4.5, 3.5), (7.5, 3.5), (4.5, 6.5)), ((0.5, 0.5), (11.5, 0.5), (11.5, 7.5))]


def test_a_state_holds_for_its_images_alone(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    slice_of(tmp_path, 1)
    presentation(tmp_path, 1, SoftcopyVOILUTSequence=[
        item(WindowCenter=1, WindowWidth=2, ReferencedImageSequence=[refer(ROOT + "4.0")]),
        item(WindowCenter=30, WindowWidth=40)])
    assert drawn(archive, tmp_path).empty
    state = drawn(archive, tmp_path, uid=ROOT + "4.1").presentation
    assert state is not None and state.window == Window(30, 40, "linear", "presentation")


@needs_shared
def test_overlay_planes_of_a_real_file(archive: FileArchive) -> None:
    """All six, by numpy: two in unused bits of the pixels, two of the image, two of the state."""
    assert SHARED is not None
    folder = SHARED / "C_dicom" / "gsps"
    image, state = dcmread(folder / "overlay.dcm"), dcmread(folder / "prOverlay.dcm")
    words = np.frombuffer(image.PixelData, "<u2").reshape(512, 512)
    own = [words >> 15 & 1, words >> 14 & 1] + [
        np.unpackbits(np.frombuffer(holder[group, 0x3000].value, np.uint8), bitorder="little").reshape(512, 512)
        for holder, group in ((image, 0x6004), (image, 0x6006), (state, 0x6008), (state, 0x600A))]
    for kind, expected in (("overlay-planes", own[:4]), ("presentation", own)):
        drawing = drawn(archive, folder, kind, str(image.SOPInstanceUID))
        assert len(drawing.masks) == len(expected)
        for mask, bits in zip(drawing.masks, expected, strict=True):
            whole = np.zeros((512, 512), np.uint8)
            x, y = int(mask.box.x), int(mask.box.y)
            whole[y:y + mask.values.shape[0], x:x + mask.values.shape[1]] = mask.values
            assert np.array_equal(whole, bits * 255)


def test_frames_of_an_overlay_run_on_without_padding(archive: FileArchive, tmp_path: Path) -> None:
    """3 frames of 3 x 5 bits, at row 2 and column 3 of the image; the second frame starts in the middle of a byte."""
    bits = np.random.default_rng(1).integers(0, 2, (3, 3, 5), dtype=np.uint8)
    path = slice_of(tmp_path, 0, NumberOfFrames=3, PixelData=bytes(3 * 2 * 96))
    made = dcmread(path)
    for element, vr, value in ((0x10, "US", 3), (0x11, "US", 5), (0x15, "IS", 3), (0x40, "CS", "G"),
                               (0x50, "SS", [2, 3]), (0x51, "US", 1), (0x100, "US", 1), (0x102, "US", 0)):
        made.add_new((0x6000 << 16) + element, vr, value)
    made.add_new(0x60003000, "OB", np.packbits(bits.ravel(), bitorder="little").tobytes())
    made.save_as(path)
    *_, last = archive.scan([tmp_path], Token())
    frames = last.studies[0].series[0].frames
    for index, frame in enumerate(frames):
        (mask,) = archive.draw(last.companions[0], frame).masks
        whole = np.zeros((8, 12), np.uint8)
        x, y = int(mask.box.x), int(mask.box.y)
        whole[y:y + mask.values.shape[0], x:x + mask.values.shape[1]] = mask.values
        assert np.array_equal(whole[1:4, 2:7], bits[index] * 255) and whole.sum() == bits[index].sum() * 255


def test_a_map_shows_real_values_with_their_unit(archive: FileArchive, tmp_path: Path) -> None:
    stored = np.arange(96, dtype="<u2").reshape(8, 12)
    mapping = item(RealWorldValueSlope=0.5, RealWorldValueIntercept=-3.0, LUTExplanation="thickness",
                   MeasurementUnitsCodeSequence=code("um", "UCUM", "micrometer"))
    mapping.add_new("RealWorldValueFirstValueMapped", "US", 10)
    mapping.add_new("RealWorldValueLastValueMapped", "US", 80)
    slice_of(tmp_path, 0, SOPClassUID=STORAGE + "30", Modality="OT", PixelData=stored.tobytes(), WindowCenter=40,
             WindowWidth=20, SharedFunctionalGroupsSequence=[item(RealWorldValueMappingSequence=[mapping])])
    companions, frames = opened(archive, tmp_path)
    raster = archive.read_frame(next(iter(frames.values())))  # type: ignore[arg-type]
    expected = np.where((stored >= 10) & (stored <= 80), stored * 0.5 - 3, np.nan)
    assert np.array_equal(raster.pixels, expected.astype(np.float32), equal_nan=True)
    assert (raster.unit, raster.windows[0].centre, raster.windows[0].width) == ("um", 17.0, 10.0)
    one = companions["parametric-map"]
    assert (one.title, one.text) == (
        "thickness", "thickness\nunit: micrometer\nreal value: stored x 0.5 + -3, stored 10 to 80")


def test_a_document_comes_back_byte_for_byte(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    content = b"%PDF-1.4\n" + bytes(range(256)) + b"\n%%EOF\n."
    assert len(content) % 2
    made = data_set(STORAGE + "104.1", ROOT + "7", "DOC")
    made.DocumentTitle, made.MIMETypeOfEncapsulatedDocument = "Letter", "application/pdf"
    made.EncapsulatedDocument = content
    save(made, tmp_path / "letter.dcm")
    companions, frames = opened(archive, tmp_path)
    one = companions["document"]
    assert (one.title, one.suffix, one.text) == ("Letter", ".pdf", "application/pdf, 274 bytes")
    assert archive.document(one) == content
    assert archive.draw(one, frames[ROOT + "4.0"]).empty  # type: ignore[arg-type]
    (tmp_path / "letter.dcm").unlink()
    with pytest.raises(FineViewError):
        archive.document(one)
