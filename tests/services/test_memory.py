"""A study larger than the budget.  Pixels are counted where they are made: an array lives until nobody holds it."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fineview.core.geometry import Spacing
from fineview.core.image import Raster
from fineview.core.study import Catalogue, FrameInfo, FrameKey, Patient, Series, Study
from fineview.formats.archive import FileArchive
from fineview.formats.write_series import write_sparse_series
from fineview.services.jobs import Jobs
from fineview.services.machine import Machine, read_machine
from fineview.services.memory import GB, MB, Memory
from fineview.services.open_study import OpenStudy
from fineview.services.panes import Pane, SeriesFrame
from fineview.services.remembered import PICTURES
from fineview.services.session import ByteCache, Session
from fineview.services.snapshot import snapshot
from fineview.services.workbench import Workbench
from fineview.store.cellar import Cellar

FRAMES, SIDE = 120, 512
EACH = 2 * SIDE * SIDE
BUDGET = 16 * MB


def series(uid: str, count: int) -> Series:
    frames = tuple(FrameInfo(f"{uid}.dcm", i, f"{uid}.{i}", rows=SIDE, cols=SIDE) for i in range(count))
    return Series(uid, "study", "CT", rows=SIDE, cols=SIDE, frames=frames, is_volume=True, spacing=Spacing())


class Counting:
    """An archive that counts what it made and what of it is still alive."""

    def __init__(self, counts: Sequence[int] = (FRAMES,)) -> None:
        self.study = Study("study", Patient("A"), series=tuple(series(f"s{n}", c) for n, c in enumerate(counts)))
        self.made: Counter[tuple[str, int]] = Counter()
        self.alive = self.peak = 0
        self._lock = threading.Lock()

    def scan(self, paths: object, token: object) -> Iterator[Catalogue]:
        yield Catalogue((self.study,))

    def read_frame(self, frame: FrameInfo) -> Raster:
        pixels = np.full((frame.rows, frame.cols), frame.frame_in_file, np.uint16)
        with self._lock:
            self.made[frame.path, frame.frame_in_file] += 1
            self.alive += pixels.nbytes
            self.peak = max(self.peak, self.alive)
        weakref.finalize(pixels, self._gone, pixels.nbytes)
        return Raster(pixels)

    def read_layers(self, frame: FrameInfo) -> tuple[()]:
        return ()

    def _gone(self, size: int) -> None:
        self.alive -= size


class Settings(dict[str, str]):
    def setting(self, name: str) -> str | None:
        return self.get(name)

    def set_setting(self, name: str, value: str) -> None:
        self[name] = value


class Room:
    """``free``: bytes that the pretended computer has left; every look is a new one."""

    def __init__(self, folder: Path, jobs: Jobs, mailbox, archive) -> None:
        self.jobs, self.mailbox, self.archive = jobs, mailbox, archive
        self.session, self.journal, self.free, self.now = Session(), Cellar(folder / "store"), 64 * GB, 0.0
        self.memory = Memory(self.session, Settings({"memory-budget-mb": str(BUDGET // MB)}),
                             lambda: Machine(64 * GB, self.free), self.clock)
        self.open = OpenStudy(self.session, jobs, archive, self.journal, folder)
        self.session.subscribe(lambda: snapshot(self.session))

    def clock(self) -> float:
        self.now += 10.0
        return self.now

    def settle(self) -> None:
        self.mailbox.pump(lambda: self.session.raster is not None and not self.session.progress)

    def start(self) -> None:
        self.open.paths([Path("anywhere")])
        self.settle()

    def go(self, index: int) -> None:
        self.open.show_frame(index)
        self.settle()

    def at_hand(self, uid: str = "s0") -> set[int]:
        return {key.index for key, _ in self.session.rasters.items() if key.series_uid == uid}


@pytest.fixture
def make(tmp_path: Path, jobs: Jobs, mailbox) -> Iterator:
    rooms: list[Room] = []

    def enter(archive) -> Room:
        PICTURES.clear()
        rooms.append(Room(tmp_path, jobs, mailbox, archive))
        return rooms[0]

    yield enter
    jobs.close()
    for room in rooms:
        room.journal.close()
    PICTURES.clear()


def test_a_study_of_sixty_megabytes_under_sixteen(make) -> None:
    room = make(Counting())
    room.start()
    for index in (60, 0, FRAMES - 1, 30, 90):
        room.go(index)
        assert room.memory.held_bytes <= BUDGET
        near = {i for i in range(index - 5, index + 6) if 0 <= i < FRAMES}
        assert near <= room.at_hand(), "the neighbours of where the person is are there"
    assert room.archive.peak <= 1.2 * BUDGET
    assert room.archive.peak > BUDGET / 2, "the budget is used"


def test_scrolling_through_reads_no_frame_again_and_again(make) -> None:
    room = make(Counting())
    room.start()
    room.go(0)
    before = room.archive.made.copy()
    for index in range(FRAMES):
        room.go(index)
    read = room.archive.made - before
    assert max(read.values()) <= 2 and read.total() <= 1.1 * FRAMES
    assert room.archive.peak <= 1.2 * BUDGET


def test_within_what_is_there_nothing_is_read(make) -> None:
    room = make(Counting())
    room.start()
    made = room.archive.made.total()
    for index in (60, 61, 62, 61, 60, 59, 58):
        room.go(index)
    assert room.archive.made.total() == made


def test_who_cancels_loading_is_not_overruled_by_scrolling(make) -> None:
    room = make(Counting())
    room.open.paths([Path("anywhere")])
    room.mailbox.pump(lambda: "preload" in room.session.progress)
    Workbench.cancel(room, "preload")  # type: ignore[arg-type]
    room.settle()
    made = room.archive.made.total()
    room.go(5)
    assert room.archive.made.total() <= made + 1


def test_the_next_series_is_loaded_where_there_is_room(make) -> None:
    room = make(Counting((4, 6)))
    room.start()
    assert room.at_hand("s0") == set(range(4)) and room.at_hand("s1") == set(range(6))


def test_where_room_is_taken_the_farthest_frames_go_first(make) -> None:
    room = make(Counting())
    room.start()
    before = room.at_hand()
    Large.held_bytes, held = 4 * MB, Large.held_bytes
    room.memory.share(1 / 2, Large())
    room.session.pulse()
    Large.held_bytes = held
    stayed, gone = room.at_hand(), before - room.at_hand()
    assert gone and max(abs(i - 60) for i in stayed) <= min(abs(i - 60) for i in gone)


def test_the_frame_of_another_pane_stays_while_the_active_one_goes_far(make) -> None:
    room = make(Counting())
    room.start()
    panes = replace(room.session.panes, layout="1x2").put(1, Pane(SeriesFrame("s0", 60)))
    room.session.panes = panes
    for index in range(61, FRAMES):
        room.go(index)
    assert 60 in room.at_hand() and 90 not in room.at_hand()
    assert room.session.rasters.pinned == {FrameKey("s0", FRAMES - 1), FrameKey("s0", 60)}
    read = room.archive.made.total()
    room.open.frames.preload(room.session.series)
    room.settle()
    assert room.archive.made.total() <= read + FRAMES // 10, "a series in two panes is not read twice"


def test_frames_on_screen_are_never_let_go() -> None:
    cache: ByteCache[str, bytes] = ByteCache(len, 10)
    cache.pinned = frozenset({"shown"})
    for name in ("shown", "b", "c", "d"):
        cache[name] = b"1234"
    assert [name for name, _ in cache.items()] == ["shown", "d"]
    assert cache.held_bytes == 8


def test_a_computer_that_runs_short_is_heeded_and_told_of_once(make) -> None:
    room = make(Counting())
    room.memory.set_budget(2 * GB)
    room.start()
    assert room.at_hand() == set(range(FRAMES)) and room.memory.budget_bytes == 2 * GB
    room.free = 0
    for _ in range(3):
        room.memory.check()
    assert room.memory.budget_bytes == 256 * MB
    assert [notice.code for notice in room.session.notices] == ["memory-short"]
    room.free = 64 * GB
    room.memory.check()
    assert room.memory.budget_bytes == 2 * GB


def test_another_budget_holds_at_once_and_is_kept(make) -> None:
    room = make(Counting())
    room.memory.set_budget(GB)
    room.start()
    whole = room.memory.held_bytes
    assert whole >= FRAMES * EACH
    kept = room.memory._settings
    assert Memory(Session(), kept, lambda: None).wished_bytes == GB
    kept["memory-budget-mb"] = "much"
    assert Memory(Session(), kept, lambda: None).wished_bytes == 2 * GB


def test_pictures_of_series_are_small(make) -> None:
    room = make(Counting())
    room.start()
    room.mailbox.pump(lambda: bool(room.session.thumbnails))
    (raster,) = room.session.thumbnails.values()
    assert raster.pixels.shape == (256, 256) and (raster.pixels == FRAMES // 2).all()


def test_real_files_through_the_reading_child(make, tmp_path: Path) -> None:
    write_sparse_series(tmp_path / "study", 60, (SIDE, SIDE))
    archive = FileArchive()
    try:
        room = make(archive)
        room.open.paths([tmp_path / "study"])
        room.settle()
        assert room.session.raster.pixels.shape == (SIDE, SIDE) and room.session.raster.pixels.dtype == np.uint16
        room.go(59)
        uid = room.session.series.uid
        assert all(FrameKey(uid, index) in room.session.rasters for index in range(54, 60))
        assert room.memory.held_bytes <= BUDGET
    finally:
        archive.close()


def test_what_the_kernel_tells(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       8000 kB\nMemFree:         100 kB\nMemAvailable:   3000 kB\n")
    assert read_machine(meminfo, tmp_path) == Machine(8000 * 1024, 3000 * 1024)
    for name, words in (("memory.max", "4096000\n"), ("memory.current", "3072000\n"),
                        ("memory.stat", "anon 5\ninactive_file 1000\n")):
        (tmp_path / name).write_text(words)
    assert read_machine(meminfo, tmp_path) == Machine(4096000, 1025000)
    (tmp_path / "memory.max").write_text("max\n")
    assert read_machine(meminfo, tmp_path) == Machine(8000 * 1024, 3000 * 1024)
    assert read_machine(tmp_path / "missing", tmp_path) is None


class Cramped(Counting):
    """A computer on which no more than 12 MB can be had, whatever the budget says."""

    def read_frame(self, frame: FrameInfo) -> Raster:
        if self.alive + EACH > 12 * MB:
            raise MemoryError
        return super().read_frame(frame)


def test_where_memory_cannot_be_had_others_make_room_for_the_frame_that_is_wanted(make) -> None:
    room = make(Cramped())
    room.memory.set_budget(2 * GB)
    room.open.paths([Path("anywhere")])
    for index in (60, 0, 119, 60):
        room.go(index)
        assert int(room.session.raster.pixels[0, 0]) == index and not room.session.frame_problem
    assert room.archive.peak <= 12 * MB
    assert {notice.what for notice in room.session.notices} <= {"There is not enough memory for this."}


class Large:
    """Something else that holds pixels, such as a volume."""

    budget_bytes = 0
    held_bytes = 8 * MB

    def trim(self) -> None:
        pass


def test_frames_make_room_for_what_else_is_held(make) -> None:
    room = make(Counting())
    room.start()
    room.memory.share(1 / 2, (other := Large()))
    room.session.pulse()
    assert other.budget_bytes == BUDGET // 2
    assert room.memory.held_bytes <= BUDGET
    assert room.session.rasters.held_bytes <= BUDGET - 8 * MB
    assert 60 in room.at_hand(), "what is on screen stays"
