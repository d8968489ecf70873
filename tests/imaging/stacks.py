"""Frames of a made-up stack, placed by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fineview.core.geometry import ScaleSource, Spacing
from fineview.core.orientation import Orientation
from fineview.core.place import Place
from fineview.core.study import FrameInfo
from fineview.core.volume import Volume

AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def frame(corner: Sequence[float], directions: tuple[tuple[float, float, float], ...] = AXIAL,
          spacing: tuple[float, float] = (0.5, 0.5), size: tuple[int, int] = (8, 10)) -> FrameInfo:
    """``spacing`` between rows, between columns; ``size``: rows, columns."""
    x, y, z = (float(one) for one in corner)
    return FrameInfo("made", rows=size[0], cols=size[1], spacing=Spacing(*spacing, None, ScaleSource.CALIBRATED),
                     orientation=Orientation("L", "P"), place=Place((x, y, z), directions[0], directions[1]))


def upright(*heights: float) -> list[FrameInfo]:
    """Axial frames at these heights in mm."""
    return [frame((-10, -20, z)) for z in heights]


def turned(degrees: float) -> tuple[tuple[float, float, float], ...]:
    """Axial directions turned about the patient's x axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (1.0, 0.0, 0.0), (0.0, float(c), float(s))


def middle_of(volume: Volume) -> tuple[float, float, float]:
    """Centre of the voxel in the middle, in mm."""
    frames, rows, cols = volume.voxels.shape[:3]
    x, y, z = volume.grid.to_mm(np.array((cols // 2, rows // 2, volume.grid.steps[frames // 2])))
    return float(x), float(y), float(z)
