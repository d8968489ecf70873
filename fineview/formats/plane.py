"""Where a frame lies in the patient, and the way from patient coordinates to its pixels (PS3.3 C.7.6.2.1.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.formats.directions import cosines, place_of
from fineview.formats.values import Groups, integer, number, numbers

Floats = NDArray[np.float64]
SAME_PX = 0.05
"""Two grids are one where no corner is further off than this share of a pixel: what rounding to DS costs, not more."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """``corner``: centre of the first pixel in mm; ``right``, ``down``: unit vectors of rising column and row.

    ``step_mm``: between columns, between rows.  ``thickness_mm``: None where the file is silent.
    """

    corner: Floats
    right: Floats
    down: Floats
    step_mm: tuple[float, float]
    rows: int
    cols: int
    thickness_mm: float | None = None

    @property
    def normal(self) -> Floats:
        return np.cross(self.right, self.down)

    def to_source(self, points_mm: Floats) -> tuple[Floats, Floats]:
        """(N, 3) patient coordinates -> (N, 2) source pixels (corner convention) and (N,) signed distances in mm."""
        away = points_mm - self.corner
        x = away @ self.right / self.step_mm[0] + 0.5
        y = away @ self.down / self.step_mm[1] + 0.5
        return np.stack([x, y], axis=1), away @ self.normal

    def corners_mm(self) -> Floats:
        """(4, 3): outer corners of the picture: top left, top right, bottom right, bottom left."""
        grid = np.array([[0, 0], [self.cols, 0], [self.cols, self.rows], [0, self.rows]]) - 0.5
        return np.asarray(self.corner + grid[:, :1] * self.step_mm[0] * self.right
                          + grid[:, 1:] * self.step_mm[1] * self.down)


def plane_of(dataset: Dataset, groups: Groups, frame: int) -> Plane | None:
    """``None`` where position, direction or spacing is missing or no plane."""
    place = place_of(dataset, groups, frame, cosines(dataset, groups, frame))
    measures = groups.item(frame, "PixelMeasuresSequence") or dataset
    steps = numbers(measures, "PixelSpacing")
    rows, cols = integer(dataset, "Rows"), integer(dataset, "Columns")
    if place is None or len(steps) != 2 or min(steps) <= 0 or not rows or not cols:
        return None
    corner, right, down = (np.array(one) for one in (place.corner_mm, place.right, place.down))
    return Plane(corner, right, down, (steps[1], steps[0]), rows, cols, number(measures, "SliceThickness"))
