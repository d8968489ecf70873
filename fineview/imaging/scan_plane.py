"""Where every A-scan of a volume lies on the fundus, and reading values there between the B-scans.

The B-scans of a volume are parallel lines on the fundus plane, not always evenly spaced and not always horizontal.
Between neighbouring lines values are interpolated linearly; beyond the outermost, beyond a line's ends, or across a
gap wider than ``MAX_GAP_MM`` there is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import RequestProblem
from fineview.core.geometry import Point, ScaleSource
from fineview.core.thickness import Directions, FundusMap

CELL_MM = 0.02
MAX_GAP_MM = 0.5
# Lines whose directions differ by more are no raster: radial and circular scans have no plane map here.
_PARALLEL_DEGREES = 3.0
_SAME_PLACE_MM = 1e-4
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScanPlane:
    """``ends_mm``: float64 (F, 2, 2), x and y of the centres of each B-scan's first and last A-scan.

    ``px_per_mm``: localizer pixels (x, y) in a millimetre of the plane, whose origin is then the corner of the
    localizer's top-left pixel; None where there is no localizer.  ``source``: of the lateral scale.
    Raises ``RequestProblem`` ``not-a-raster`` for B-scans that are not parallel, or fewer than two places.
    """

    ends_mm: Array
    cols: int
    source: ScaleSource
    directions: Directions = Directions()
    px_per_mm: Point | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ends = self.ends_mm
        away = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
        if len(ends) < 2 or self.cols < 2 or not np.isfinite(ends).all() or not (away > 0).all():
            raise _no_raster("fewer than two B-scans have a place on the fundus")
        off = np.abs(self._units @ np.array([-self.along[1], self.along[0]]))
        if (off > np.sin(np.radians(_PARALLEL_DEGREES))).any():
            raise _no_raster("its B-scans are not parallel")
        if len(self._order) < 2:
            raise _no_raster("all B-scans lie at the same place")

    @cached_property
    def _units(self) -> Array:
        steps = self.ends_mm[:, 1] - self.ends_mm[:, 0]
        return np.asarray(steps / np.linalg.norm(steps, axis=1)[:, None])

    @cached_property
    def along(self) -> Array:
        """Unit vector (2,) along the B-scans, from the first column to the last of the first B-scan."""
        # Every second B-scan may run the other way.
        same = np.where(self._units @ self._units[0] < 0, -1.0, 1.0)
        mean = (self._units * same[:, None]).mean(0)
        return np.asarray(mean / np.linalg.norm(mean))

    @cached_property
    def _across(self) -> Array:
        """Position (F,) of each B-scan at right angles to the lines, at its middle."""
        return np.asarray(self.ends_mm.mean(1) @ np.array([-self.along[1], self.along[0]]))

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        """B-scans in order of position; of several at one place the first."""
        order = np.argsort(self._across, kind="stable")
        apart = np.diff(self._across[order], prepend=-np.inf) > _SAME_PLACE_MM
        return np.asarray(order[apart])

    def sample(self, values: NDArray[np.floating], x_mm: Array, y_mm: Array) -> NDArray[np.float32]:
        """``values`` (F, C), one a A-scan, read at points of the plane; NaN where one of the neighbours is.

        Returns float32 of the shape of ``x_mm``.
        """
        order = self._order
        places = self._across[order]
        u = x_mm * self.along[0] + y_mm * self.along[1]
        v = -x_mm * self.along[1] + y_mm * self.along[0]
        below = np.clip(np.searchsorted(places, v, side="right") - 1, 0, len(places) - 2)
        gap = places[below + 1] - places[below]
        share = (v - places[below]) / gap
        inside = (share >= -1e-9) & (share <= 1 + 1e-9)
        share = np.clip(share, 0.0, 1.0)
        inside &= (gap <= MAX_GAP_MM) | (share == 0.0) | (share == 1.0)
        low, high = self._on_line(values, order[below], u), self._on_line(values, order[below + 1], u)
        # A point on a line needs that line alone.
        mixed = np.where(share == 0.0, low, np.where(share == 1.0, high, low + (high - low) * share))
        return np.where(inside, mixed, np.nan).astype(np.float32)

    def _on_line(self, values: NDArray[np.floating], frame: NDArray[np.intp], u: Array) -> Array:
        """Linear between two A-scans of B-scan ``frame`` at ``u`` along it; NaN beyond its ends."""
        begin, end = self.ends_mm[frame, 0] @ self.along, self.ends_mm[frame, 1] @ self.along
        column = (u - begin) / (end - begin) * (self.cols - 1)
        left = np.clip(np.floor(column).astype(np.intp), 0, self.cols - 2)
        share = column - left
        inside = (share >= -1e-9) & (share <= 1 + 1e-9)
        a, b = values[frame, left].astype(np.float64), values[frame, left + 1].astype(np.float64)
        mixed = np.where(share <= 0.0, a, np.where(share >= 1.0, b, a + (b - a) * share))
        return np.where(inside, mixed, np.nan)

    def spread(self, values: NDArray[np.floating], cell_mm: float = CELL_MM) -> FundusMap:
        """``values`` (F, C) as a map over the rectangle that the scan fills, sides along x and y."""
        low, high = self.ends_mm.min((0, 1)), self.ends_mm.max((0, 1))
        cell = max(cell_mm, float((high - low).max()) / 2000.0)
        # Whole cells inside the scan; what is left over lies on both sides alike.
        w, h = (max(1, int(n + 1e-6)) for n in (high - low) / cell)
        low = (low + high) / 2 - np.array((w, h)) * cell / 2
        x, y = np.meshgrid(low[0] + (np.arange(w) + 0.5) * cell, low[1] + (np.arange(h) + 0.5) * cell)
        return FundusMap(self.sample(values, x, y), (float(low[0]), float(low[1])), cell)

    def nearest(self, point: Point) -> tuple[int, int]:
        """The B-scan and its column nearest to a point of the plane, both counted from 0."""
        frame = int(np.argmin(np.abs(self._across - (-point[0] * self.along[1] + point[1] * self.along[0]))))
        begin, end = self.ends_mm[frame]
        step = end - begin
        share = float(np.dot(np.asarray(point) - begin, step) / np.dot(step, step))
        return frame, int(np.clip(round(share * (self.cols - 1)), 0, self.cols - 1))

    def place(self, frame: int, column: float) -> Point:
        """Where an A-scan lies on the plane; ``column`` 0 is the centre of the first."""
        begin, end = self.ends_mm[frame]
        x, y = begin + (end - begin) * column / (self.cols - 1)
        return float(x), float(y)

    @property
    def middle(self) -> Point:
        """Centre of the rectangle that the scan fills."""
        x, y = (self.ends_mm.min((0, 1)) + self.ends_mm.max((0, 1))) / 2
        return float(x), float(y)


def _no_raster(why: str) -> RequestProblem:
    return RequestProblem(f"This series has no thickness map: {why}.",
                          "Choose a volume of parallel B-scans whose places the file gives.", "not-a-raster")
