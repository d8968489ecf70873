"""Good files of every kind, damaged: whatever comes out is a picture or one typed error, and the reader lives on."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from fineview.core.errors import FineViewError
from fineview.core.study import Catalogue
from fineview.formats.archive import FileArchive
from tests.formats.conftest import last
from tests.formats.real_files import catalogue, shared
from tests.shared_data import needs_shared

pytestmark = needs_shared
Damage = Callable[[bytes, random.Random], bytes]
_HEAD = 4096


def _flipped(count: int, below: int | None = None) -> Damage:
    def damage(data: bytes, rng: random.Random) -> bytes:
        made = bytearray(data)
        for _ in range(count):
            made[rng.randrange(min(len(made), below or len(made)))] ^= 1 << rng.randrange(8)
        return bytes(made)
    return damage


def _zeroed(count: int) -> Damage:
    def damage(data: bytes, rng: random.Random) -> bytes:
        at = rng.randrange(len(data))
        return data[:at] + bytes(len(data[at:at + count])) + data[at + count:]
    return damage


def _swapped(data: bytes, rng: random.Random) -> bytes:
    a, b = sorted(rng.randrange(len(data)) for _ in range(2))
    return data[:a] + data[b:] + data[a:b]


WAYS: dict[str, Damage] = {
    "cut": lambda data, rng: data[:rng.randrange(1, len(data))],
    "cut near its end": lambda data, rng: data[:-rng.randrange(1, min(len(data), 200))],
    "one bit": _flipped(1), "eight bits": _flipped(8), "64 bits": _flipped(64),
    "eight bits of its head": _flipped(8, _HEAD),
    "three bits of its head": _flipped(3, _HEAD), "16 zeros": _zeroed(16), "4096 zeros": _zeroed(4096),
    "two parts swapped": _swapped}


def _every_answer(archive: FileArchive, path: Path) -> str:
    """Open, decode the first and the last frame, show the header and draw what lies over it."""
    try:
        found: Catalogue = last(archive, path)
        for series in (series for study in found.studies for series in study.series):
            for frame in {series.frames[0], series.frames[-1]}:
                archive.read_frame(frame)
                archive.header(frame)
                for companion in found.companions:
                    archive.draw(companion, frame)
    except FineViewError as error:
        assert error.code and error.what and error.remedy
        return error.code
    return "shown"


@pytest.mark.parametrize("way", WAYS)
def test_damaged_files(archive: FileArchive, tmp_path: Path, way: str) -> None:
    """Twelve other files for each kind of damage; thousands more were tried than are kept here."""
    rng = random.Random(way)
    rows = [row for row in catalogue() if not row["path"].startswith("D_") and int(row["bytes"]) < 600_000
            and not row["path"].endswith((".txt", ".mat"))]
    outcomes: Counter[str] = Counter()
    for row in rng.sample(rows, 12):
        path = tmp_path / ("damaged" + Path(row["path"]).suffix)
        path.write_bytes(WAYS[way](shared(row["path"]).read_bytes(), rng))
        outcomes[_every_answer(archive, path)] += 1
    assert outcomes["reader-died"] == outcomes["time"] == 0 and sum(outcomes.values()) == 12
    whole = shared("C_dicom/pydicom/MR_small.dcm")
    assert archive.read_frame(last(archive, whole).studies[0].series[0].frames[0]).rows == 64


def test_run_lengths_that_lead_past_their_segment(archive: FileArchive, tmp_path: Path) -> None:
    """The decoder's own panic once ended the reader here."""
    good = shared("C_dicom/pydicom/MR_small_RLE.dcm").read_bytes()
    start = good.rindex(b"\xe0\x7f\x10\x00")
    rng = random.Random(0)
    outcomes = Counter(_run(archive, tmp_path / "runs.dcm", good, start + 90, rng) for _ in range(60))
    assert outcomes["reader-died"] == 0 and set(outcomes) <= {"shown", "damaged", "truncated"}


def _run(archive: FileArchive, path: Path, good: bytes, start: int, rng: random.Random) -> str:
    made = bytearray(good)
    for _ in range(6):
        made[rng.randrange(start, len(made))] = rng.randrange(256)
    path.write_bytes(made)
    return _every_answer(archive, path)
