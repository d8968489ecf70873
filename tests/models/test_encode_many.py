"""A volume frame by frame and together: the same numbers, in order, bounded, cancelled between frames."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from fineview.models import volume
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor.untrained(TINY, seed=3)


def frames(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    sizes = [(300, 420), (420, 300), (300, 420)]
    return [rng.integers(0, 255, (*sizes[number % 3], 3)).astype(np.uint8) for number in range(count)]


@pytest.fixture(autouse=True)
def two_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume, "cpu_lanes", lambda: 2)  # also where torch was told to use one thread


def test_the_same_numbers_as_frame_at_a_time_in_the_same_order(predictor: Predictor) -> None:
    pictures = frames(3)
    many = list(predictor.encode_many(iter(pictures)))
    assert len(many) == 3
    for picture, together in zip(pictures, many, strict=True):
        alone = predictor.encode(picture)
        assert together.where == alone.where and np.array_equal(together.canvas, alone.canvas)
        assert np.allclose(together.logits, alone.logits, atol=2e-2)
        assert np.allclose(together.cls_row, alone.cls_row, atol=1e-2)
        assert np.allclose(predictor.raw_map(together, "disc"), predictor.raw_map(alone, "disc"), atol=1e-2)
        assert together.domain == pytest.approx(alone.domain, abs=1e-2)


def test_a_batch_of_one_grid_gives_what_its_frames_give(predictor: Predictor) -> None:
    from fineview.models.inputs import prepare

    ready = [prepare(picture) for picture in frames(4)[::3]]  # both 300 x 420
    stacked = predictor._network(torch.cat([one.fine for one in ready]), torch.cat([one.extra for one in ready]),
                                 ready[0].where.grid, torch.cat([one.inside for one in ready]))
    for number, one in enumerate(ready):
        alone = predictor._network(one.fine, one.extra, one.where.grid, one.inside)
        found = stacked.of(number)
        for batched, single in zip((found.tokens, found.logits, found.lines, found.rows, *found.levels),
                                   (alone.tokens, alone.logits, alone.lines, alone.rows, *alone.levels), strict=True):
            assert batched.shape == single.shape
            assert torch.allclose(batched, single, atol=5e-2)


def test_frames_are_read_only_as_far_ahead_as_there_are_lanes() -> None:
    read: list[int] = []

    def source() -> Iterator[int]:
        for number in range(50):
            read.append(number)
            yield number

    taken = 0
    for made in volume.in_order(lambda number: number * 10, source(), lanes=3):
        assert made == taken * 10
        taken += 1
        assert len(read) <= taken + 4
    assert taken == 50


def test_lanes_work_at_the_same_time_and_leave_torch_as_it_was() -> None:
    meeting, before = threading.Barrier(2, timeout=20), torch.get_num_threads()

    def meet(number: int) -> int:
        meeting.wait()  # breaks unless two are under way together
        return torch.get_num_threads()

    assert list(volume.in_order(meet, range(6), lanes=2)) == [1] * 6
    found: list[int] = []
    later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert torch.get_num_threads() == before and found == [before]


def test_an_error_comes_in_its_place_and_ends_the_threads() -> None:
    def work(number: int) -> int:
        if number == 2:
            raise ValueError("frame 2")
        return number

    made = []
    with pytest.raises(ValueError, match="frame 2"):
        for one in volume.in_order(work, range(100), lanes=2):
            made.append(one)
    assert made == [0, 1]


def test_cancelling_ends_a_volume_between_frames(predictor: Predictor) -> None:
    class Stop(Exception):
        pass

    class Token:
        wanted = True

        def raise_if_cancelled(self) -> None:
            if not self.wanted:
                raise Stop

    token, read = Token(), []

    def source() -> Iterator[np.ndarray]:
        for number in range(200):
            read.append(number)
            yield frames(1)[0]

    with pytest.raises(Stop):
        for _ in predictor.encode_many(source(), token):
            token.wanted = False
    assert len(read) < 20


def test_neighbours_of_one_grid_make_a_batch() -> None:
    assert list(volume.batches([1, 1, 1, 2, 1, 1], lambda one: one, 2)) == [[1, 1], [1], [2], [1, 1]]
    assert list(volume.batches([], lambda one: one, 2)) == []
