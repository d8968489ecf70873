"""Building a volume: progress, cancel, the budget, and frames that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.errors import Cancelled, InputProblem, LimitExceeded, RequestProblem
from fineview.core.image import Raster, Window
from fineview.core.study import FrameInfo, Series
from fineview.services.jobs import Token
from fineview.services.volumes import build_volume
from tests.imaging.stacks import upright


def series(*heights: float) -> Series:
    return Series("1", "1", "CT", frames=tuple(upright(*heights)), is_volume=True)


def reader(kinds: dict[float, str] | None = None):
    """A raster of a frame's height in every pixel; ``kinds``: numbers of another dtype at some heights."""
    read: list[float] = []

    def frame(one: FrameInfo) -> Raster:
        assert one.place is not None
        height = one.place.corner_mm[2]
        read.append(height)
        pixels = np.full((one.rows, one.cols), height, (kinds or {}).get(height, "<i2"))
        return Raster(pixels, "HU", windows=(Window(40, height + 1),))

    return frame, read


def test_frames_at_hand_are_not_read_again_and_the_rest_is_told() -> None:
    read, asked = reader()
    known = {1: read(upright(7)[0])}
    told: list[tuple[float, float]] = []
    token = Token(lambda done, total, words: told.append((done, total)))
    volume = build_volume(series(5, 7, 9, 11), read, token, known.get)
    assert sorted(asked) == [5, 7, 9, 11] and told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert volume.voxels.shape == (4, 8, 10) and volume.voxels[:, 0, 0].tolist() == [5, 7, 9, 11]
    assert (volume.unit, volume.window) == ("HU", Window(40, 10)) and not volume.voxels.flags.writeable


def test_frames_of_different_numbers_keep_their_values() -> None:
    read, _ = reader({5: "<u2", 11: "<f4"})
    volume = build_volume(series(5, 7, 9, 11), read, Token())
    assert volume.voxels.dtype.kind == "f" and volume.voxels[:, 3, 3].tolist() == [5, 7, 9, 11]


def test_cancel_stops_between_frames() -> None:
    read, asked = reader()
    token = Token(lambda done, total, words: token.cancel() if done == 2 else None)
    with pytest.raises(Cancelled):
        build_volume(series(5, 7, 9, 11, 13, 15), read, token)
    assert len(asked) == 3  # the middle one, and two from the start


def test_what_is_too_large_is_refused_with_what_it_would_need() -> None:
    asked: list[FrameInfo] = []

    def large(one: FrameInfo) -> Raster:
        asked.append(one)
        return Raster(np.broadcast_to(np.int16(7), (10240, 10240)))  # claims 200 MiB, holds two bytes

    with pytest.raises(LimitExceeded, match="need 1.0 GB of memory, and 0.5 GB may be used") as said:
        build_volume(series(5, 7, 9, 11, 13), large, Token(), budget_bytes=512 * 1024**2)
    assert said.value.code == "volume-size" and len(asked) == 1
    read, _ = reader({11: "<f8"})
    with pytest.raises(LimitExceeded):
        build_volume(series(5, 7, 9, 11), read, Token(), budget_bytes=4 * 80 * 2)


def test_a_frame_of_another_size_or_none_at_all_is_named() -> None:
    def wrong(one: FrameInfo) -> Raster:
        assert one.place is not None
        return Raster(np.zeros((8, 10 if one.place.corner_mm[2] < 9 else 9), "u1"))

    with pytest.raises(RequestProblem, match="Frame 3 has another size"):
        build_volume(series(5, 7, 9), wrong, Token())

    def broken(one: FrameInfo) -> Raster:
        assert one.place is not None
        if one.place.corner_mm[2] == 9:
            raise InputProblem("It ends early.", "Copy it again.", "truncated")
        return Raster(np.zeros((8, 10), "u1"))

    with pytest.raises(InputProblem, match="Frame 3 cannot be read. It ends early.") as said:
        build_volume(series(5, 7, 9), broken, Token())
    assert said.value.code == "truncated"
    with pytest.raises(RequestProblem, match="too few for a volume"):
        build_volume(series(5, 7), broken, Token())
