"""Which decoder is chosen, what is said where there is none, and what the pipe lets through."""

from __future__ import annotations

import base64
import io
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate

from fineview.core.errors import InputProblem
from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.image import Raster
from fineview.core.study import FrameInfo, Laterality
from fineview.formats import code_stream, codec_check, codecs, jpeg_xl, wire
from fineview.formats.archive import FileArchive
from fineview.formats.codec_samples import COLS, ROWS
from fineview.formats.record import FileRecord
from tests.formats.conftest import last
from tests.formats.made import as_bytes, image


def test_no_syntax_can_reach_the_gpl_decoder() -> None:
    assert all("pylibjpeg" not in plugins for plugins in codecs.PLUGINS.values())


@pytest.mark.parametrize("syntax", sorted(codecs.PLUGINS))
def test_every_syntax_has_its_first_choice_here(syntax: str) -> None:
    assert codecs.available(syntax)[0] == codecs.PLUGINS[syntax][0]


def test_a_known_picture_comes_back_from_every_decoder(archive: FileArchive) -> None:
    verdicts = codec_check.check_codecs(archive.read_frame)
    assert {one.syntax for one in verdicts} == set(codecs.PLUGINS) == set(codec_check.SAMPLES)
    assert [one for one in verdicts if one.problem is not None] == []


def test_a_decoder_that_gives_back_something_else_is_told(archive: FileArchive) -> None:
    spoilt = codec_check.check_codecs(lambda frame: Raster(archive.read_frame(frame).pixels + 200))
    assert {one.problem.code if one.problem else "" for one in spoilt} == {"wrong-pixels"}


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("syntax", sorted(codec_check.SAMPLES))
def test_a_code_stream_that_ends_early_is_refused_and_never_half_shown(archive: FileArchive, tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch, syntax: str,
                                                                       share: float) -> None:
    whole = codec_check.SAMPLES[syntax]
    cut = base64.b85encode(whole.stream[:int(len(whole.stream) * share)]).decode()
    monkeypatch.setitem(codec_check.SAMPLES, syntax, replace(whole, text=cut))
    (tmp_path / "cut.dcm").write_bytes(codec_check.file_of(syntax))
    with pytest.raises(InputProblem) as caught:
        archive.read_frame(FrameInfo(str(tmp_path / "cut.dcm")))
    assert caught.value.code in ("damaged", "truncated")


@pytest.mark.parametrize("lie", [{"Rows": 4000}, {"Columns": 65535}, {"Rows": 4}, {"SamplesPerPixel": 3},
                                 {"Rows": COLS, "Columns": ROWS}], ids=str)
@pytest.mark.parametrize("syntax", [one for one in codec_check.SAMPLES if code_stream.describes_itself(one)])
def test_a_header_that_lies_about_its_code_stream_is_refused(archive: FileArchive, tmp_path: Path, syntax: str,
                                                             lie: dict[str, int]) -> None:
    """Where it is believed, decoders write past their buffers."""
    assert _told(archive, tmp_path, syntax, lie) == "damaged"


@pytest.mark.parametrize("number", ["50", "51", "57", "70", "80", "81"])
@pytest.mark.parametrize("bits", [1, 32, 64])
def test_words_of_a_depth_that_jpeg_does_not_have_are_refused(archive: FileArchive, tmp_path: Path, number: str,
                                                             bits: int) -> None:
    assert _told(archive, tmp_path, f"1.2.840.10008.1.2.4.{number}", {"BitsAllocated": bits}) == "damaged"


@pytest.mark.parametrize("syntax", [one for one, sample in codec_check.SAMPLES.items()
                                    if code_stream.describes_itself(one) and sample.bits > 8])
def test_pixels_deeper_than_their_words_are_refused_and_never_cut_to_their_lower_part(
        archive: FileArchive, tmp_path: Path, syntax: str) -> None:
    assert _told(archive, tmp_path, syntax, {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}) == "damaged"


@pytest.mark.parametrize("number", ["50", "51", "57", "70", "80", "81"])
def test_bytes_between_the_parts_of_a_stream_hide_its_size_from_nobody(archive: FileArchive, tmp_path: Path,
                                                                      number: str) -> None:
    """libjpeg skips them; GDCM then writes past its buffers and takes the reader with it."""
    syntax = f"1.2.840.10008.1.2.4.{number}"
    stream = codec_check.SAMPLES[syntax].stream
    first = 4 + int.from_bytes(stream[4:6], "big")
    assert _told(archive, tmp_path, syntax, {"Rows": 6}, stream[:first] + b"\0" + stream[first:]) == "damaged"


def test_a_long_box_before_a_code_stream_hides_its_size_from_nobody(archive: FileArchive, tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.fromarray(np.arange(ROWS * COLS, dtype=np.uint8).reshape(ROWS, COLS)).save(out, "JPEG2000")
    stream, behind_type = out.getvalue(), 12 + 20
    held = stream[:behind_type] + struct.pack(">I4s", 8 + 3000, b"uuid") + bytes(3000) + stream[behind_type:]
    eight = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    assert _told(archive, tmp_path, "1.2.840.10008.1.2.4.90", {**eight, "SamplesPerPixel": 3}, held) == "damaged"


def _told(archive: FileArchive, folder: Path, syntax: str, lie: dict[str, int], stream: bytes = b"") -> str:
    dataset = dcmread(io.BytesIO(codec_check.file_of(syntax)))
    for keyword, value in lie.items():
        setattr(dataset, keyword, value)
    if stream:
        dataset.PixelData = encapsulate([stream])
    (folder / "lie.dcm").write_bytes(as_bytes(dataset))
    with pytest.raises(InputProblem) as caught:
        archive.read_frame(FrameInfo(str(folder / "lie.dcm")))
    return caught.value.code


@pytest.mark.parametrize(("syntax", "package"), [
    ("4.50", "Pillow"), ("4.51", "python-gdcm"), ("4.57", "python-gdcm"), ("4.70", "python-gdcm"),
    ("4.80", "pyjpegls"), ("4.81", "pyjpegls"), ("4.90", "pylibjpeg-openjpeg"), ("4.91", "pylibjpeg-openjpeg"),
    ("4.201", "pylibjpeg-openjpeg"), ("4.202", "pylibjpeg-openjpeg"), ("4.203", "pylibjpeg-openjpeg"),
    ("5", "pylibjpeg-rle"), ("4.110", "imagecodecs"), ("4.111", "imagecodecs"), ("4.112", "imagecodecs")])
def test_where_no_decoder_is_installed_its_package_is_named(monkeypatch: pytest.MonkeyPatch, syntax: str,
                                                            package: str) -> None:
    monkeypatch.setattr(codecs, "_installed", lambda syntax: ())
    with pytest.raises(InputProblem) as caught:
        codecs.available(f"1.2.840.10008.1.2.{syntax}")
    assert caught.value.code == "no-decoder" and caught.value.remedy == f"Install the Python package {package}."


def test_a_missing_optional_decoder_is_absent_and_not_broken(monkeypatch: pytest.MonkeyPatch,
                                                             archive: FileArchive) -> None:
    monkeypatch.setattr(jpeg_xl, "is_available", lambda: False)
    missing = [one for one in codec_check.check_codecs(archive.read_frame) if one.problem is not None]
    assert {one.syntax for one in missing} == set(jpeg_xl.SYNTAXES) and all(one.optional for one in missing)


@pytest.mark.parametrize(("syntax", "words"), [
    ("1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Multi-component"), ("1.2.840.10008.1.2.4.55", "JPEG Full Progression"),
    ("1.2.3.4", "transfer syntax 1.2.3.4")])
def test_what_nobody_decodes_is_listed_with_the_name_of_its_syntax(archive: FileArchive, tmp_path: Path, syntax: str,
                                                                   words: str) -> None:
    (tmp_path / "odd.dcm").write_bytes(_renamed(syntax))
    (tmp_path / "good.dcm").write_bytes(as_bytes(image()))
    found = last(archive, tmp_path)
    (problem,) = found.problems
    assert problem.code == "no-decoder" and words in problem.what and problem.path.endswith("odd.dcm")
    assert {Path(one.path).name: one.verdict for one in found.files} == {"odd.dcm": "problem", "good.dcm": "image"}


@pytest.mark.parametrize("number", ["100", "102", "103", "107", "104.1"])
def test_a_video_is_known_and_not_shown(archive: FileArchive, tmp_path: Path, number: str) -> None:
    (tmp_path / "video.dcm").write_bytes(_renamed(f"1.2.840.10008.1.2.4.{number}", NumberOfFrames=900))
    (tmp_path / "good.dcm").write_bytes(as_bytes(image()))
    found = last(archive, tmp_path)
    assert {Path(one.path).name: one.verdict for one in found.files} == {"video.dcm": "object", "good.dcm": "image"}
    assert [one.note for one in found.companions] == [
        f"It holds a video in {codecs.title(f'1.2.840.10008.1.2.4.{number}')}; videos are not shown."]
    with pytest.raises(InputProblem, match="videos are not shown"):
        last(archive, tmp_path / "video.dcm")


def _renamed(syntax: str, **values: object) -> bytes:
    """An encapsulated image that names ``syntax``, whatever it holds; pydicom writes only what it knows."""
    dataset = image("1.2.840.10008.1.2.4.80", sop="1.2.3.99", **values)
    dataset.PixelData = encapsulate([b"\0" * 64])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    data = as_bytes(dataset)
    old = struct.pack("<HH2sH", 2, 0x10, b"UI", 22) + b"1.2.840.10008.1.2.4.80"
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    return data.replace(old, struct.pack("<HH2sH", 2, 0x10, b"UI", len(value)) + value)


def test_values_cross_the_pipe_unchanged() -> None:
    frame = FrameInfo("a\udcff", 3, "1.2", None, 4, 5, Spacing(0.1, 0.2, None, ScaleSource.PROJECTED),
                      position_mm=-1.5, scan_line=((0.0, 1.0), (2.0, 3.5)))
    record = FileRecord("a\udcff", "image", laterality=Laterality("L", "file-name"), frames=(frame,), rows=4)
    import json

    plain = json.loads(json.dumps(wire.to_plain(record)))
    assert wire.from_plain(FileRecord, plain) == record


@pytest.mark.parametrize("spoil", [
    lambda p: p[:-1], lambda p: [*p, 1], lambda p: ["a", "virus", *p[2:]], lambda p: [7, *p[1:]], lambda p: "x",
    lambda p: [*p[:2], ["__reduce__"], *p[3:]]])
def test_other_shapes_do_not_cross(spoil: object) -> None:
    plain = wire.to_plain(FileRecord("a", "image"))
    with pytest.raises(ValueError):
        wire.from_plain(FileRecord, spoil(plain))  # type: ignore[operator]


def test_speeds_of_all_decoders_of_a_file(archive: FileArchive, tmp_path: Path) -> None:
    """Timed in the reading child, never asserted: all that are installed are told, the first choice first."""
    (tmp_path / "a.dcm").write_bytes(codec_check.file_of("1.2.840.10008.1.2.4.90"))
    found = archive.decoder_speeds(FrameInfo(str(tmp_path / "a.dcm")))
    assert [package for package, _ in found] == ["pylibjpeg-openjpeg", "python-gdcm", "Pillow"]
    assert all(len(times) == len(found[0][1]) > 1 and min(times) > 0 for _, times in found)
    (tmp_path / "b.dcm").write_bytes(as_bytes(image()))
    assert archive.decoder_speeds(FrameInfo(str(tmp_path / "b.dcm"))) == []
