"""Every kind of pixel the standard has, built here: what comes out against arithmetic on the raw values."""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from fineview.core.errors import FineViewError
from fineview.core.image import Raster, Window
from fineview.core.study import FrameInfo
from fineview.formats.archive import FileArchive
from fineview.imaging.window import render_gray
from tests.formats import reference_pixels
from tests.formats.made import as_bytes, image
from tests.formats.real_files import shared

ROWS, COLS = 4, 6
BIG = uid.ExplicitVRBigEndian


def opened(archive: FileArchive, folder: Path, data: Dataset | bytes) -> Raster:
    path = folder / "made.dcm"
    path.write_bytes(data if isinstance(data, bytes) else as_bytes(data))
    return archive.read_frame(FrameInfo(str(path)))


def some(bits: int, shape: tuple[int, ...] = (ROWS, COLS)) -> NDArray[np.int64]:
    """Every extreme of ``bits`` bits, the rest at random but always the same."""
    values = np.random.default_rng(bits).integers(0, 2**bits, shape)
    values.flat[:2] = 0, 2**bits - 1
    return values


def grey(words: NDArray[Any], allocated: int, stored: int, signed: int = 0, syntax: str = uid.ExplicitVRLittleEndian,
         **values: Any) -> Dataset:
    kind = f"{'>' if syntax == BIG else '<'}u{allocated // 8}"
    made = image(syntax, BitsAllocated=allocated, BitsStored=stored, HighBit=stored - 1, PixelRepresentation=signed,
                 PixelData=words.astype(kind).tobytes(), **values)
    made["PixelData"].VR = "OW" if allocated > 8 or syntax == BIG else "OB"
    if syntax == BIG and allocated == 8:
        made.PixelData = np.frombuffer(made.PixelData, "<u2").astype(">u2").tobytes()
    return made


def with_sign(values: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    return np.where(values >= 2 ** (bits - 1), values - 2**bits, values)


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize(("allocated", "stored"), [(8, 8), (8, 7), (8, 2), (16, 16), (16, 15), (16, 12), (16, 10),
                                                   (16, 9), (16, 8), (32, 32), (32, 24), (32, 17)])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, BIG])
def test_grey_of_every_depth(archive: FileArchive, tmp_path: Path, allocated: int, stored: int, signed: int,
                             syntax: str) -> None:
    values = some(stored)
    expected = with_sign(values, stored) if signed else values
    # What lies above the value is an overlay's, or nobody's: it must not shine through.
    dirty = values | (some(allocated) >> stored << stored)
    found = opened(archive, tmp_path, grey(dirty, allocated, stored, signed, syntax))
    assert np.array_equal(found.pixels, expected) and found.windows == () and not found.inverted


@pytest.mark.parametrize("signed", [0, 1])
def test_values_at_the_top_of_their_words(archive: FileArchive, tmp_path: Path, signed: int) -> None:
    """As old writers did: 12 bits stored, high bit 15."""
    values = some(12)
    made = grey(values << 4, 16, 12, signed)
    made.HighBit = 15
    assert np.array_equal(opened(archive, tmp_path, made).pixels, with_sign(values, 12) if signed else values)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, BIG])
def test_single_bits(archive: FileArchive, tmp_path: Path, syntax: str) -> None:
    bits = some(1)
    packed = np.packbits(bits.ravel().astype(np.uint8), bitorder="little").tobytes() + b"\0"
    if syntax == BIG:
        packed = np.frombuffer(packed, "<u2").astype(">u2").tobytes()
    made = image(syntax, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=packed)
    assert np.array_equal(opened(archive, tmp_path, made).pixels, bits)


@pytest.mark.parametrize(("keyword", "kind", "bits"), [
    ("FloatPixelData", "<f4", 32), ("DoubleFloatPixelData", "<f8", 64)])
def test_floating_point(archive: FileArchive, tmp_path: Path, keyword: str, kind: str, bits: int) -> None:
    values = np.linspace(-1e30, 1e-30, ROWS * COLS).reshape(ROWS, COLS).astype(kind)
    made = image(BitsAllocated=bits)
    for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        del made[name]
    setattr(made, keyword, values.tobytes())
    found = opened(archive, tmp_path, made).pixels
    assert found.dtype == np.dtype(kind) and np.array_equal(found, values)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize(("allocated", "stored"), [(8, 8), (16, 16), (16, 12), (32, 32)])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, BIG])
def test_colour_of_every_depth_and_order(archive: FileArchive, tmp_path: Path, planar: int, allocated: int,
                                         stored: int, syntax: str) -> None:
    values = some(stored, (ROWS, COLS, 3))
    laid = values.transpose(2, 0, 1) if planar else values
    made = grey(laid, allocated, stored, syntax=syntax, SamplesPerPixel=3, PhotometricInterpretation="RGB",
                PlanarConfiguration=planar)
    assert np.array_equal(opened(archive, tmp_path, made).pixels, np.rint(values * (255 / (2**stored - 1))))


@pytest.mark.parametrize("planar", [0, 1])
def test_luminance_and_chrominance(archive: FileArchive, tmp_path: Path, planar: int) -> None:
    values = some(8, (ROWS, COLS, 3))
    laid = values.transpose(2, 0, 1) if planar else values
    made = grey(laid, 8, 8, SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL", PlanarConfiguration=planar)
    expected = reference_pixels.colours(values, made)
    assert np.abs(opened(archive, tmp_path, made).pixels - expected).max() <= 1


@pytest.mark.parametrize(("kind", "white", "black"), [("YBR_FULL_422", 255, 0), ("YBR_PARTIAL_422", 235, 16)])
def test_chrominance_shared_by_two_pixels(archive: FileArchive, tmp_path: Path, kind: str, white: int,
                                          black: int) -> None:
    # Two luminances, then the blue and the red chrominance of both (PS3.3 C.7.6.3.1.2).
    words = some(8, (ROWS, COLS // 2, 4))
    words[0, 0], words[0, 1] = (white, black, 128, 128), (white, white, 128, 128)
    made = grey(words, 8, 8, SamplesPerPixel=3, PhotometricInterpretation=kind, PlanarConfiguration=0)
    luminance = words[..., :2].reshape(ROWS, COLS)
    values = np.stack([luminance, np.repeat(words[..., 2], 2, 1), np.repeat(words[..., 3], 2, 1)], axis=-1)
    found = opened(archive, tmp_path, made).pixels
    assert np.abs(found - reference_pixels.colours(values, made)).max() <= 1
    assert found[0, :4].tolist() == [[255] * 3, [0] * 3, [255] * 3, [255] * 3]


@pytest.mark.parametrize("kind", ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_RCT", "", "XYZ"])
def test_one_sample_that_claims_to_be_a_colour_is_grey(archive: FileArchive, tmp_path: Path, kind: str) -> None:
    values = some(12)
    made = grey(values, 16, 12, PhotometricInterpretation=kind, Rows=ROWS, Columns=COLS)
    assert np.array_equal(opened(archive, tmp_path, made).pixels, values)


@pytest.mark.parametrize("kind", ["HSV", "CMYK", "ARGB"])
def test_retired_colours_are_refused_and_not_shown_wrongly(archive: FileArchive, tmp_path: Path, kind: str) -> None:
    samples = 3 if kind == "HSV" else 4
    made = grey(some(8, (ROWS, COLS, samples)), 8, 8, SamplesPerPixel=samples, PhotometricInterpretation=kind,
                PlanarConfiguration=0)
    with pytest.raises(FineViewError, match=f"stored as {kind}") as caught:
        opened(archive, tmp_path, made)
    assert caught.value.code == "no-decoder"


# -- palettes --------------------------------------------------------------------------------------------------
def with_palette(index: NDArray[Any], allocated: int, descriptor: list[int], tables: list[bytes], segmented: bool,
                 signed: int = 0, syntax: str = uid.ExplicitVRLittleEndian) -> Dataset:
    made = grey(index, allocated, allocated, signed, syntax, PhotometricInterpretation="PALETTE COLOR")
    for colour, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        setattr(made, f"{colour}PaletteColorLookupTableDescriptor", descriptor)
        setattr(made, f"{'Segmented' if segmented else ''}{colour}PaletteColorLookupTableData", table)
    return made


@pytest.mark.parametrize(("entries", "first", "allocated", "signed"), [
    (256, 0, 8, 0), (200, 10, 8, 0), (65536, 0, 16, 0), (300, 1000, 16, 0), (40, -20, 16, 1)])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, BIG])
def test_palettes(archive: FileArchive, tmp_path: Path, entries: int, first: int, allocated: int, signed: int,
                  depth: int, syntax: str) -> None:
    rng = np.random.default_rng(entries)
    index = rng.integers(first, first + entries, (ROWS, COLS))
    index.flat[:2] = first, first + entries - 1
    tables = [rng.integers(0, 2**depth, entries) for _ in range(3)]
    order = ">" if syntax == BIG else "<"
    # 8-bit entries lie two in a word, the earlier one in its low byte (PS3.5 8.1.1).
    packed = [table.astype(f"{order}u2").tobytes() if depth == 16 else table.astype(np.uint8).tobytes()
              for table in tables]
    if depth == 8 and syntax == BIG:
        packed = [np.frombuffer(table, "<u2").astype(">u2").tobytes() for table in packed]
    made = with_palette(index, allocated, [entries % 65536, first, depth], packed, False, signed, syntax)
    expected = np.stack([table[index - first] >> (depth - 8) for table in tables], axis=-1)
    assert np.array_equal(opened(archive, tmp_path, made).pixels, expected)


def test_a_segmented_palette_of_all_three_kinds(archive: FileArchive, tmp_path: Path) -> None:
    """PS3.3 C.7.9.2: four entries, a slope of six to 16384, then both again by reference."""
    plain = [0, 4, 256, 512, 1024, 2048]
    slope = [1, 6, 16384]
    again = [2, 2, 0, 0]
    words = np.array(plain + slope + again, "<u2")
    tables = [words.tobytes()] * 3
    ramp = [2048 + round((step + 1) * (16384 - 2048) / 6) for step in range(6)]
    table = np.array([256, 512, 1024, 2048, *ramp] * 2)
    assert np.abs(reference_pixels.segmented(words) - table).max() == 0
    index = np.arange(24).reshape(ROWS, COLS) % 20
    made = with_palette(index, 8, [20, 0, 16], tables, True)
    assert np.abs(opened(archive, tmp_path, made).pixels[..., 0].astype(int) - (table[index] >> 8)).max() <= 1


def test_a_segmented_palette_of_small_entries(archive: FileArchive, tmp_path: Path) -> None:
    """As above in bytes, the repetition's offset in four of them; one more byte makes the length even."""
    data = bytes([0, 4, 1, 2, 3, 8, 1, 6, 200, 2, 2, 0, 0, 0, 0, 0])
    table = np.array([1, 2, 3, 8, *(round(8 + (step + 1) * 192 / 6) for step in range(6))] * 2)
    made = with_palette(np.arange(24).reshape(ROWS, COLS) % 20, 8, [20, 0, 8], [data] * 3, True)
    assert np.array_equal(opened(archive, tmp_path, made).pixels[..., 1].ravel(), table[np.arange(24) % 20])


@pytest.mark.parametrize("words", [[], [0, 30, 1, 2], [1, 4, 9], [7, 1, 1], [0, 1, 5, 2, 60000, 0, 0], [0, 2, 1, 1],
                                   [2, 1, 9999, 9999], [0, 1, 5, *[1, 65535, 9] * 4]])
def test_broken_segments_are_refused(archive: FileArchive, tmp_path: Path, words: list[int]) -> None:
    made = with_palette(np.zeros((ROWS, COLS), int), 8, [20, 0, 16], [np.array(words, "<u2").tobytes()] * 3, True)
    with pytest.raises(FineViewError) as caught:
        opened(archive, tmp_path, made)
    assert caught.value.code == "damaged"


def test_a_real_segmented_palette(archive: FileArchive) -> None:
    path = shared("C_dicom/pydicom_data/gdcm-US-ALOKA-16.dcm")
    found = archive.read_frame(FrameInfo(str(path))).pixels.astype(int)
    dataset = reference_pixels.read(path)
    expected = reference_pixels.palette(reference_pixels.native(dataset, 0), dataset)
    assert np.abs(found - expected).max() <= 1 and len(np.unique(found)) > 50


# -- frames that are encapsulated and not coded ---------------------------------------------------------------------
def wrapped(made: Dataset, streams: list[bytes], syntax: str) -> bytes:
    """``made`` with encapsulated frames under a syntax that pydicom may not know: its name is put in at the end."""
    made.PixelData = encapsulate(streams)
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    made.file_meta.TransferSyntaxUID = uid.JPEGLSLossless
    old = struct.pack("<HH2sH", 2, 0x10, b"UI", 22) + uid.JPEGLSLossless.encode()
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    return as_bytes(made).replace(old, struct.pack("<HH2sH", 2, 0x10, b"UI", len(value)) + value)


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(("syntax", "pack"), [("1.2.840.10008.1.2.1.98", bytes), ("1.2.840.10008.1.2.8.1", _deflated)])
@pytest.mark.parametrize("kind", ["signed 12", "unsigned 8", "colour", "colour planes", "luminance"])
def test_encapsulated_frames_without_a_code(archive: FileArchive, tmp_path: Path, syntax: str, pack: Any,
                                            kind: str) -> None:
    if kind == "signed 12":
        values = some(12)
        made, expected = grey(values, 16, 12, 1), with_sign(values, 12)
    elif kind == "unsigned 8":
        values = some(8)
        made, expected = grey(values, 8, 8), values
    else:
        values = some(8, (ROWS, COLS, 3))
        laid = values.transpose(2, 0, 1) if kind == "colour planes" else values
        made = grey(laid, 8, 8, SamplesPerPixel=3, PlanarConfiguration=int(kind == "colour planes"),
                    PhotometricInterpretation="YBR_FULL" if kind == "luminance" else "RGB")
        expected = reference_pixels.colours(values, made)
    found = opened(archive, tmp_path, wrapped(made, [pack(made.PixelData)], syntax)).pixels
    assert np.abs(found - expected).max() <= (1 if kind == "luminance" else 0)


def test_the_second_of_two_deflated_frames(archive: FileArchive, tmp_path: Path) -> None:
    values = some(16, (2, ROWS, COLS))
    made = grey(values, 16, 16, NumberOfFrames=2)
    path = tmp_path / "two.dcm"
    path.write_bytes(wrapped(made, [_deflated(one.astype("<u2").tobytes()) for one in values], "1.2.840.10008.1.2.8.1"))
    assert np.array_equal(archive.read_frame(FrameInfo(str(path), 1)).pixels, values[1])


@pytest.mark.parametrize("spoil", [lambda data: data[:-9], lambda data: b"\xff" * 40])
def test_broken_deflated_frames(archive: FileArchive, tmp_path: Path, spoil: Any) -> None:
    data = spoil(_deflated(some(16).astype("<u2").tobytes()))
    with pytest.raises(FineViewError) as caught:
        opened(archive, tmp_path, wrapped(grey(some(16), 16, 16), [data], "1.2.840.10008.1.2.8.1"))
    assert caught.value.code in ("truncated", "damaged")


@pytest.mark.parametrize("kind", ["unsigned 16", "signed 12", "colour", "colour 16"])
def test_jpeg_xl_without_loss(archive: FileArchive, tmp_path: Path, kind: str) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    bits = int(kind.split()[-1]) if kind[-1].isdigit() else 8
    values = some(bits, (ROWS, COLS, 3) if kind.startswith("colour") else (ROWS, COLS))
    stream = imagecodecs.jpegxl_encode(values.astype(np.uint8 if bits == 8 else np.uint16), lossless=True)
    if values.ndim == 3:
        made = grey(values, 8 if bits == 8 else 16, bits, SamplesPerPixel=3, PlanarConfiguration=0,
                    PhotometricInterpretation="RGB")
        expected = np.rint(values * (255 / (2**bits - 1)))
    else:
        made = grey(values, 16, bits, int(kind.startswith("signed")))
        expected = with_sign(values, bits) if kind.startswith("signed") else values
    found = opened(archive, tmp_path, wrapped(made, [stream], "1.2.840.10008.1.2.4.110"))
    assert np.array_equal(found.pixels, expected)


@pytest.mark.parametrize("stream", [b"\xff\x0a" + b"\x13" * 60, b"no stream at all"])
def test_jpeg_xl_that_is_broken(archive: FileArchive, tmp_path: Path, stream: bytes) -> None:
    pytest.importorskip("imagecodecs")
    with pytest.raises(FineViewError) as caught:
        opened(archive, tmp_path, wrapped(grey(some(16), 16, 16), [stream], "1.2.840.10008.1.2.4.112"))
    assert caught.value.code == "damaged"


def test_jpeg_xl_of_another_size_than_the_header(archive: FileArchive, tmp_path: Path) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    stream = imagecodecs.jpegxl_encode(some(16, (40, 50)).astype(np.uint16), lossless=True)
    with pytest.raises(FineViewError, match="its header says"):
        opened(archive, tmp_path, wrapped(grey(some(16), 16, 16), [stream], "1.2.840.10008.1.2.4.110"))


# -- from stored values to grey --------------------------------------------------------------------------------------
def by_standard(x: float, window: Window) -> float:
    """The pseudo-code of PS3.3 C.11.2.1.2.1 and C.11.2.1.3, from 0 to 255."""
    c, w = window.centre, window.width
    if window.function == "sigmoid":
        return 255 / (1 + math.exp(-4 * (x - c) / w))
    if window.function == "linear_exact":
        return 0 if x <= c - w / 2 else 255 if x > c + w / 2 else ((x - c) / w + 0.5) * 255
    low, high = c - 0.5 - (w - 1) / 2, c - 0.5 + (w - 1) / 2
    return 0 if x <= low else 255 if x > high else ((x - (c - 0.5)) / (w - 1) + 0.5) * 255


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
def test_a_files_window_from_bytes_to_grey(archive: FileArchive, tmp_path: Path, photometric: str,
                                           function: str | None) -> None:
    values = some(12)
    extra = {"VOILUTFunction": function} if function else {}
    made = grey(values, 16, 12, 1, PhotometricInterpretation=photometric, RescaleSlope="2", RescaleIntercept="-1024",
                WindowCenter="-900", WindowWidth="3000", RescaleType="HU", **extra)
    found = opened(archive, tmp_path, made)
    assert found.unit == "HU"
    window = Window(-900, 3000, {"LINEAR_EXACT": "linear_exact", "SIGMOID": "sigmoid"}.get(function or "", "linear"))
    units = with_sign(values, 12) * 2 - 1024
    shown = np.array([[by_standard(float(x), window) for x in row] for row in units])
    if photometric == "MONOCHROME1":
        shown = 255 - shown
    assert np.abs(render_gray(found) - shown).max() <= 0.5 + 1e-6


@pytest.mark.parametrize(("said", "unit"), [
    ("OD", "\u00d710\u207b\u00b3 optical density"), ("US", ""), ("mGML", "mGML")])
def test_units_are_told_as_people_read_them(archive: FileArchive, tmp_path: Path, said: str, unit: str) -> None:
    """PS3.3 C.11.1.1.2; beside eyes the bare letters OD would say that it is the right one."""
    made = grey(some(12), 16, 12, 0, RescaleSlope="1", RescaleIntercept="0", RescaleType=said)
    assert opened(archive, tmp_path, made).unit == unit


@pytest.mark.parametrize(("count", "first", "bits"), [(4096, 0, 8), (4096, 0, 16), (256, 100, 12), (65536, 0, 16)])
def test_a_files_voi_table(archive: FileArchive, tmp_path: Path, count: int, first: int, bits: int) -> None:
    values = some(12)
    table = np.random.default_rng(bits).integers(0, 2**bits, count)
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [count % 65536, first, bits], table.astype("<u2").tobytes()
    made = grey(values, 16, 12, VOILUTSequence=[item])
    found = render_gray(opened(archive, tmp_path, made))
    chosen = table[np.clip(values - first, 0, count - 1)]
    assert np.abs(found - chosen * (255 / (2**bits - 1))).max() <= 0.5 + 1e-6


def test_a_table_of_bytes(archive: FileArchive, tmp_path: Path) -> None:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [256, 0, 8], bytes(range(255, -1, -1))
    found = render_gray(opened(archive, tmp_path, grey(some(8), 8, 8, VOILUTSequence=[item])))
    assert np.array_equal(found, 255 - some(8))


def test_a_table_longer_than_a_signed_word_can_count(archive: FileArchive, tmp_path: Path) -> None:
    """In a file of signed pixels the descriptor may be read with a sign: 40,000 entries look like -25,536."""
    table = np.arange(40_000, dtype="<u2")
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [40_000, 0, 16], table.tobytes()
    made = as_bytes(grey(some(12), 16, 12, VOILUTSequence=[item]))
    assert b"\x28\x00\x02\x30US" in made
    found = opened(archive, tmp_path, made.replace(b"\x28\x00\x02\x30US", b"\x28\x00\x02\x30SS")).voi_lut
    assert found is not None and np.array_equal(found[1], table)


def test_a_real_voi_table(archive: FileArchive, tmp_path: Path) -> None:
    path = shared("C_dicom/pydicom_data/vlut_04.dcm")
    raw = reference_pixels.read(path)
    item = raw.VOILUTSequence[0]
    count, first, bits = item.LUTDescriptor
    data = np.array(item.LUTData if not isinstance(item.LUTData, bytes) else np.frombuffer(item.LUTData, "<u2"))
    chosen = data[np.clip(reference_pixels.reference(path, 0, tmp_path).astype(int) - first, 0, len(data) - 1)]
    found = archive.read_frame(FrameInfo(str(path)))
    assert len(data) == count and found.windows == ()
    assert np.abs(render_gray(found) - chosen * (255 / (2**bits - 1))).max() <= 0.5 + 1e-6
