"""Whether the frames of a series make a volume: where their voxels lie, and what is wrong with them in words.

Every frame is taken where its own header puts it (PS3.3 C.7.6.2.1.1).  Nothing is moved to fit an even stack: a tilt
becomes a sheared grid, uneven slices keep their true distances, and a stack that is no volume is called none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import ScaleSource
from fineview.core.study import FrameInfo
from fineview.core.volume import Axes, Floats, Grid

FEWEST = 3
UNEVEN = 0.05
"""Steps that differ from the usual one by a larger share are told."""
WIDEST_GAP = 1.5
"""Between frames further apart than so many usual steps nothing is interpolated."""
_ROUNDED = 0.01  # of a step: positions are rounded in files
_SAME_MM = 1e-3
_SAME_SPACING = 1e-3
_FINEST_MM = 1e-6
_FARTHEST_MM = 1e6
_TURNED_DEGREES = 0.5
_TILTED_DEGREES = 0.5
_CROSSED_DEGREES = 3.0
_SHIFTED_PX = 0.25


@dataclass(frozen=True, slots=True)
class Fault:
    """``words``: a sentence with its numbers.  ``forbids``: there is no volume, and no other planes are cut."""

    words: str
    forbids: bool = False


@dataclass(frozen=True, slots=True)
class Stack:
    """``grid``: where the voxels lie; None where a fault forbids it."""

    grid: Grid | None
    faults: tuple[Fault, ...] = ()

    @property
    def refused(self) -> str:
        """Why there is no volume; "" where there is one."""
        return next((fault.words for fault in self.faults if fault.forbids), "")


def stack_of(modality: str, frames: Sequence[FrameInfo]) -> Stack:
    """``frames`` in the order of their series.  An OCT volume is laid along its own axes, all others in the patient."""
    faults = _unlike(frames)
    if modality == "OPT":
        return _own_axes(frames, faults)
    places = [frame.place for frame in frames if frame.place is not None]
    if len(places) < len(frames) or not places:
        missing = len(frames) - len(places)
        words = "The frames do not say where they lie in the patient." if missing == len(frames) else \
            f"{missing} of {len(frames)} frames do not say where they lie in the patient."
        return Stack(None, (*faults, Fault(words, True)))
    rights, downs = (np.array([getattr(place, name) for place in places]) for name in ("right", "down"))
    turned = max(_degrees(rights), _degrees(downs))
    if turned > _TURNED_DEGREES:
        return Stack(None, (*faults, Fault(f"The slices lie in different directions, up to {turned:.1f} degrees apart.",
                                           True)))
    corners, normal = np.array([place.corner_mm for place in places]), np.array(places[0].normal)
    along = (corners - corners[0]) @ normal
    faults += _uneven(along)
    if any(fault.forbids for fault in faults):
        return Stack(None, tuple(faults))
    step = (corners[-1] - corners[0]) / (along[-1] - along[0])
    faults += _sideways(corners - corners[0] - along[:, None] * step, step, frames[0])
    spacing = frames[0].spacing
    return _stack((rights[0], spacing.col_mm), (downs[0], spacing.row_mm), step, corners[0], along, "patient", faults,
                  spacing.source)


def _stack(right: tuple[Floats, float | None], down: tuple[Floats, float | None], step: Floats, corner: Floats,
           along: Floats, axes: Axes, faults: list[Fault], source: ScaleSource) -> Stack:
    if any(fault.forbids for fault in faults) or right[1] is None or down[1] is None:
        return Stack(None, tuple(faults))
    apart = float(np.median(np.diff(along)))
    steps = along / apart
    # Where rounding alone makes them uneven they are even, over the whole length.
    even = np.arange(len(along)) * (steps[-1] / (len(along) - 1))
    if float(np.abs(steps - even).max()) <= _ROUNDED:
        apart, steps = along[-1] / (len(along) - 1), np.arange(len(along), dtype=np.float64)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = right[0] * right[1], down[0] * down[1], step * apart
    affine[:3, 3] = corner
    return Stack(Grid(affine, steps, axes, float(apart), source), tuple(faults))


def spacing_faults(frames: Sequence[FrameInfo]) -> list[Fault]:
    """Frames whose pixels are not of one size, or of none."""
    spacings = np.array([(frame.spacing.row_mm or 0.0, frame.spacing.col_mm or 0.0) for frame in frames])
    low, high = spacings.min(0), spacings.max(0)
    silent = sum(min(pair) < _FINEST_MM or frame.spacing.source is ScaleSource.NONE
                 for pair, frame in zip(spacings, frames, strict=True))
    if silent:
        which = f"{silent} of {len(frames)} frames have" if silent < len(frames) else "The frames have"
        return [Fault(f"{which} no pixel spacing.", True)]
    if (high > low * (1 + _SAME_SPACING)).any():
        return [Fault(f"Pixel spacing differs between the frames: {low.min():.4g} to {high.max():.4g} mm.", True)]
    return []


def _unlike(frames: Sequence[FrameInfo]) -> list[Fault]:
    """Frames that are no slices of one block."""
    sizes = Counter((frame.rows, frame.cols) for frame in frames)
    if len(sizes) > 1:
        named = ", ".join(f"{cols} x {rows} in {n}" for (rows, cols), n in sizes.most_common(3))
        return [Fault(f"The size differs between the frames: {named}.", True)]
    if min(min(size) for size in sizes) < 2:
        return [Fault("Frames of a single row or column make no volume.", True)]
    return spacing_faults(frames)


def _uneven(along: NDArray[np.float64]) -> list[Fault]:
    """Frames at one place, gaps, and distances that differ; ``along`` (K,) in mm along the normal."""
    if len(along) > 1 and float(np.diff(along).min()) < -_SAME_MM:
        return [Fault("The frames are not in the order of their places.", True)]
    places = np.bincount(np.cumsum(np.diff(along, prepend=along[0]) > _SAME_MM))  # how many frames lie at each
    if len(places) < len(along):
        most = int(places.max())
        each = f"{len(places)} places, {'' if int(places.min()) == most else 'up to '}{most} at each"
        where = "one place" if len(places) == 1 else each
        return [Fault(f"{len(along)} frames lie at {where}: several times, echoes or passes.", True)]
    if len(along) < FEWEST:
        return [Fault(f"Only {len(along)} slice{'s' if len(along) > 1 else ''}: too few for a volume.", True)]
    steps = np.diff(along)
    usual = float(np.median(steps))
    whole = np.round(steps / usual)
    if float(np.abs(steps - usual).max()) <= UNEVEN * usual:
        return []
    if whole.min() < 1 or float(np.abs(steps - whole * usual).max()) > UNEVEN * usual:
        return [Fault(f"The slices are not evenly spaced: {steps.min():.4g} to {steps.max():.4g} mm apart.")]
    return [Fault(_gaps(whole.astype(int) - 1, usual))]


def _gaps(lacking: NDArray[np.int_], usual: float) -> str:
    """Slices that an even stack would have and this one has not; counted from 1, as the window does."""
    holes = [(int(at) + 1, int(lacking[at])) for at in np.flatnonzero(lacking)]
    total = sum(n for _, n in holes)
    head = f"{total} slices seem to be missing" if total > 1 else "1 slice seems to be missing"
    where = f" between slices {holes[0][0]} and {holes[0][0] + 1}"
    if len(holes) > 1:
        where = ": " + ", ".join(f"{n} between slices {at} and {at + 1}" for at, n in holes[:3])
    more = f" and in {len(holes) - 3} more gaps" if len(holes) > 3 else ""
    return f"{head}{where}{more}; the others are {usual:.4g} mm apart."


def _sideways(off: Floats, step: Floats, frame: FrameInfo) -> list[Fault]:
    """Slices that do not lie straight above each other: a tilted gantry, or no straight line at all.

    ``off`` (K, 3): how far each corner lies off the line from the first to the last; ``step``: along it, 1 mm further
    along the normal.
    """
    pixel = min(frame.spacing.row_mm or 1.0, frame.spacing.col_mm or 1.0)
    shifted = float(np.linalg.norm(off, axis=1).max())
    if shifted > _SHIFTED_PX * pixel:
        return [Fault(f"The slices are shifted against each other by up to {shifted:.2g} mm.", True)]
    tilt = math.degrees(math.acos(min(1.0, 1.0 / float(np.linalg.norm(step)))))
    if tilt < _TILTED_DEGREES:
        return []
    return [Fault(f"The gantry was tilted by {tilt:.1f} degrees: each slice is shifted against the next. Other planes "
                  "are cut along the true directions.")]


def _own_axes(frames: Sequence[FrameInfo], faults: list[Fault]) -> Stack:
    if not_parallel(frames):
        faults.append(Fault("The B-scans are not parallel.", True))
        return Stack(None, tuple(faults))
    said = [frame.position_mm for frame in frames
            if frame.position_mm is not None and abs(frame.position_mm) <= _FARTHEST_MM]
    along: Floats
    between = frames[0].spacing.slice_mm if frames else None
    if len(said) == len(frames) and len(set(said)) > 1:
        along = np.array(said) - said[0]
    elif between and _FINEST_MM <= between <= _FARTHEST_MM and not of_several_scans(frames):
        along = np.arange(len(frames), dtype=np.float64) * between
    else:
        return Stack(None, (*faults, Fault("The distance between the B-scans is not known.", True)))
    faults += _uneven(along)
    lines = [frame.scan_line for frame in frames]
    # Down the picture from the front as down the localizer: many instruments scan from below.
    upwards = lines and lines[0] and lines[-1] and lines[-1][0][1] < lines[0][0][1]
    across = np.array((0.0, 0.0, -1.0 if upwards else 1.0))
    spacing = frames[0].spacing
    return _stack((np.array((1.0, 0.0, 0.0)), spacing.col_mm), (np.array((0.0, 1.0, 0.0)), spacing.row_mm), across,
                  np.zeros(3), along, "own", faults, spacing.source)


def of_several_scans(frames: Sequence[FrameInfo]) -> bool:
    """Whether several multi-frame files hold them: then their numbers in the series are no steps through one volume."""
    return len({frame.path for frame in frames}) > 1 and any(frame.frame_in_file for frame in frames)


def not_parallel(frames: Sequence[FrameInfo]) -> bool:
    """Circular, radial and crossed scans: planes in the patient, or lines on the localizer, in several directions."""
    if any(frame.scan_circle is not None for frame in frames):
        return True
    rights, downs = (np.array([getattr(frame.place, name) for frame in frames if frame.place is not None])
                     for name in ("right", "down"))
    if len(rights) and max(_degrees(rights), _degrees(downs)) > _CROSSED_DEGREES:
        return True
    lines = np.array([frame.scan_line for frame in frames if frame.scan_line is not None])
    if len(lines) < 2:
        return False
    ways = lines[:, 1] - lines[:, 0]
    lengths = np.linalg.norm(ways, axis=1)
    units = ways[lengths > 0] / lengths[lengths > 0, None]
    crossed = np.abs(units[:, 0] * units[0, 1] - units[:, 1] * units[0, 0]) if len(units) else np.zeros(1)
    return bool(crossed.max() > math.sin(math.radians(_CROSSED_DEGREES)))


def _degrees(units: Floats) -> float:
    """Largest angle between the first of (K, 3) unit vectors and the others."""
    apart = np.linalg.norm(units - units[0], axis=1).max() / 2
    return math.degrees(2 * math.asin(min(1.0, float(apart))))
