"""Which frame follows which: by place, along the scan, by number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.place import Place
from fineview.core.study import FrameInfo, Laterality, Series
from fineview.services.linking import follow, relation

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def stack(uid: str, zs, space: str | None = "1.9", right=X, down=Y, modality: str = "MR") -> Series:
    spacing = Spacing(1.0, 1.0, 1.0, ScaleSource.CALIBRATED)
    frames = tuple(FrameInfo(uid, i, rows=10, cols=10, spacing=spacing, place=Place((-4.5, -4.5, z), right, down))
                   for i, z in enumerate(zs))
    return Series(uid, "1", modality, frames=frames, is_volume=True, frame_of_reference_uid=space)


def eye(uid: str, count: int, step: float | None = None, side: str = "R", up: bool = False) -> Series:
    spacing = Spacing(0.004, 0.012, step, ScaleSource.CALIBRATED)
    ys = [10.0 * i for i in range(count)][::-1 if up else 1]
    frames = tuple(FrameInfo(uid, i, rows=10, cols=10, spacing=spacing, scan_line=((0.0, y), (100.0, y)))
                   for i, y in enumerate(ys))
    return Series(uid, "1", "OPT", frames=frames, is_volume=True, laterality=Laterality(side, "header"))


def test_the_same_place_in_the_patient_whatever_the_numbers() -> None:
    thick, thin = stack("a", [0, 5, 10, 15, 20]), stack("b", [20.0 - i for i in range(21)])
    assert relation(thick, thin) == "place"
    assert [follow(thick, 0, i, thin, 0) for i in range(5)] == [20, 15, 10, 5, 0]
    assert follow(thin, 0, 8, thick, 4) == 2  # z = 12 lies between 10 and 15, nearer to 10
    assert follow(stack("c", [40, 50]), 0, 1, thick, 0) == 4  # beyond the end: the last one


def test_a_stack_turned_over_is_still_parallel() -> None:
    over = stack("b", [0, 5, 10], right=(-1.0, 0.0, 0.0))
    assert relation(stack("a", [0, 10]), over) == "place"
    assert follow(stack("a", [0, 10]), 0, 1, over, 0) == 2


def test_planes_that_cross_do_not_scroll_together() -> None:
    assert relation(stack("a", [0, 5]), stack("b", [0, 5], down=Z)) is None


def test_a_scout_of_three_planes_follows_nobody() -> None:
    scout = stack("s", [0, 5, 10])
    crossed = replace(scout, frames=(*scout.frames[:2], stack("x", [0], down=Z).frames[0]))
    assert relation(stack("a", [0, 5]), crossed) is None and relation(stack("a", [0, 5]), scout) == "place"


def test_another_frame_of_reference_keeps_the_distance_in_frames() -> None:
    now, before = stack("a", range(10)), stack("b", range(30), space="1.8")
    assert relation(now, before) == "index"
    assert follow(now, 4, 7, before, 11) == 14
    assert follow(now, 4, 0, before, 2) == 0


def test_two_panes_of_one_series_keep_their_distance() -> None:
    one = stack("a", range(10))
    assert relation(one, one) == "index" and follow(one, 2, 5, one, 4) == 7


def test_two_eyes_go_down_the_fundus_together() -> None:
    right, left = eye("r", 61), eye("l", 61, side="L")
    assert relation(right, left) == "scan" and follow(right, 30, 12, left, 30) == 12
    # The other instrument scans from below.
    assert follow(right, 30, 12, eye("l", 61, up=True), 30) == 48
    # A hand has put the foveas side by side: the distance stays.
    assert follow(right, 30, 35, left, 28) == 33


def test_different_densities_by_mm_where_known_else_by_share() -> None:
    # 61 lines 0.1 mm apart beside 25 lines 0.24 mm apart: 12 lines are 1.2 mm, that is 5 lines.
    assert follow(eye("r", 61, 0.1), 30, 42, eye("l", 25, 0.24), 12) == 17
    # The same without a scale on one side: 30 of 60 steps are 12 of 24.
    assert follow(eye("r", 61, 0.1), 30, 60, eye("l", 25), 12) == 24


@pytest.mark.parametrize("other", [eye("l", 1), stack("m", range(5)), Series("e", "1", "OPT")])
def test_what_does_not_scroll(other: Series) -> None:
    assert relation(eye("r", 61), other) is None and follow(eye("r", 61), 0, 5, other, 0) is None
