"""Decoded pixels against files that hold the same pixels another way, and against arithmetic done by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fineview.core.errors import FineViewError
from fineview.core.image import Raster, Window
from fineview.core.study import FrameInfo
from fineview.formats.archive import FileArchive
from tests.formats.made import as_bytes, image
from tests.formats.real_files import shared


def _read(archive: FileArchive, path: Path | str, frame: int = 0) -> Raster:
    return archive.read_frame(FrameInfo(str(shared(path) if isinstance(path, str) else path), frame))


def _made(archive: FileArchive, folder: Path, **values: object) -> Raster:
    path = folder / "made.dcm"
    path.write_bytes(as_bytes(image(**values)))
    return _read(archive, path)


def test_nine_transfer_syntaxes_hold_the_same_pixels(archive: FileArchive) -> None:
    folder = "C_dicom/transfer_syntaxes_same_pixels"
    # Explicit little endian: the pixels are the file's last 2 * 384 * 384 bytes.
    raw = shared(f"{folder}/1.dcm").read_bytes()
    offset = raw.rindex(b"\xe0\x7f\x10\x00OW\x00\x00") + 12
    expected = np.frombuffer(raw, "<u2", 384 * 384, offset).reshape(384, 384)
    for number in range(1, 10):
        assert np.array_equal(_read(archive, f"{folder}/{number}.dcm").pixels, expected), number


@pytest.mark.parametrize("other", ["MR_small_RLE", "MR_small_bigendian", "MR_small_expb", "MR_small_implicit",
                                   "MR_small_jp2klossless", "MR_small_jpeg_ls_lossless"])
def test_one_slice_in_other_syntaxes(archive: FileArchive, other: str) -> None:
    a, b = _read(archive, "C_dicom/pydicom/MR_small.dcm"), _read(archive, f"C_dicom/pydicom/{other}.dcm")
    assert np.array_equal(a.pixels, b.pixels) and a.windows == b.windows


@pytest.mark.parametrize(("one", "other"), [
    ("SC_rgb", "SC_rgb_expb"), ("SC_rgb", "SC_rgb_gdcm2k_uncompressed"), ("SC_rgb_16bit", "SC_rgb_expb_16bit"),
    ("OBXXXX1A", "OBXXXX1A_expb"), ("OBXXXX1A", "OBXXXX1A_rle"), ("liver", "liver_rle"), ("liver", "liver_deflate"),
    ("liver", "liver_j2k"), ("liver", "liver_expb"), ("emri_small", "emri_small_RLE")])
def test_colour_palette_and_single_bits_in_other_syntaxes(archive: FileArchive, one: str, other: str) -> None:
    a, b = (_read(archive, f"C_dicom/pydicom_data/{name}.dcm") for name in (one, other))
    assert np.array_equal(a.pixels, b.pixels)


def test_sixteen_bit_colour_is_scaled_by_its_depth(archive: FileArchive) -> None:
    a, b = (_read(archive, f"C_dicom/pydicom_data/{name}.dcm") for name in ("SC_rgb", "SC_rgb_16bit"))
    assert np.array_equal(a.pixels, b.pixels) and a.pixels.dtype == np.uint8


def test_ct_is_in_hounsfield_units(archive: FileArchive) -> None:
    raster = _read(archive, "C_dicom/pydicom/CT_small.dcm")
    raw = shared("C_dicom/pydicom/CT_small.dcm").read_bytes()
    offset = raw.rindex(b"\xe0\x7f\x10\x00OW\x00\x00") + 12
    stored = np.frombuffer(raw, "<i2", 128 * 128, offset).reshape(128, 128)
    assert raster.unit == "HU" and np.array_equal(raster.pixels, stored.astype(int) - 1024)


def test_dose_is_scaled(archive: FileArchive) -> None:
    import pydicom

    path = shared("C_dicom/pydicom/rtdose_1frame.dcm")
    dataset = pydicom.dcmread(path)
    stored = np.frombuffer(dataset.PixelData, "<u4").reshape(10, 10)
    assert np.allclose(_read(archive, path).pixels, stored * float(dataset.DoseGridScaling), rtol=1e-6)
    # Dose Units of this file is RELATIVE: a number without a unit.
    assert _read(archive, path).unit == ""


def test_float_pixels(archive: FileArchive) -> None:
    assert _read(archive, "C_dicom/pydicom_data/parametric_map_float.dcm").pixels.dtype == np.float32
    assert _read(archive, "C_dicom/pydicom_data/parametric_map_double_float.dcm").pixels.dtype == np.float64


@pytest.mark.parametrize(("values", "expected"), [
    ({"RescaleSlope": 2, "RescaleIntercept": -10}, np.arange(24) * 2 - 10),
    ({"RescaleSlope": 0.5, "RescaleIntercept": 1}, np.arange(24) * 0.5 + 1),
    ({"BitsStored": 4, "HighBit": 3}, np.arange(24) % 16),
])
def test_rescaled_pixels(archive: FileArchive, tmp_path: Path, values: dict[str, float], expected: NDArray) -> None:
    if "BitsStored" in values:
        values = {**values, "PixelData": (np.arange(24, dtype="<u2") % 16).tobytes()}
    assert np.array_equal(_made(archive, tmp_path, **values).pixels, expected.reshape(4, 6))


def test_windows_and_inversion_of_the_file(archive: FileArchive, tmp_path: Path) -> None:
    raster = _made(archive, tmp_path, PhotometricInterpretation="MONOCHROME1", WindowCenter=[10, 5], WindowWidth=[8, 0],
                   WindowCenterWidthExplanation=["SOFT", "NONE"], VOILUTFunction="SIGMOID")
    assert raster.inverted and raster.windows == (Window(10, 8, "sigmoid", "SOFT"),)
    assert not raster.pixels.flags.writeable


def test_a_palette_index_past_the_table_is_refused(archive: FileArchive, tmp_path: Path) -> None:
    table = np.arange(10, dtype="<u2").tobytes()
    values = {f"{c}PaletteColorLookupTable{k}": v for c in ("Red", "Green", "Blue")
              for k, v in (("Descriptor", [10, 0, 16]), ("Data", table))}
    with pytest.raises(FineViewError, match="palette index 23 past a table of 10 entries"):
        _made(archive, tmp_path, PhotometricInterpretation="PALETTE COLOR", **values)


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_turns(archive: FileArchive, tmp_path: Path, turn: int) -> None:
    array = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    undo = {1: array, 2: array[:, ::-1], 3: array[::-1, ::-1], 4: array[::-1], 5: array.T, 6: array[::-1].T,
            7: array[::-1, ::-1].T, 8: array[:, ::-1].T}[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(array).save(tmp_path / "t.tif", exif=exif, compression="packbits")
    assert np.array_equal(_read(archive, tmp_path / "t.tif").pixels, undo)


def test_pictures_keep_their_depth(archive: FileArchive, tmp_path: Path) -> None:
    deep = (np.arange(48, dtype=np.uint16).reshape(6, 8) * 1300)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    Image.fromarray(deep).save(tmp_path / "deep.tif", compression="packbits")
    for name in ("deep.png", "deep.tif"):
        assert np.array_equal(_read(archive, tmp_path / name).pixels, deep)
    colour = np.stack([deep >> 8] * 3, axis=-1).astype(np.uint8)
    Image.fromarray(colour).save(tmp_path / "c.bmp")
    assert np.array_equal(_read(archive, tmp_path / "c.bmp").pixels, colour)


def test_a_real_packbits_tiff(archive: FileArchive) -> None:
    path = shared("A_ophthalmic/bscan_tiff/exampleOCTimage0001.tif")
    assert np.array_equal(_read(archive, path).pixels, np.asarray(Image.open(path)))


def test_a_frame_that_is_not_there(archive: FileArchive, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(as_bytes(image()))
    with pytest.raises(FineViewError) as caught:
        _read(archive, path, 1)
    assert caught.value.code == "frame"
