"""What is wrong with a stack of frames, in words with numbers; expected ones follow from how the stack was made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fineview.core.geometry import Circle, Spacing
from fineview.core.study import FrameInfo
from fineview.imaging.stack import stack_of
from tests.imaging.stacks import frame, turned, upright


def words(frames: list[FrameInfo], modality: str = "CT") -> list[str]:
    return [fault.words for fault in stack_of(modality, frames).faults]


def test_an_even_stack_has_no_fault_and_its_voxels_lie_where_the_headers_say() -> None:
    stack = stack_of("CT", upright(5, 7, 9, 11))
    assert stack.faults == () and stack.refused == "" and stack.grid is not None
    # Column 3, row 2, frame 1 by hand: -10 + 3 * 0.5, -20 + 2 * 0.5, 7.
    assert stack.grid.to_mm(np.array((3.0, 2.0, 1.0))).tolist() == [-8.5, -19.0, 7.0]
    assert stack.grid.voxel_mm == (0.5, 0.5, 2.0) and stack.grid.nearest_frame((0, 0, 9.9)) == 2


@pytest.mark.parametrize(("heights", "said"), [
    ((0, 2, 4, 6, 10, 12), "1 slice seems to be missing between slices 4 and 5; the others are 2 mm apart."),
    ((0, 2, 4, 10, 12, 16), "3 slices seem to be missing: 2 between slices 3 and 4, 1 between slices 5 and 6; the "
                            "others are 2 mm apart."),
    ((0, 2, 4, 6, 9, 11), "The slices are not evenly spaced: 2 to 3 mm apart."),
    # Two slices nearly at one place are no gap of a slice less than none.
    ((0, 2, 4, 6, 6.08, 8.08), "The slices are not evenly spaced: 0.08 to 2 mm apart.")])
def test_gaps_are_counted_and_named(heights: tuple[float, ...], said: str) -> None:
    stack = stack_of("CT", upright(*heights))
    assert [fault.words for fault in stack.faults] == [said] and stack.grid is not None
    # True places are kept: the last frame lies at its own height.
    assert stack.grid.to_mm(np.array((0, 0, stack.grid.steps[-1])))[2] == pytest.approx(heights[-1])


def test_rounded_positions_are_even() -> None:
    stack = stack_of("MR", upright(0, 1.333, 2.667, 4.0))
    assert stack.faults == () and stack.grid is not None and stack.grid.steps.tolist() == [0, 1, 2, 3]
    assert stack.grid.apart_mm == pytest.approx(4 / 3)


def test_a_tilted_gantry_is_told_in_degrees_and_keeps_its_shear() -> None:
    # The table moves along z while the slices lean by 20 degrees.
    frames = [frame((0, 0, 3.0 * k), turned(20)) for k in range(5)]
    stack = stack_of("CT", frames)
    assert [fault.words.split(":")[0] for fault in stack.faults] == ["The gantry was tilted by 20.0 degrees"]
    assert stack.grid is not None and not stack.refused
    assert stack.grid.to_mm(np.array((0.0, 0.0, 4.0))) == pytest.approx((0, 0, 12))
    assert stack.grid.apart_mm == pytest.approx(3 * np.cos(np.radians(20)))


@pytest.mark.parametrize(("frames", "said"), [
    (upright(0, 2), "Only 2 slices: too few for a volume."),
    (upright(0, 0, 2, 2, 4, 4), "6 frames lie at 3 places, 2 at each: several times, echoes or passes."),
    (upright(0, 2, 2, 4), "4 frames lie at 3 places, up to 2 at each: several times, echoes or passes."),
    (upright(3, 3, 3), "3 frames lie at one place: several times, echoes or passes."),
    ([*upright(0, 2), frame((0, 0, 4), turned(3))], "The slices lie in different directions, up to 3.0 degrees apart."),
    ([*upright(0, 2), frame((-10, -20, 4), size=(8, 9))],
     "The size differs between the frames: 10 x 8 in 2, 9 x 8 in 1."),
    ([*upright(0, 2), frame((-10, -20, 4), spacing=(0.5, 0.6))],
     "Pixel spacing differs between the frames: 0.5 to 0.6 mm."),
    ([*upright(0, 2), replace(upright(4)[0], spacing=Spacing())], "1 of 3 frames have no pixel spacing."),
    ([frame((-10, -20, 0)), frame((-7, -20, 2)), frame((-10, -20, 4))],
     "The slices are shifted against each other by up to 3 mm."),
    ([*upright(0, 2), replace(upright(4)[0], place=None)], "1 of 3 frames do not say where they lie in the patient."),
    ([replace(one, place=None) for one in upright(0, 2, 4)], "The frames do not say where they lie in the patient.")])
def test_what_is_no_volume_is_refused_with_the_reason(frames: list[FrameInfo], said: str) -> None:
    stack = stack_of("MR", frames)
    assert stack.grid is None and stack.refused == said


def b_scans(*places: float, **values: object) -> list[FrameInfo]:
    made = [replace(frame((0, 0, 0), spacing=(0.004, 0.01)), place=None, position_mm=place) for place in places]
    return [replace(one, **values) for one in made]  # type: ignore[arg-type]


def test_an_oct_volume_is_laid_along_its_own_axes() -> None:
    lines = [((0.0, 50.0 - k), (99.0, 50.0 - k)) for k in range(4)]
    frames = [replace(one, scan_line=line) for one, line in zip(b_scans(0, 0.1, 0.2, 0.3), lines, strict=True)]
    grid = stack_of("OPT", frames).grid
    assert grid is not None and grid.axes == "own"
    # The first B-scan is the lowest on the localizer, and lies lowest here: z falls from frame to frame.
    assert grid.to_mm(np.array((9.0, 7.0, 3.0))) == pytest.approx((0.09, 0.028, -0.3))


def test_b_scans_that_are_not_parallel_make_no_volume() -> None:
    star = [((0.0, 50.0), (99.0, 50.0)), ((50.0, 0.0), (50.0, 99.0)), ((15.0, 15.0), (85.0, 85.0))]
    frames = [replace(one, scan_line=line) for one, line in zip(b_scans(0, 0.1, 0.2), star, strict=True)]
    assert stack_of("OPT", frames).refused == "The B-scans are not parallel."
    # Planes through one axis, turned by 30 degrees each; a step between them is no distance of parallel ones.
    ways = [(float(np.cos(turn)), 0.0, float(np.sin(turn))) for turn in np.radians((150, 120, 90, 60, 30, 0))]
    radial = [replace(frame((-3 * x, 0, 100 - 3 * z), ((x, y, z), (0.0, 1.0, 0.0))), position_mm=100 * x)
              for x, y, z in ways]
    stepped = [replace(one, position_mm=None, spacing=replace(one.spacing, slice_mm=0.1)) for one in radial]
    for frames in (radial, stepped):
        assert stack_of("OPT", frames).refused == "The B-scans are not parallel."
    round_the_disc = b_scans(0, 0.1, 0.2, scan_circle=Circle((60.0, 50.0), (50.0, 50.0)))
    assert stack_of("OPT", round_the_disc).refused == "The B-scans are not parallel."
    assert stack_of("OPT", b_scans(0, 0.1, 0.2, position_mm=None)).refused == \
        "The distance between the B-scans is not known."


def test_two_scans_in_one_series_are_not_one_behind_the_other() -> None:
    """Two multi-frame files that give a step and no places, such as both eyes; single frames may still be counted."""
    counted = [replace(one, spacing=replace(one.spacing, slice_mm=0.1), frame_in_file=n % 3)
               for n, one in enumerate(b_scans(*range(6), position_mm=None))]
    scans = [replace(one, path="right" if n < 3 else "left") for n, one in enumerate(counted)]
    assert stack_of("OPT", scans).refused == "The distance between the B-scans is not known."
    for whole in (counted, [replace(one, path=str(n), frame_in_file=0) for n, one in enumerate(counted)]):
        grid = stack_of("OPT", whole).grid
        assert grid is not None and grid.apart_mm == pytest.approx(0.1)


def test_numbers_that_no_instrument_has_make_no_volume() -> None:
    tiny = [replace(one, spacing=replace(one.spacing, row_mm=1e-300, col_mm=1e-300)) for one in upright(0, 2, 4)]
    assert stack_of("CT", tiny).refused == "The frames have no pixel spacing."
    for wrong in (float("nan"), float("inf"), 1e300):
        assert stack_of("OPT", b_scans(0, wrong, 0.2)).refused == "The distance between the B-scans is not known."
