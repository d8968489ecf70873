"""What one writer wrote, read as another source: our own reports, highdicom's segmentations, tomography by frame."""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sr.codedict import codes

from fineview.core.companion import Drawing
from fineview.core.region import RegionKind
from fineview.formats.archive import FileArchive
from fineview.formats.sr import SrWriter
from fineview.services.jobs import Token
from tests.formats.made_companions import ROOT, STORAGE, data_set, item, refer, save
from tests.formats.test_sr import _KINDS, ALL, OPT
from tests.shared_data import SHARED, needs_shared

IMAGE = "1.2.3.1.1"


@pytest.fixture(scope="module")
def archive():
    made = FileArchive(children=1)
    yield made
    made.close()


def tomography(folder: Path, rows: int = 496, cols: int = 512, frames: int = 5) -> Path:
    """An ophthalmic tomography without patient coordinates, as most of them are."""
    made = data_set(OPT, IMAGE, "OPT")
    made.PatientName, made.PatientID = "MUSTERMANN^ANNA", "4711"
    made.Rows, made.Columns, made.NumberOfFrames = rows, cols, frames
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated = made.BitsStored = 8
    made.HighBit, made.PixelData = 7, bytes(rows * cols * frames)
    return save(made, folder / "opt.dcm")


def drawings(archive: FileArchive, folder: Path) -> list[Drawing]:
    """What the only object draws on each frame of the tomography."""
    *_, last = archive.scan([folder], Token())
    (companion,) = last.companions
    frames = next(series for study in last.studies for series in study.series if series.modality == "OPT").frames
    return [archive.draw(companion, frame) for frame in frames]


def test_our_own_report_draws_the_regions_that_were_reported(archive: FileArchive, tmp_path: Path) -> None:
    tomography(tmp_path)
    (tmp_path / "report.dcm").write_bytes(SrWriter().render(ALL))
    *others, seen = drawings(archive, tmp_path)
    assert all(one.empty for one in others)  # all regions lie on frame 4
    kinds = list(_KINDS)
    assert len(seen.shapes) == len(kinds)
    expected = {
        RegionKind.BOX: ("polygon", ((10, 20), (40, 20), (40, 60), (10, 60))),
        # Both ends of the longer axis first: half axes (0, 20) and (15, 0) about (25, 40).
        RegionKind.ELLIPSE: ("ellipse", ((25, 40), (25, 60), (40, 40))),
        RegionKind.POLYGON: ("polygon", _KINDS[RegionKind.POLYGON]),
        RegionKind.FREEHAND: ("polygon", _KINDS[RegionKind.FREEHAND]),
        RegionKind.POINT: ("point", _KINDS[RegionKind.POINT]),
        RegionKind.LENGTH: ("polyline", _KINDS[RegionKind.LENGTH]),
        RegionKind.ANGLE: ("polyline", _KINDS[RegionKind.ANGLE])}
    for kind, shape in zip(kinds, seen.shapes, strict=True):
        assert (shape.kind, shape.points) == expected[kind], kind
        assert "luid" in shape.label


@pytest.mark.parametrize("number, shown", [((), [0, 1, 2, 3, 4]), ((3,), [2]), ((1, 5), [0, 4])])
def test_a_segmentation_finds_its_b_scan_by_number(archive: FileArchive, tmp_path: Path, number: tuple[int, ...],
                                                   shown: list[int]) -> None:
    tomography(tmp_path, 16, 24)
    values = (np.random.default_rng(9).random((16, 24)) < 0.4).astype(np.uint8)
    made = data_set(STORAGE + "66.4", ROOT + "9", "SEG")
    made.PatientName, made.PatientID = "MUSTERMANN^ANNA", "4711"
    made.NumberOfFrames, made.Rows, made.Columns, made.SegmentationType = 1, 16, 24, "BINARY"
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 1, 1, 0
    made.SegmentSequence = [item(SegmentNumber=3, SegmentLabel="drusen")]
    made.PerFrameFunctionalGroupsSequence = [item(
        SegmentIdentificationSequence=[item(ReferencedSegmentNumber=3)],
        DerivationImageSequence=[item(SourceImageSequence=[refer(IMAGE, *number)])])]
    made.PixelData = np.packbits(values.ravel(), bitorder="little").tobytes()
    save(made, tmp_path / "seg.dcm")
    seen = drawings(archive, tmp_path)
    assert [i for i, one in enumerate(seen) if not one.empty] == shown
    (mask,) = seen[shown[0]].masks
    whole = np.zeros((16, 24), np.uint8)
    x, y = int(mask.box.x), int(mask.box.y)
    whole[y:y + mask.values.shape[0], x:x + mask.values.shape[1]] = mask.values
    assert np.array_equal(whole, values * 255) and mask.part == 3


@needs_shared
@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_highdicoms_segmentations(archive: FileArchive, tmp_path: Path, kind: str) -> None:
    """Drawn with highdicom over a real series, two segments, one slice left empty."""
    assert SHARED is not None
    paths = sorted((SHARED / "C_dicom" / "ct_3slice_with_seg").glob("0*.dcm"))
    images = [dcmread(path) for path in paths]
    for image in images:
        image.PatientName, image.SpecificCharacterSet = "JANCT000^", "ISO_IR 100"  # as highdicom wants them
    truth = np.zeros((3, 512, 512, 2), np.uint8)
    truth[0, 100:140, 200:260, 0] = truth[1, 50:55, 60:70, 1] = truth[0, 300, 301, 1] = 1
    described = [hd.seg.SegmentDescription(
        number, label, codes.SCT.Tissue, codes.SCT.Organ, hd.seg.SegmentAlgorithmTypeValues.MANUAL)
        for number, label in ((1, "one"), (2, "two"))]
    pixels = truth.astype(np.float32) * 0.5 if kind == "FRACTIONAL" else truth
    seg = hd.seg.Segmentation(
        images, pixels, kind, described, series_instance_uid=ROOT + "70", series_number=9,
        sop_instance_uid=ROOT + "71", instance_number=1, manufacturer="test", manufacturer_model_name="test",
        software_versions="1", device_serial_number="1", max_fractional_value=200)
    seg.save_as(tmp_path / "seg.dcm")
    *_, last = archive.scan([*paths, tmp_path / "seg.dcm"], Token())
    (companion,) = last.companions
    by_uid = {f.sop_uid: f for study in last.studies for series in study.series for f in series.frames}
    assert [part.name for part in companion.parts if part.number] == ["one", "two"]
    for at, image in enumerate(images):
        drawing = archive.draw(companion, by_uid[image.SOPInstanceUID])
        for part in (1, 2):
            whole = np.zeros((512, 512), np.uint8)
            for mask in drawing.masks:
                if mask.part == part:
                    x, y = int(mask.box.x), int(mask.box.y)
                    whole[y:y + mask.values.shape[0], x:x + mask.values.shape[1]] = mask.values
            assert np.array_equal(whole, truth[at, :, :, part - 1] * (128 if kind == "FRACTIONAL" else 255))
