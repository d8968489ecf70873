"""First, middle and last frame of every catalogued image against the same pixels by another route."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.core.region import Region, RegionKind
from fineview.core.study import FrameInfo
from fineview.formats.archive import FileArchive
from fineview.imaging.region_mask import region_mask, statistics
from tests.formats import reference_pixels
from tests.formats.real_files import catalogue, has_pixels, is_picture, shared
from tests.shared_data import needs_shared

pytestmark = [needs_shared, pytest.mark.filterwarnings("ignore"), pytest.mark.logs("")]  # pydicom on odd headers
# Nobody else decodes these here: single bits compressed and deflated frames, which ``SAME`` holds; one whose header
# dcmtk does not read, which it had decoded before; and the refused.
ALONE = ("liver_rle", "liver_j2k", "liver_deflate", "nonbyte_aligned_rle", "nonbyte_aligned_j2k",
         "nonbyte_aligned_deflate", "SC_rgb_jpeg.dcm", "JPEG2000-embedded", "MR_truncated", "badVR")
SAME = [("C_dicom/pydicom_data/liver_rle.dcm", "C_dicom/pydicom_data/liver.dcm"),
        ("C_dicom/pydicom_data/liver_j2k.dcm", "C_dicom/pydicom_data/liver.dcm"),
        ("C_dicom/pydicom_data/liver_deflate.dcm", "C_dicom/pydicom_data/liver.dcm"),
        *((f"D_malformed/pydicom_data/liver_nonbyte_aligned_{kind}.dcm",
           "D_malformed/pydicom_data/liver_nonbyte_aligned.dcm") for kind in ("rle", "j2k", "deflate"))]
# Lossy HTJ2K: the standard leaves it to the decoder how to round.  A mean over the frame.
CLOSE = {"1.2.840.10008.1.2.4.203": 0.5}


def rows() -> list[dict[str, str]]:
    found = [row for row in catalogue() if has_pixels(row) or "pixels FAIL" in row["verified"] and row["rows"]]
    # Of 128 slices made alike one in sixteen is enough, of 41 photographs of 12 million pixels one in eight.
    alike = {"pacman": 16, "idrid": 8}
    return [row for number, row in enumerate(found)
            if all(word not in row["path"] or number % step == 0 for word, step in alike.items())]


def some_frames(row: dict[str, str]) -> list[int]:
    count = int(row["frames"] or 1)
    return sorted({0, count // 2, count - 1})


def cases(picture: bool) -> Iterator[str]:
    for row in rows():
        if is_picture(row["path"]) == picture and not any(word in row["path"] for word in ALONE):
            yield row["path"]


ROWS = {row["path"]: row for row in rows()}


def test_every_picture(archive: FileArchive) -> None:
    paths = list(cases(picture=True))
    assert len(paths) > 80
    for path in paths:
        found = archive.read_frame(FrameInfo(str(shared(path)))).pixels
        assert np.array_equal(found, np.asarray(Image.open(shared(path)))), path


@pytest.mark.parametrize("folder", sorted({str(Path(path).parent) for path in cases(picture=False)}))
def test_every_dicom_image(archive: FileArchive, tmp_path: Path, folder: str) -> None:
    wrong = []
    for path in cases(picture=False):
        if str(Path(path).parent) != folder:
            continue
        for frame in some_frames(ROWS[path]):
            found = archive.read_frame(FrameInfo(str(shared(path)), frame)).pixels.astype(float)
            expected = reference_pixels.reference(shared(path), frame, tmp_path)
            if not _agree(found, expected, path):
                wrong.append((path, frame))
    assert not wrong


def _agree(found: np.ndarray, expected: np.ndarray, path: str) -> bool:
    if found.shape != expected.shape:
        return False
    off = np.abs(found - expected)
    close = next((limit for syntax, limit in CLOSE.items() if syntax in ROWS[path]["transfer_syntax"]), None)
    if close is not None:
        return bool(off.mean() <= close)
    # One grey value where luminance and chrominance are rounded to colours, float32 elsewhere.
    return bool(off.max() <= (1.0 if found.ndim == 3 else 1e-6 * max(1.0, np.abs(expected).max())))


@pytest.mark.parametrize(("path", "plain"), SAME)
def test_single_bits_in_every_way_they_are_stored(archive: FileArchive, path: str, plain: str) -> None:
    raw = reference_pixels.read(shared(plain))
    for frame in range(3):
        expected = reference_pixels.native(raw, frame)
        assert np.array_equal(archive.read_frame(FrameInfo(str(shared(path)), frame)).pixels, expected)


def test_a_jpeg_that_was_also_kept_decoded(archive: FileArchive) -> None:
    plain = reference_pixels.read(shared("C_dicom/pydicom/SC_rgb_jpeg_dcmd.dcm"))
    expected = reference_pixels.colours(reference_pixels.native(plain, 0), plain)
    found = archive.read_frame(FrameInfo(str(shared("C_dicom/pydicom/SC_rgb_jpeg.dcm")))).pixels
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("path", ["C_dicom/pydicom/CT_small.dcm", "C_dicom/pydicom/rtdose_1frame.dcm",
                                  "C_dicom/pydicom/693_J2KI.dcm", "C_dicom/transfer_syntaxes_same_pixels/5.dcm",
                                  "C_dicom/pydicom_data/parametric_map_float.dcm"])
def test_statistics_of_the_picture_and_of_a_region(archive: FileArchive, tmp_path: Path, path: str) -> None:
    pixels = archive.read_frame(FrameInfo(str(shared(path)))).pixels
    raw = reference_pixels.reference(shared(path), 0, tmp_path).astype(float)
    height, width = raw.shape
    x0, x1, y0, y1 = width // 4, width // 2, height // 3, height - height // 5
    whole = region_mask(Region(RegionKind.BOX, ((0, 0), (width, height))), height, width)
    part = region_mask(Region(RegionKind.BOX, ((x0, y0), (x1, y1))), height, width)
    for mask, inside in ((whole, raw), (part, raw[y0:y1, x0:x1])):
        told = statistics(pixels, mask)
        assert told.n == inside.size
        assert (told.mean, told.sd, told.minimum, told.maximum) == pytest.approx(
            (inside.mean(), inside.std(), inside.min(), inside.max()), rel=1e-6, abs=1e-9)
