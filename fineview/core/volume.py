"""A stack of frames as one block of voxels, and the way between its indices and millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import ScaleSource
from fineview.core.image import Window

Floats = NDArray[np.float64]
Axes = Literal["patient", "own"]
"""What millimetres are counted along: the patient (x to the left, y to the back, z to the head), or the volume itself
(x along its columns, y along its rows, z across its frames), where no direction in the patient is to be trusted."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where the voxels of a stack lie.

    ``affine``: float64 (4, 4), (column, row, step, 1) -> (x, y, z, 1) in mm; centres of voxels at whole numbers.
    Sheared where the gantry was tilted.  ``steps``: float64 (K,), rising: the place of each frame along the third
    index, 0, 1, 2, ... where frames are evenly spaced, other numbers where they are not.
    ``apart_mm``: usual distance of two frames along their normal.  ``source``: who vouches for the scale.
    """

    affine: Floats
    steps: Floats
    axes: Axes
    apart_mm: float
    source: ScaleSource = ScaleSource.CALIBRATED

    def __post_init__(self) -> None:
        self.affine.flags.writeable = self.steps.flags.writeable = False

    @property
    def voxel_mm(self) -> tuple[float, float, float]:
        """Between neighbours along column, row and step."""
        column, row, step = (float(one) for one in np.linalg.norm(self.affine[:3, :3], axis=0))
        return column, row, step

    def to_mm(self, indices: Floats) -> Floats:
        """(..., 3) column, row, step -> (..., 3) x, y, z in mm."""
        return np.asarray(indices @ self.affine[:3, :3].T + self.affine[:3, 3])

    def to_index(self, points_mm: Floats) -> Floats:
        """The way back."""
        return np.asarray((points_mm - self.affine[:3, 3]) @ np.linalg.inv(self.affine[:3, :3]).T)

    def nearest_frame(self, point_mm: tuple[float, float, float]) -> int:
        """The frame whose plane is nearest to a point."""
        return int(np.argmin(np.abs(self.steps - self.to_index(np.asarray(point_mm))[2])))


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """``voxels``: (K, R, C) in modality units (any real dtype), or (K, R, C, 3) uint8 RGB; frame, row, column.

    ``unit``, ``inverted``, ``window``: as of the frames it was built from; the window of the middle one.
    """

    voxels: NDArray[np.generic]
    grid: Grid
    unit: str = ""
    inverted: bool = False
    window: Window | None = None

    def __post_init__(self) -> None:
        self.voxels.flags.writeable = False

    @property
    def is_colour(self) -> bool:
        return self.voxels.ndim == 4
