"""Segmentations on their image: expected masks come from highdicom's reader or from numpy on the packed bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from pydicom import dcmread
from pydicom.uid import UID

from fineview.core.companion import Companion, Drawing, Mask
from fineview.core.errors import FineViewError
from fineview.formats.archive import FileArchive
from fineview.formats.display_colour import from_lab
from fineview.services.jobs import Token
from tests.formats.conftest import frames_of, last
from tests.formats.made_companions import (
    CORNER,
    DOWN,
    RIGHT,
    ROOT,
    SPACE,
    STEP,
    STORAGE,
    code,
    data_set,
    item,
    refer,
    save,
    slice_of,
)
from tests.shared_data import SHARED, needs_shared


def opened(archive: FileArchive, *paths: Path) -> tuple[dict[str, Companion], dict[str, object]]:
    """Companions by kind and title, and frames by SOP instance."""
    found = last(archive, *paths)
    return {f"{one.kind} {one.title}": one for one in found.companions}, frames_of(found)


def spread(drawing: Drawing, part: int, rows: int, cols: int) -> np.ndarray:
    """Masks of one part on the whole image, where they lie on whole pixels."""
    out = np.zeros((rows, cols), np.uint8)
    for mask in drawing.masks:
        if mask.part == part:
            x, y = int(mask.box.x), int(mask.box.y)
            assert (x, y, mask.box.w, mask.box.h) == (mask.box.x, mask.box.y, *mask.values.shape[::-1])
            out[y:y + mask.values.shape[0], x:x + mask.values.shape[1]] |= mask.values
    return out


@needs_shared
def test_real_masks_lie_where_highdicom_says(archive: FileArchive) -> None:
    import highdicom

    assert SHARED is not None
    folder = SHARED / "C_dicom" / "ct_3slice_with_seg"
    companions, frames = opened(archive, folder)
    ours = companions["segmentation DCMQI"]
    seg = highdicom.seg.segread(folder / "partial_overlaps.dcm")
    images = [dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in sorted(folder.glob("0*.dcm"))]
    truth = seg.get_pixels_by_source_instance(images, segment_numbers=range(1, 6), ignore_spatial_locations=True,
                                              assert_missing_frames_are_empty=True)
    assert truth.any()
    for at, uid in enumerate(images):
        drawing = archive.draw(ours, frames[uid])
        for part in ours.parts:
            assert np.array_equal(spread(drawing, part.number, 512, 512), truth[at, :, :, part.number - 1] * 255)
    assert [part.name for part in ours.parts] == ["GREEN", "ORANGE", "PURPLE", "LIGHT_BLUE", "DARK_BLUE"]
    assert ours.parts[1].words == "Artery, manual"


@needs_shared
def test_an_image_from_elsewhere_gets_nothing(archive: FileArchive) -> None:
    assert SHARED is not None
    companions, _ = opened(archive, SHARED / "C_dicom" / "ct_3slice_with_seg")
    _, frames = opened(archive, SHARED / "C_dicom" / "highdicom" / "ct_image.dcm")
    drawing = archive.draw(companions["segmentation DCMQI"], next(iter(frames.values())))
    assert drawing.empty


def seg(folder: Path, frames: np.ndarray, corner: tuple[float, ...] = CORNER, named: str | None = ROOT + "4.0",
        space: str = SPACE, **extra: object) -> Path:
    """One segment, all ``frames`` at one place; 1 bit each unless ``extra`` says otherwise."""
    made = data_set(STORAGE + "66.4", ROOT + "9", "SEG")
    made.FrameOfReferenceUID, made.ContentLabel = space, "LESION"
    made.NumberOfFrames, made.Rows, made.Columns = len(frames), *frames.shape[1:]
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit, made.SegmentationType = 1, 1, 0, "BINARY"
    made.SegmentSequence = [item(SegmentNumber=1, SegmentLabel="drusen", SegmentAlgorithmType="AUTOMATIC",
                                 SegmentAlgorithmName="finder 2",
                                 SegmentedPropertyTypeCodeSequence=code("1", "99X", "Druse"))]
    made.SharedFunctionalGroupsSequence = [item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=[*RIGHT, *DOWN])],
        PixelMeasuresSequence=[item(PixelSpacing=list(STEP), SliceThickness=4)])]
    derived = {"DerivationImageSequence": [item(SourceImageSequence=[refer(named)])]} if named else {}
    made.PerFrameFunctionalGroupsSequence = [item(
        PlanePositionSequence=[item(ImagePositionPatient=list(corner))],
        SegmentIdentificationSequence=[item(ReferencedSegmentNumber=1)], **derived) for _ in frames]
    made.PixelData = np.packbits(frames.ravel(), bitorder="little").tobytes()
    for name, value in extra.items():
        setattr(made, name, value)
    if len(made.PixelData) % 2:
        made.PixelData += b"\0"
    return save(made, folder / "seg.dcm")


def drawn(archive: FileArchive, folder: Path) -> Drawing:
    companions, frames = opened(archive, folder)
    return archive.draw(next(iter(companions.values())), frames[ROOT + "4.0"])


RANDOM = (np.random.default_rng(3).random((1, 8, 12)) < 0.3).astype(np.uint8)


def test_single_bits_by_reference(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    seg(tmp_path, RANDOM)
    drawing = drawn(archive, tmp_path)
    assert np.array_equal(spread(drawing, 1, 8, 12), RANDOM[0] * 255)
    assert drawing.why == ""


def test_shares_are_kept(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    values = np.random.default_rng(4).integers(0, 101, (1, 8, 12), dtype=np.uint8)
    seg(tmp_path, values, SegmentationType="FRACTIONAL", MaximumFractionalValue=100, BitsAllocated=8, BitsStored=8,
        HighBit=7, PixelData=values.tobytes())
    expected = np.rint(values[0] * 255.0 / 100)
    assert np.array_equal(spread(drawn(archive, tmp_path), 1, 8, 12), expected)


def test_a_label_map_is_one_mask_a_value(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    values = np.random.default_rng(5).integers(0, 4, (1, 8, 12), dtype=np.uint8)
    seg(tmp_path, values, SOPClassUID=UID(STORAGE + "66.7"), SegmentationType="LABELMAP", BitsAllocated=8, BitsStored=8,
        HighBit=7, PixelData=values.tobytes(), PixelPaddingValue=0)
    drawing = drawn(archive, tmp_path)
    for part in (1, 2, 3):
        assert np.array_equal(spread(drawing, part, 8, 12) > 0, values[0] == part)


def test_by_the_patient_alone_and_on_another_grid(archive: FileArchive, tmp_path: Path) -> None:
    """Half as many columns, twice as wide, starting 2 columns and 1 row in: a rectangle, no resampling."""
    slice_of(tmp_path, 0)
    frames = np.ones((1, 3, 4), np.uint8)
    # The centre of its first pixel: 2 columns and half a (wide) pixel to the right, less half a narrow one; 1 row down.
    corner = np.array(CORNER) + (2 + 0.5) * STEP[1] * np.array(RIGHT) + 1 * STEP[0] * np.array(DOWN)
    path = seg(tmp_path, frames, tuple(float(f"{v:.9g}") for v in corner), named=None)
    made = dcmread(path)
    made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [STEP[0], 2 * STEP[1]]
    made.save_as(path)
    (mask,) = drawn(archive, tmp_path).masks
    assert isinstance(mask, Mask)
    assert (mask.box.x, mask.box.y, mask.box.w, mask.box.h) == pytest.approx((2.0, 1.0, 8.0, 3.0), abs=1e-6)


@pytest.mark.parametrize("change, why", [
    ({"corner": (CORNER[0], CORNER[1], CORNER[2] - 3)}, ""),  # 1.5 rows down in the same plane: shown there
    ({"corner": tuple(np.array(CORNER) + 0.5 * np.cross(RIGHT, DOWN))}, "0.50 mm away"),
    ({"space": ROOT + "33", "named": None}, "another frame of reference"),
])
def test_what_does_not_fit_says_why(archive: FileArchive, tmp_path: Path, change: dict[str, object], why: str) -> None:
    slice_of(tmp_path, 0)
    seg(tmp_path, np.ones((1, 2, 2), np.uint8), **change)  # type: ignore[arg-type]
    drawing = drawn(archive, tmp_path)
    assert drawing.empty is bool(why)
    assert why in drawing.why
    if not why:
        assert (drawing.masks[0].box.x, drawing.masks[0].box.y) == pytest.approx((0.0, 1.5))


def test_without_coordinates_sizes_must_agree(archive: FileArchive, tmp_path: Path) -> None:
    path = slice_of(tmp_path, 0)
    image = dcmread(path)
    del image.ImagePositionPatient, image.ImageOrientationPatient
    image.save_as(path)
    seg(tmp_path, np.ones((1, 4, 6), np.uint8))
    assert "4 x 6 is not the image's 8 x 12" in drawn(archive, tmp_path).why


def test_counts_that_lie_are_typed(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    seg(tmp_path, RANDOM, NumberOfFrames=60_000)
    *_, last = archive.scan([tmp_path], Token())
    assert [problem.code for problem in last.problems] == ["truncated"]


def test_segments_that_are_not_described_are_still_drawn(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    seg(tmp_path, RANDOM, SegmentSequence=[])
    assert np.array_equal(spread(drawn(archive, tmp_path), 1, 8, 12), RANDOM[0] * 255)


def test_too_many_masks_are_refused(archive: FileArchive, tmp_path: Path) -> None:
    slice_of(tmp_path, 0)
    seg(tmp_path, np.ones((300, 8, 12), np.uint8))
    with pytest.raises(FineViewError, match="More than 256"):
        drawn(archive, tmp_path)


def test_lab_colours_are_those_of_a_colour_management_system() -> None:
    to_srgb = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    for lab in ((60, 20, -30), (80, -40, 40), (50, 0, 0), (30, 30, 20)):
        pixel = Image.new("LAB", (1, 1), (round(lab[0] * 2.55), lab[1] + 128, lab[2] + 128))
        theirs = ImageCms.applyTransform(pixel, to_srgb).getpixel((0, 0))
        lightness = round(lab[0] * 2.55) / 2.55
        assert from_lab(lightness, lab[1], lab[2]) == pytest.approx(theirs, abs=2)


