"""One block of voxels from the frames of a series, read one by one with progress, within a budget."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import FineViewError, InputProblem, LimitExceeded, RequestProblem
from fineview.core.image import Raster
from fineview.core.study import FrameInfo, Series
from fineview.core.volume import Grid, Volume
from fineview.imaging.stack import stack_of
from fineview.imaging.window import default_window
from fineview.services.ports import TokenPort

Read = Callable[[FrameInfo], Raster]
AtHand = Callable[[int], Raster | None]
BUDGET_BYTES = 1024**3


def grid_of(series: Series) -> Grid:
    """Where the voxels of a series lie.  Raises ``RequestProblem`` ``no-volume`` with the reason."""
    if len(series.frames) < 2:
        raise _no_volume("It is a single frame.")
    stack = stack_of(series.modality, series.frames)
    if stack.grid is None:
        raise _no_volume(stack.refused)
    return stack.grid


def build_volume(series: Series, read: Read, token: TokenPort, at_hand: AtHand = lambda _: None,
                 budget_bytes: int = BUDGET_BYTES) -> Volume:
    """``at_hand``: a frame that was decoded before, by its number; asked one by one, so that nothing is held twice.

    Raises ``RequestProblem`` ``no-volume``, ``LimitExceeded`` ``volume-size`` before it is read, what ``read`` raises
    with the frame's number, and ``Cancelled``.
    """
    grid, frames = grid_of(series), series.frames
    middle = len(frames) // 2
    first = at_hand(middle) or _read(read, frames[middle], middle)
    _check_budget(first.pixels.nbytes * len(frames), budget_bytes)
    voxels: NDArray[np.generic] = np.empty((len(frames), *first.pixels.shape), first.pixels.dtype)
    for index, frame in enumerate(frames):
        token.raise_if_cancelled()
        raster = first if index == middle else at_hand(index) or _read(read, frame, index)
        voxels = _roomy(voxels, raster, index, budget_bytes)
        voxels[index] = raster.pixels
        token.report(index + 1, len(frames), f"reading the volume {index + 1} of {len(frames)}")
    window = None if first.is_colour else default_window(first)
    return Volume(voxels, grid, first.unit, first.inverted, window)


def _read(read: Read, frame: FrameInfo, index: int) -> Raster:
    try:
        return read(frame)
    except FineViewError as error:
        raise InputProblem(f"Frame {index + 1} cannot be read. {error.what}", error.remedy, error.code) from error


def _roomy(voxels: NDArray[np.generic], raster: Raster, index: int, budget_bytes: int) -> NDArray[np.generic]:
    """The block in numbers that hold this frame's values too: rescaled frames of one series may differ."""
    if raster.pixels.shape != voxels.shape[1:]:
        raise _no_volume(f"Frame {index + 1} has another size than its file says.")
    kind = np.result_type(voxels.dtype, raster.pixels.dtype)
    if kind == voxels.dtype:
        return voxels
    _check_budget(voxels.size * kind.itemsize, budget_bytes)
    return voxels.astype(kind)


def _check_budget(needed: int, budget_bytes: int) -> None:
    if needed > budget_bytes:
        raise LimitExceeded(f"Other planes of this series need {_gigabytes(needed)} of memory, and "
                            f"{_gigabytes(budget_bytes)} may be used for them.",
                            "Look at it frame by frame, or allow more memory for pictures.", "volume-size")


def _gigabytes(size: int) -> str:
    return f"{size / 1024**3:.1f} GB" if size >= 1024**3 // 10 else f"{size / 1024**2:.0f} MB"


def _no_volume(why: str) -> RequestProblem:
    return RequestProblem(f"This series has no other planes. {why}", "Look at it frame by frame.", "no-volume")
