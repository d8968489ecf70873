"""Readers of plugins: each in a child of its own, offered only what ours do not know, harmless whatever it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fineview.core.errors import FineViewError, InputProblem
from fineview.core.recording import GuestReader
from fineview.formats import limits
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.made import as_bytes, image

_TOY = '''
import os, time
from dataclasses import replace
from pathlib import Path
import numpy as np
from fineview.core.geometry import Circle, ScaleSource, Spacing
from fineview.core.layers import LayerLine
from fineview.core.place import Place
from fineview.core.recording import Recording
from fineview.core.study import FrameInfo, Laterality, Patient

class Toy:
    """Files of b"TOY!", a letter for what to do, and 12 bytes of pixels a B-scan, rows before columns."""

    def claims(self, head, path):
        return head.startswith(b"TOY!")

    def recordings(self, path):
        data = path.read_bytes()
        if data[4:5] == b"X":
            os._exit(3)
        if data[4:5] == b"E":
            return "no recordings"
        if data[4:5] == b"M":
            hoard = [bytearray(1 << 24) for _ in range(1000)]
        if data[4:5] == b"L":
            while True:
                pass
        if data[4:5] == b"W":
            Path(str(path) + ".written").write_text("plunder")
        if data[4:5] == b"S":
            return (Recording("OPT", (FrameInfo("elsewhere", 0, rows=3, cols=4),),
                              description=os.environ.get("FINEVIEW_PACS_TOKEN", "no secret")),)
        scans = tuple(FrameInfo("elsewhere", n, rows=3, cols=4, spacing=Spacing(0.004, 0.01, None, ScaleSource.ASSUMED),
                                position_mm=0.5 * n, scan_line=((0.0, 1.0 + n), (2.0, 1.0 + n)))
                      for n in range((len(data) - 5) // 12))
        if data[4:5] == b"P":
            far = (1e300, 0.0, float("inf"))
            scans = tuple(replace(one, position_mm=float("nan"), scan_line=((0.0, 1.0), (float("nan"), 1.0)),
                                  scan_circle=Circle((1e300, 0.0), (5.0, 5.0)), place=Place(far, far, far))
                          for one in scans)
        return (Recording("OPT", scans, Patient("TOY^ONE"), laterality=Laterality("L", "header"), localizer=1),
                Recording("OP", (FrameInfo("elsewhere", len(scans), rows=2, cols=2),), Patient("TOY^ONE")))

    def pixels(self, path, frame):
        data = path.read_bytes()[5:]
        if frame == len(data) // 12:
            return np.full((2, 2), 9, np.uint8)
        return np.frombuffer(data[frame * 12:frame * 12 + 12], np.uint8).reshape(3, 4)

    def layers(self, path, frame):
        return (LayerLine("ILM", np.array([0, 1, np.nan, 2], np.float32), "person", "toy 1.0"),)
'''
Failures = list[tuple[str, str]]


@pytest.fixture
def failures() -> Failures:
    return []


@pytest.fixture
def toy(tmp_path: Path) -> GuestReader:
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "toy_reader.py").write_text(_TOY)
    return GuestReader("Toy", str(folder), "toy_reader:Toy")


@pytest.fixture
def hosting(toy: GuestReader, failures: Failures) -> Iterator[FileArchive]:
    made = FileArchive(1, guests=lambda path: (toy,),
                       on_failure=lambda guest, error: failures.append((guest.name, error.code)))
    yield made
    made.close()


def _write(folder: Path, name: str, what: bytes = b".", scans: int = 2) -> Path:
    path = folder / name
    path.write_bytes(b"TOY!" + what + bytes(range(12 * scans)))
    return path


def test_a_plugin_reads_what_ours_do_not_know(hosting: FileArchive, tmp_path: Path) -> None:
    path = _write(tmp_path, "eye.toy")
    found = last(hosting, path)
    assert [(one.path, one.verdict, one.rows, one.cols, one.frames) for one in found.files] == [
        (str(path), "image", 3, 4, 2)]
    volume, picture = found.studies[0].series
    assert (volume.modality, volume.is_volume, volume.laterality.words) == ("OPT", True, "left eye (OS)")
    assert volume.localizer_uid == picture.uid and volume.spacing.slice_mm == 0.5 and volume.spacing.source == "assumed"
    assert volume.frames[1].scan_line == ((0.0, 2.0), (2.0, 2.0)) and volume.frames[1].path == str(path)
    assert np.array_equal(hosting.read_frame(volume.frames[1]).pixels, np.arange(12, 24).reshape(3, 4))
    assert np.array_equal(hosting.read_frame(picture.frames[0]).pixels, [[9, 9], [9, 9]])
    (line,) = hosting.read_layers(volume.frames[0])
    # A file cannot speak for the person at the screen.
    assert (line.name, line.source, line.by) == ("ILM", "file", "toy 1.0")
    assert np.array_equal(line.row_px, np.float32([0, 1, np.nan, 2]), equal_nan=True)
    assert ("", "Patient's name", "TOY^ONE") in hosting.header(volume.frames[0])


def test_places_that_no_instrument_has_are_not_given(hosting: FileArchive, tmp_path: Path) -> None:
    """Such as those a damaged file holds: nothing here may stumble over them."""
    volume = last(hosting, _write(tmp_path, "far.toy", b"P")).studies[0].series[0]
    assert [(one.position_mm, one.place, one.scan_line, one.scan_circle) for one in volume.frames] == [(None,) * 4] * 2


def test_uids_are_of_the_content(hosting: FileArchive, tmp_path: Path) -> None:
    first = last(hosting, _write(tmp_path, "a.toy")).studies[0]
    (tmp_path / "b").mkdir()
    moved = last(hosting, _write(tmp_path / "b", "other.toy")).studies[0]
    assert [s.uid for s in first.series] == [s.uid for s in moved.series] and first.uid == moved.uid
    assert last(hosting, _write(tmp_path, "a.toy", scans=3)).studies[0].uid != first.uid
    found = last(hosting, _write(tmp_path, "a.toy"), tmp_path / "b" / "other.toy")
    assert [one.verdict for one in found.files] == ["image", "duplicate"] and len(found.studies[0].series) == 2


def test_a_crash_costs_its_own_file_and_is_named(hosting: FileArchive, tmp_path: Path, failures: Failures) -> None:
    (tmp_path / "study").mkdir()
    _write(tmp_path / "study", "1.toy", b"X")
    _write(tmp_path / "study", "2.toy")
    (tmp_path / "study" / "3").write_bytes(as_bytes(image()))
    found = last(hosting, tmp_path / "study")
    assert {Path(one.path).name: one.verdict for one in found.files} == {
        "1.toy": "problem", "2.toy": "image", "3": "image"}
    assert [(one.code, "Plugin Toy" in one.what) for one in found.problems] == [("reader-died", True)]
    assert failures == [("Toy", "reader-died")]


def test_an_endless_loop_ends(hosting: FileArchive, tmp_path: Path, failures: Failures,
                              monkeypatch: pytest.MonkeyPatch) -> None:
    _ = last(hosting, _write(tmp_path, "good.toy"))  # the child is there: its start has time of its own
    monkeypatch.setattr(limits, "CALL_SECONDS", 0.5)
    with pytest.raises(FineViewError) as caught:
        last(hosting, _write(tmp_path, "loop.toy", b"L"))
    assert caught.value.code == "time" and failures == [("Toy", "time")]


def test_nonsense_is_the_readers_fault(hosting: FileArchive, tmp_path: Path, failures: Failures) -> None:
    with pytest.raises(FineViewError) as caught:
        last(hosting, _write(tmp_path, "odd.toy", b"E"))
    assert caught.value.code == "guest-fault" and failures == [("Toy", "guest-fault")]


def test_a_hoarder_of_memory_is_named(hosting: FileArchive, tmp_path: Path, failures: Failures) -> None:
    with pytest.raises(FineViewError) as caught:
        last(hosting, _write(tmp_path, "much.toy", b"M"))
    assert (caught.value.code, "Plugin Toy" in caught.value.what) == ("guest-memory", True)
    assert failures == [("Toy", "guest-memory")]


def test_who_may_not_run_is_named_and_not_asked(tmp_path: Path) -> None:
    def refused(path: str) -> tuple[GuestReader, ...]:
        raise InputProblem(f"Toy reads {Path(path).name}, and is switched off.", "Switch it on.", "no-reader")

    archive = FileArchive(1, guests=refused)
    try:
        with pytest.raises(InputProblem, match="Toy reads eye.toy") as caught:
            last(archive, _write(tmp_path, "eye.toy"))
        assert caught.value.code == "no-reader"
    finally:
        archive.close()


def test_a_plugin_writes_nothing(hosting: FileArchive, tmp_path: Path) -> None:
    with pytest.raises(InputProblem):
        last(hosting, _write(tmp_path, "thief.toy", b"W"))
    written = tmp_path / "thief.toy.written"
    assert not written.exists() or written.stat().st_size == 0


def test_a_plugin_sees_no_secret_of_a_script(hosting: FileArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
                                             ) -> None:
    monkeypatch.setenv("FINEVIEW_PACS_TOKEN", "hush")
    (tmp_path / "a.toy").write_bytes(b"TOY!S" + bytes(12))
    assert last(hosting, tmp_path / "a.toy").studies[0].series[0].description == "no secret"


@pytest.mark.parametrize("code", ["import nothing_like_this", "raise SystemError", "class Other: pass"])
def test_a_plugin_that_cannot_be_loaded_is_named(hosting: FileArchive, toy: GuestReader, tmp_path: Path,
                                                 failures: Failures, code: str) -> None:
    (Path(toy.folder) / "toy_reader.py").write_text(code)
    with pytest.raises(InputProblem) as caught:
        last(hosting, _write(tmp_path, "eye.toy"))
    assert (caught.value.code, "Toy" in caught.value.what) == ("guest-load", True)
    assert failures == [("Toy", "guest-load")]


def test_a_plugin_that_is_switched_off_is_asked_no_more(toy: GuestReader, tmp_path: Path) -> None:
    guests = [toy]
    archive = FileArchive(1, guests=lambda path: tuple(guests))
    try:
        series = last(archive, _write(tmp_path, "eye.toy")).studies[0].series[0]
        guests.clear()
        with pytest.raises(InputProblem) as caught:
            archive.read_frame(series.frames[0])
        assert (caught.value.code, "Toy" in caught.value.what) == ("guest-off", True)
    finally:
        archive.close()
