"""Files that lie, burst, loop or crash: each ends in one sentence, and the next file opens as if nothing had been."""

from __future__ import annotations

import gzip
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import Cancelled, FineViewError, InputProblem, LimitExceeded, PeerProblem
from fineview.core.study import FrameInfo
from fineview.formats import computing, limits
from fineview.formats.archive import FileArchive
from fineview.formats.child import Children
from fineview.formats.pacs_leaving import examine
from fineview.services.jobs import Token
from tests.formats.conftest import last
from tests.formats.made import as_bytes, busy, deflated_bomb, image, meta, nested


def _refused(archive: FileArchive, path: Path, data: bytes) -> FineViewError:
    path.write_bytes(data)
    with pytest.raises(FineViewError) as caught:
        last(archive, path)
    return caught.value


def _still_works(archive: FileArchive, folder: Path) -> None:
    path = folder / "good.dcm"
    path.write_bytes(as_bytes(image()))
    assert np.array_equal(archive.read_frame(FrameInfo(str(path))).pixels, np.arange(24).reshape(4, 6))


def test_deflated_bomb(archive: FileArchive, tmp_path: Path) -> None:
    data = deflated_bomb(1 << 30)
    assert len(data) < 1 << 21
    error = _refused(archive, tmp_path / "bomb.dcm", data)
    assert isinstance(error, LimitExceeded) and "limit 192.0 MB" in error.what
    _still_works(archive, tmp_path)


@pytest.mark.parametrize("depth", [65, 200, 5000])
def test_nesting(archive: FileArchive, tmp_path: Path, depth: int) -> None:
    error = _refused(archive, tmp_path / "deep.dcm", nested(depth))
    assert (error.code, "limit 64" in error.what) == ("nesting", True)


def test_nesting_up_to_the_limit_is_read(archive: FileArchive, tmp_path: Path) -> None:
    error = _refused(archive, tmp_path / "deep.dcm", nested(64))
    assert error.code == "not-an-image" and "without pixels" in error.what


@pytest.mark.parametrize(("values", "code", "words"), [
    ({"NumberOfFrames": 0}, "frames", "0 frames of 4 x 6"),
    ({"NumberOfFrames": -1}, "frames", "-1 frames of 4 x 6"),
    ({"NumberOfFrames": 2147483647}, "truncated", "2147483647 frames of 4 x 6 must have"),
    ({"Rows": 65535, "Columns": 65535}, "limit", "8.0 GB, limit 256.0 MB"),
    ({"Rows": 400}, "truncated", "it holds 48 bytes"),
    ({"Rows": 0}, "not-an-image", "without pixels"),
    ({"BitsAllocated": 7}, "damaged", "1 samples of 7 bits"),
    ({"SamplesPerPixel": 200}, "damaged", "200 samples of 16 bits")])
def test_headers_that_lie(archive: FileArchive, tmp_path: Path, values: dict[str, int], code: str, words: str) -> None:
    dataset = image()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    error = _refused(archive, tmp_path / "lie.dcm", as_bytes(dataset))
    assert error.code == code and words in error.what


def test_frames_beyond_the_fragments(archive: FileArchive, tmp_path: Path) -> None:
    dataset = image("1.2.840.10008.1.2.4.80", NumberOfFrames=9)
    fragments = b"".join(struct.pack("<HHL", 0xFFFE, 0xE000, len(f)) + f for f in (b"", b"\xff\xd8\xff\xf7" * 4))
    dataset.PixelData = fragments + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    error = _refused(archive, tmp_path / "few.dcm", as_bytes(dataset))
    assert (error.code, "claims 9 frames and holds 1" in error.what) == ("truncated", True)


@pytest.mark.parametrize(("data", "code"), [
    (b"", "empty"), (b"\0" * 128 + b"DICM", "truncated"), (b"hello, this is text", "not-an-image"),
    (meta("1.2.840.10008.1.2.1") + struct.pack("<HH2sHL", 8, 0x0119, b"UT", 0, 2 << 30), "truncated"),
    (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "truncated"), (b"\xff\xd8\xff\xe0" + b"\0" * 99, "truncated"),
    (b"BM" + b"\xff" * 60, "damaged"), (b"II*\0" + b"\xff" * 60, "damaged"), (b"PK\x03\x04" + b"\0" * 50, "damaged")])
def test_small_wrecks(archive: FileArchive, tmp_path: Path, data: bytes, code: str) -> None:
    assert _refused(archive, tmp_path / "wreck", data).code == code


def test_huge_picture_is_refused_before_it_is_decoded(archive: FileArchive, tmp_path: Path) -> None:
    import zlib

    body = b"IHDR" + struct.pack(">LLBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">L", 13) + body + struct.pack(">L", zlib.crc32(body))
    png += struct.pack(">L", 0) + b"IDAT" + struct.pack(">L", zlib.crc32(b"IDAT"))
    png += struct.pack(">L", 0) + b"IEND" + struct.pack(">L", zlib.crc32(b"IEND"))
    error = _refused(archive, tmp_path / "wide.png", png)
    assert isinstance(error, LimitExceeded) and "10.1 GB, limit 256.0 MB" in error.what


def test_a_picture_cut_short(archive: FileArchive, tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    Image.effect_noise((300, 300), 80).save(path)
    data = path.read_bytes()
    assert _refused(archive, path, data[: len(data) // 2]).code == "truncated"
    path.write_bytes(data[: len(data) // 2] + data[-12:])
    with pytest.raises(InputProblem):
        archive.read_frame(last(archive, path).studies[0].series[0].frames[0])


def test_the_child_is_killed_in_the_middle_of_a_call(tmp_path: Path) -> None:
    children = Children(1)
    path = tmp_path / "good.dcm"
    path.write_bytes(as_bytes(image()))
    try:
        answers = children.ask("records", {"paths": [str(path)] * 200_000})
        next(answers)
        os.kill(children.pids()[0], signal.SIGKILL)
        with pytest.raises(InputProblem) as caught:
            for _ in answers:
                pass
        assert caught.value.code == "reader-died"
        assert len(list(children.ask("records", {"paths": [str(path)]}))) == 1
    finally:
        children.close()
    assert children.pids() == ()


def test_a_call_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    children = Children(1)
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    try:
        list(children.ask("records", {"paths": [str(tmp_path / "none")]}))
        with pytest.raises(LimitExceeded) as caught:
            list(children.ask("records", {"paths": [str(fifo)]}, seconds=0.2))
        assert (caught.value.code, "limit of 0.2 s" in caught.value.what) == ("time", True)
    finally:
        children.close()


def test_a_small_file_that_keeps_the_reader_busy_is_ended(archive: FileArchive, tmp_path: Path) -> None:
    """1.9 million elements, within every other limit, packed into a small file."""
    error = _refused(archive, tmp_path / "busy.dcm", busy(1_900_000))
    assert isinstance(error, LimitExceeded) and error.code == "time" and "more computing than the limit" in error.what
    _still_works(archive, tmp_path)


def test_a_file_is_given_time_by_its_size(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[float] = []
    monkeypatch.setattr(computing.signal, "setitimer", lambda which, seconds: given.append(seconds))
    computing.allow(str(tmp_path))
    assert given == [], "this process is no reading child"
    monkeypatch.setattr(computing, "_limited", True)
    (tmp_path / "small").write_bytes(b"")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(60 << 20)
    for names in (["small"], ["large"], ["small", "large"], ["gone"]):
        computing.allow(*(str(tmp_path / name) for name in names))
    assert given == [2.0, 32.0, 32.0, 2.0]


def test_cancel_ends_a_scan_that_waits(tmp_path: Path) -> None:
    children, token = Children(1), Token()
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    threading.Timer(0.1, token.cancel).start()
    try:
        with pytest.raises(Cancelled):
            list(children.ask("records", {"paths": [str(fifo)]}, check=token.raise_if_cancelled))
    finally:
        children.close()


def test_more_memory_than_the_limit_becomes_a_sentence(tmp_path: Path) -> None:
    """16 million palette pixels of 16 bits need more than the child may have: refused, and it lives on."""
    probe = "from fineview.formats import child_main\nchild_main._set_limits()\nimport numpy as np\n" \
            "try:\n    np.zeros(1 << 28, np.int64)\nexcept MemoryError as e:\n    print(child_main.as_error(e)['what'])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert limits.in_words(limits.MEMORY_BYTES) in done.stdout


def test_no_child_outlives_a_killed_parent(tmp_path: Path) -> None:
    code = ("from fineview.formats.child import Children; import time\nc = Children(1)\n"
            "list(c.ask('records', {'paths': ['nothing']}))\nprint(c.pids()[0], flush=True)\ntime.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or _is_zombie(child):
            return
        time.sleep(0.05)
    pytest.fail("the child is still there")


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_zip_slip_links_and_lies(archive: FileArchive, tmp_path: Path) -> None:
    good = as_bytes(image())
    path = tmp_path / "deep" / "study.zip"
    path.parent.mkdir()
    link = zipfile.ZipInfo("inside/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in ("../escaped", "/var/absolute-escaped", "a/../../escaped", "..\\escaped", "C:\\escaped"):
            made.writestr(name, good)
        made.writestr(link, "/etc/passwd")
        made.writestr("study/IM1", good)
    before = sorted(p.name for p in tmp_path.iterdir())
    found = last(archive, path)
    assert [one.verdict for one in found.files] == ["image"]
    assert sorted(one.code for one in found.problems) == ["link", *["outside"] * 5]
    assert sorted(p.name for p in tmp_path.iterdir()) == before and not Path("/var/absolute-escaped").exists()
    assert archive.read_frame(found.studies[0].series[0].frames[0]).rows == 4


def test_a_name_that_no_disk_can_hold_hides_no_other_member(archive: FileArchive, tmp_path: Path) -> None:
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number, name in enumerate(("n" * 300, "x/" * 2500 + "deep", "2026-01-31T12:30:00.dcm")):
            made.writestr(name, as_bytes(image(sop=f"1.2.3.{number}")))
    found = last(archive, path)
    assert [one.path for one in found.files] == [f"{path}/2026-01-31T12:30:00.dcm"]
    assert [one.what for one in found.problems] == ["A name in the archive is too long."] * 2


def test_zip_of_zeros_and_of_many(archive: FileArchive, tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(limits.ZIP_MEMBERS + 1):
            made.writestr(str(number), b"")
    with pytest.raises(LimitExceeded, match="20001 files, limit 20000"):
        last(archive, path)


def test_unpacked_files_are_gone_after_close(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("IM1", as_bytes(image()))
    archive = FileArchive()
    place = archive.plain(Path(last(archive, tmp_path / "a.zip").files[0].path))
    assert place.exists() and place.parent.parent.stat().st_mode & 0o777 == 0o700
    archive.close()
    assert not place.exists()


def test_mutants_never_escape_the_family(archive: FileArchive, tmp_path: Path) -> None:
    """A few hundred seeded mutants through the whole path; the long run lives in the workshop."""
    seeds = [as_bytes(image()), as_bytes(image(NumberOfFrames=1, WindowCenter=3, WindowWidth=9)), nested(3)]
    rng = np.random.default_rng(3)
    for number in range(300):
        data = bytearray(seeds[number % len(seeds)])
        for place in rng.integers(132, len(data), 4):
            data[place] = rng.integers(256)
        path = tmp_path / "mutant"
        path.write_bytes(data)
        try:
            frame = last(archive, path).studies[0].series[0].frames[-1]
            archive.read_frame(frame)
            archive.header(frame)
        except FineViewError:
            continue


def test_a_gzipped_file_opens_like_the_file_itself(archive: FileArchive, tmp_path: Path) -> None:
    data = as_bytes(image())
    (tmp_path / "whole.dcm").write_bytes(data)
    (tmp_path / "whole.dcm.gz").write_bytes(gzip.compress(data))
    frame = FrameInfo(str(tmp_path / "whole.dcm.gz"))
    assert np.array_equal(archive.read_frame(frame).pixels, np.arange(24).reshape(4, 6))
    assert archive.header(frame) == archive.header(FrameInfo(str(tmp_path / "whole.dcm")))
    found = {Path(one.path).name: (one.verdict, one.same_as) for one in last(archive, tmp_path).files}
    assert found == {"whole.dcm": ("image", None), "whole.dcm.gz": ("duplicate", str(tmp_path / "whole.dcm"))}


@pytest.mark.parametrize(("spoil", "code"), [
    (lambda data: gzip.compress(data + bytes(limits.INFLATE_BYTES)), "limit"),
    (lambda data: gzip.compress(data)[:-40], "truncated"),
    (lambda data: gzip.compress(data)[:-8] + bytes(8), "damaged"),
    (lambda data: gzip.compress(b"a table of numbers"), "not-an-image"),
    (lambda data: gzip.compress(gzip.compress(data)), "not-an-image"),
    (lambda data: gzip.compress(b"")[:3], "not-an-image")])
def test_gzipped_wrecks(archive: FileArchive, tmp_path: Path, spoil: Callable[[bytes], bytes], code: str) -> None:
    assert _refused(archive, tmp_path / "wreck.dcm.gz", spoil(as_bytes(image()))).code == code
    _still_works(archive, tmp_path)


def test_a_gzipped_file_is_not_sent_as_if_it_were_an_object(tmp_path: Path) -> None:
    path = tmp_path / "whole.dcm.gz"
    path.write_bytes(gzip.compress(as_bytes(image())))
    with pytest.raises(PeerProblem, match="gzip"):
        examine(path)
