"""A frame of an instrument's file is known by what was recorded, not by its number or the name of the file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from fineview.core.study import FrameInfo, Series
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.made_heyex import SCANS, description, grey, line_mm, reflectivity, series, vol, write_pictures
from tests.formats.real_files import shared


def volume_of(archive: FileArchive, path: Path) -> Series:
    return next(one for study in last(archive, path).studies for one in study.series if one.modality == "OPT")


def stamps(one: Series) -> list[str]:
    return [frame.stamp for frame in one.frames]


def timed(text: str) -> str:
    """Every picture with a time of its own, as the instrument writes it."""
    counted = iter(range(100))
    return re.sub(r"<ImageType>", lambda _: f"<AcquisitionTime><Time><Hour>11</Hour><Minute>15</Minute><Second>"
                  f"{40 + 0.5 * next(counted)}</Second></Time></AcquisitionTime><ImageType>", text)


def test_a_renamed_and_moved_file_keeps_them(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    first, second = tmp_path / "eye.vol", tmp_path / "in" / "other name.bin"
    for path in (first, second):
        path.write_bytes(vol())
    one, other = volume_of(archive, first), volume_of(archive, second)
    assert stamps(one) == stamps(other) and len(set(stamps(one))) == SCANS
    assert all(re.fullmatch(r"2\.25\.\d+", stamp) for stamp in stamps(one))


def test_the_same_b_scans_with_other_lines_keep_them(archive: FileArchive, tmp_path: Path) -> None:
    """Exported again after the instrument drew more lines: another file, the same B-scans."""
    (tmp_path / "a.vol").write_bytes(vol())
    (tmp_path / "b.vol").write_bytes(vol(lines=np.full((SCANS, 5, 16), 7.0, np.float32)))
    assert stamps(volume_of(archive, tmp_path / "a.vol")) == stamps(volume_of(archive, tmp_path / "b.vol"))


def test_other_pixels_or_another_place_are_other_frames(archive: FileArchive, tmp_path: Path) -> None:
    (tmp_path / "a.vol").write_bytes(vol())
    (tmp_path / "b.vol").write_bytes(vol(reflectivity(seed=8)))
    moved = [tuple(v + 0.01 for v in line_mm(n)) for n in range(SCANS)]
    (tmp_path / "c.vol").write_bytes(vol(places=moved))
    known = [set(stamps(volume_of(archive, tmp_path / f"{name}.vol"))) for name in "abc"]
    assert not known[0] & known[1] and not known[0] & known[2]


def test_a_frame_of_one_eye_is_never_taken_for_one_of_the_other(archive: FileArchive, tmp_path: Path) -> None:
    """B-scans without any signal, at the same lines in both eyes."""
    for eye in ("OD", "OS"):
        (tmp_path / f"{eye}.vol").write_bytes(vol(np.zeros_like(reflectivity()), eye=eye.encode()))
    right, left = (last(archive, tmp_path / f"{eye}.vol").studies[0].series for eye in ("OD", "OS"))
    assert not {stamp for one in right for stamp in stamps(one)} & {stamp for one in left for stamp in stamps(one)}


def test_an_added_picture_changes_no_other_stamp(archive: FileArchive, tmp_path: Path) -> None:
    """The third B-scan was not copied with the export at first: frames behind it had other numbers."""
    path = tmp_path / "e.xml"
    path.write_text(timed(description(series())), encoding="utf-8")
    write_pictures(tmp_path)
    missing = tmp_path / "B2.tif"
    held = missing.read_bytes()
    missing.unlink()
    before = volume_of(archive, path)
    missing.write_bytes(held)
    after = volume_of(archive, path)
    assert (len(before.frames), len(after.frames)) == (SCANS - 1, SCANS)
    assert stamps(before) == [stamp for n, stamp in enumerate(stamps(after)) if n != 2]
    assert np.array_equal(archive.read_frame(after.frames[3]).pixels, grey()[3])


def test_words_that_name_two_frames_name_neither(archive: FileArchive, tmp_path: Path) -> None:
    """A circle scanned five times, with no times in the file: the number within this very file is all there is."""
    text = re.sub(r"<(Start|End)>.*?</\1>", "", description(series()), flags=re.S)
    write_pictures(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.xml").write_text(text + (" " if name == "b" else ""), encoding="utf-8")
    one, other = (volume_of(archive, tmp_path / f"{name}.xml") for name in "ab")
    assert len(set(stamps(one))) == SCANS and not set(stamps(one)) & set(stamps(other))


def test_real_exports_have_one_for_every_frame(archive: FileArchive) -> None:
    for name in ("heyex_vol/test_volume.vol", "heyex_xml/test_dummy.xml"):
        frames: list[FrameInfo] = [frame for study in last(archive, shared(f"A_ophthalmic/{name}")).studies
                                   for one in study.series for frame in one.frames]
        assert len({frame.stamp for frame in frames}) == len(frames) == 11
