"""A multi-frame image cut into several objects: parts under any name become one series again, and gaps are told."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from fineview.core.study import Series
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.made import as_bytes, image
from tests.formats.real_files import shared

# Lengths of the parts of the ten frames, and the names that the parts lie under: not in their order.
CUT, NAMES = (4, 3, 3), ("m", "z", "a")


def cut(whole: Dataset, lengths: Sequence[int], total: bool = True) -> list[Dataset]:
    """The parts of ``whole``, by the rules of PS3.3 C.7.6.16.2.2.4."""
    made, start = [], 0
    size = whole.Rows * whole.Columns * whole.BitsAllocated // 8
    for number, length in enumerate(lengths, 1):
        part = copy.deepcopy(whole)
        part.SOPInstanceUID = part.file_meta.MediaStorageSOPInstanceUID = f"{whole.SOPInstanceUID[:50]}.{number}"
        part.SOPInstanceUIDOfConcatenationSource = whole.SOPInstanceUID
        part.ConcatenationUID, part.InConcatenationNumber = "1.2.3.4.5.6", number
        if total:
            part.InConcatenationTotalNumber = len(lengths)
        part.ConcatenationFrameOffsetNumber = start
        part.NumberOfFrames = length
        part.PixelData = whole.PixelData[start * size:(start + length) * size]
        if "PerFrameFunctionalGroupsSequence" in whole:
            groups = whole.PerFrameFunctionalGroupsSequence
            part.PerFrameFunctionalGroupsSequence = Items(list(groups)[start:start + length])
        made.append(part)
        start += length
    return made


def write(folder: Path, parts: Sequence[Dataset], leave_out: Sequence[int] = ()) -> Path:
    for number, (part, name) in enumerate(zip(parts, NAMES, strict=True), 1):
        if number not in leave_out:
            (folder / name).write_bytes(as_bytes(part))
    return folder


def flat(frames: int = 10) -> Dataset:
    """Frames without a place, each full of its own number: only the concatenation can order them."""
    pixels = np.repeat(np.arange(frames, dtype="<u2"), 24).tobytes()
    return image(NumberOfFrames=frames, PixelData=pixels, InstanceNumber=3)


def only_series(archive: FileArchive, folder: Path) -> Series:
    (study,) = last(archive, folder).studies
    (series,) = study.series
    return series


def numbers(archive: FileArchive, series: Series) -> list[int]:
    return [int(archive.read_frame(frame).pixels[0, 0]) for frame in series.frames]


def gaps(series: Series) -> list[str]:
    return [words for words in series.warnings if "missing" in words]


def test_parts_become_one_series_in_order(archive: FileArchive, tmp_path: Path) -> None:
    series = only_series(archive, write(tmp_path, cut(flat(), CUT)))
    assert numbers(archive, series) == list(range(10)) and not gaps(series)


def test_a_real_enhanced_image_cut_and_joined_is_the_same(archive: FileArchive, tmp_path: Path) -> None:
    path = shared("C_dicom/pydicom_data/emri_small.dcm")
    whole = pydicom.dcmread(path)
    series = only_series(archive, write(tmp_path, cut(whole, CUT)))
    before = only_series(archive, path)
    assert [frame.place for frame in series.frames] == [frame.place for frame in before.frames]
    assert [frame.spacing for frame in series.frames] == [frame.spacing for frame in before.frames]
    stored = np.frombuffer(whole.PixelData, "<u2").reshape(10, 64, 64)
    for frame, expected in zip(before.frames, stored, strict=True):
        assert np.array_equal(archive.read_frame(frame).pixels, expected)
    assert all(np.array_equal(archive.read_frame(a).pixels, archive.read_frame(b).pixels)
               for a, b in zip(series.frames, before.frames, strict=True))


@pytest.mark.parametrize(("leave_out", "total", "left", "words"), [
    ((2,), True, [0, 1, 2, 3, 7, 8, 9], "Part 2 of 3 is missing: frames 5 to 7."),
    ((2,), False, [0, 1, 2, 3, 7, 8, 9], "Part 2 is missing: frames 5 to 7."),
    ((1,), True, [4, 5, 6, 7, 8, 9], "Part 1 of 3 is missing: frames 1 to 4."),
    ((3,), True, [0, 1, 2, 3, 4, 5, 6], "Part 3 of 3 is missing."),
    ((1, 2), True, [7, 8, 9], "Parts 1 to 2 of 3 are missing: frames 1 to 7."),
    ((2, 3), True, [0, 1, 2, 3], "Parts 2 to 3 of 3 are missing.")])
def test_a_missing_part_is_named(archive: FileArchive, tmp_path: Path, leave_out: tuple[int, ...], total: bool,
                                 left: list[int], words: str) -> None:
    series = only_series(archive, write(tmp_path, cut(flat(), CUT, total), leave_out))
    assert numbers(archive, series) == left and gaps(series) == [words]


def test_two_concatenations_and_a_single_image_in_one_series_keep_their_order(archive: FileArchive,
                                                                               tmp_path: Path) -> None:
    late, early = flat(), flat()
    late.InstanceNumber, early.InstanceNumber = 9, 1
    early.SOPInstanceUID = "1.2.3.7"
    early.PixelData = (np.frombuffer(early.PixelData, "<u2") + 100).tobytes()
    parts = cut(early, CUT)
    for part in parts:
        part.ConcatenationUID = "1.2.3.4.5.7"
    single = image(sop="1.2.3.8", InstanceNumber=5, PixelData=np.full(24, 777, "<u2").tobytes())
    (tmp_path / "late").mkdir()
    write(tmp_path, parts)
    write(tmp_path / "late", cut(late, CUT))
    (tmp_path / "0").write_bytes(as_bytes(single))
    series = only_series(archive, tmp_path)
    assert numbers(archive, series) == [*range(100, 110), 777, *range(10)] and not gaps(series)


def test_numbers_without_a_uid_name_no_concatenation(archive: FileArchive, tmp_path: Path) -> None:
    """Ophthalmic tomography carries the numbers in every whole object."""
    whole = flat(3)
    whole.InConcatenationNumber, whole.InConcatenationTotalNumber, whole.ConcatenationFrameOffsetNumber = 1, 2, 0
    (tmp_path / "a").write_bytes(as_bytes(whole))
    assert not gaps(only_series(archive, tmp_path))


@pytest.mark.parametrize("tag", [0x00209162, 0x00209163, 0x00209228], ids=hex)
def test_a_number_that_no_count_can_have_does_not_stop_the_others(archive: FileArchive, tmp_path: Path, tag: int
                                                                 ) -> None:
    """A value representation that holds more than the standard's own."""
    spoilt = cut(flat(), CUT)[0]
    spoilt[tag] = DataElement(tag, "FD", 1e30)
    (tmp_path / "spoilt").write_bytes(as_bytes(spoilt))
    (tmp_path / "good").write_bytes(as_bytes(image(sop="1.2.3.99", SeriesInstanceUID="1.2.3.2")))
    found = last(archive, tmp_path)
    assert sorted(len(one.frames) for study in found.studies for one in study.series) == [1, CUT[0]]
