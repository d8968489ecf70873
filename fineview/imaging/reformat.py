"""Cutting three planes at right angles out of a volume: linear between voxels, nothing outside them.

In the patient: axial as seen from the feet (patient's left on the right of the screen, front at the top), coronal as
seen from the front (left on the right, head at the top), sagittal as seen from the left (front on the left, head at
the top); the usual convention of radiology.  An OCT volume is cut along its own axes instead, which are named so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Point, Spacing
from fineview.core.place import Place, Vector
from fineview.core.volume import Axes, Floats, Grid, Volume
from fineview.imaging.stack import WIDEST_GAP

Float32 = NDArray[np.float32]
MOST_PX = 1024
"""Longest side of a cut; larger volumes are cut with larger pixels."""
_EDGE = 1e-6
_CHUNK = 16384


@dataclass(frozen=True, slots=True)
class Plane:
    """``right``, ``down``: directions of rising column and row.  ``markers``: what lies left, above, right, below."""

    name: str
    right: Vector
    down: Vector
    markers: tuple[str, str, str, str]

    @property
    def normal(self) -> Floats:
        return np.cross(self.right, self.down)


PATIENT = (Plane("Axial", (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), ("R", "A", "L", "P")),
           Plane("Coronal", (1.0, 0.0, 0.0), (0.0, 0.0, -1.0), ("R", "H", "L", "F")),
           Plane("Sagittal", (0.0, 1.0, 0.0), (0.0, 0.0, -1.0), ("A", "H", "P", "F")))
OWN = (Plane("Along the B-scans", (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), ("?", "?", "?", "?")),
       Plane("En face", (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), ("?", "?", "?", "?")),
       Plane("Across the B-scans", (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), ("?", "?", "?", "?")))


def planes_of(axes: Axes) -> tuple[Plane, Plane, Plane]:
    return PATIENT if axes == "patient" else OWN


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """``pixels``: float32 (H, W) in modality units, NaN outside the volume and in gaps between its frames; uint8
    (H, W, 3) for a colour volume, black there.  Pixels are square, ``mm`` wide; ``place``: where they lie.
    """

    plane: Plane
    pixels: NDArray[np.generic]
    mm: float
    place: Place
    spacing: Spacing

    def to_pixel(self, point_mm: Vector) -> Point:
        """Where a point lies on the picture (corner convention), whatever its distance from the plane."""
        away = np.asarray(point_mm) - np.asarray(self.place.corner_mm)
        return float(away @ self.plane.right) / self.mm + 0.5, float(away @ self.plane.down) / self.mm + 0.5

    def to_mm(self, pixel: Point) -> Vector:
        """The point of the plane under a place of the picture."""
        across, along = (pixel[0] - 0.5) * self.mm, (pixel[1] - 0.5) * self.mm
        x, y, z = (at + across * r + along * d for at, r, d in zip(
            self.place.corner_mm, self.plane.right, self.plane.down, strict=True))
        return x, y, z


def cut(volume: Volume, plane: Plane, point_mm: Vector) -> Cut:
    """The whole plane through ``point_mm``; its size and pixels are the same for all points of a volume."""
    low, width, height, mm = extent_of(volume, plane)
    right, down = np.asarray(plane.right), np.asarray(plane.down)
    depth = float(np.asarray(point_mm) @ plane.normal)
    corner = right * low[0] + down * low[1] + plane.normal * depth
    grid = volume.grid
    per_px = (np.stack([right, down], axis=1) * mm).T @ np.linalg.inv(grid.affine[:3, :3]).T
    pixels = _sampled(volume, grid.to_index(corner), per_px, height, width)
    x, y, z = (float(one) for one in corner)
    return Cut(plane, pixels, mm, Place((x, y, z), plane.right, plane.down), Spacing(mm, mm, None, grid.source))


def extent_of(volume: Volume, plane: Plane) -> tuple[tuple[float, float], int, int, float]:
    """First pixel along right and down in mm, width and height in pixels, and the width of a pixel in mm."""
    corners = _corners(volume)
    spans = [(float((corners @ way).min()), float((corners @ way).max())) for way in (plane.right, plane.down)]
    longest = max(high - low for low, high in spans)
    mm = max(min(_finest(volume.grid, way) for way in (plane.right, plane.down)), longest / (MOST_PX - 1))
    width, height = (int((high - low) / mm + _EDGE) + 1 for low, high in spans)
    return (spans[0][0], spans[1][0]), width, height, mm


def step_mm(grid: Grid, plane: Plane) -> float:
    """How far a turn of the wheel goes: the voxels' distance along the axis that lies nearest the plane's normal."""
    return _finest(grid, plane.normal)


def _corners(volume: Volume) -> Floats:
    """(8, 3) centres of the outermost voxels in mm."""
    frames, rows, cols = volume.voxels.shape[:3]
    ends = [(c, r, s) for c in (0, cols - 1) for r in (0, rows - 1) for s in volume.grid.steps[[0, -1]]]
    return volume.grid.to_mm(np.array(ends, np.float64))


def _finest(grid: Grid, way: Vector | Floats) -> float:
    """Voxel size along the axis of the volume that lies nearest to a direction."""
    sizes = np.array(grid.voxel_mm)
    nearest = int(np.argmax(np.abs(np.asarray(way) @ (grid.affine[:3, :3] / sizes))))
    return float(sizes[nearest])


def _sampled(volume: Volume, first: Floats, per_px: Floats, height: int, width: int) -> NDArray[np.generic]:
    """``first`` (3,): index of the first pixel; ``per_px`` (2, 3): its change for a column and for a row."""
    made: NDArray[np.generic] = np.zeros((height, width, 3), np.uint8) if volume.is_colour else \
        np.full((height, width), np.nan, np.float32)
    at_once = max(1, _CHUNK // width)  # what is worked on stays in the processor's cache
    for top in range(0, height, at_once):
        _fill(volume, first + top * per_px[1], per_px, made[top: top + at_once])
    return made


def _fill(volume: Volume, first: Floats, per_px: Floats, made: NDArray[np.generic]) -> None:
    frames, rows, cols = volume.voxels.shape[:3]
    lines, across = np.arange(made.shape[0])[:, None], np.arange(made.shape[1])
    column, row, step = (first[n] + lines * per_px[1, n] + across * per_px[0, n] for n in range(3))
    below, share, inside = _between_frames(volume.grid, step, frames)
    inside &= (column >= -_EDGE) & (column <= cols - 1 + _EDGE) & (row >= -_EDGE) & (row <= rows - 1 + _EDGE)
    mixed = _linear(volume.voxels, column[inside], row[inside], below[inside], share[inside])
    made[inside] = np.rint(mixed) if volume.is_colour else mixed[:, 0]


def _between_frames(grid: Grid, step: Floats, frames: int) -> tuple[NDArray[np.intp], Floats, NDArray[np.bool_]]:
    """The frame below each place, how far on the way to the next it lies, and whether there is anything."""
    steps = grid.steps
    if np.array_equal(steps, np.arange(frames)):
        below = np.clip(np.floor(step), 0, frames - 2).astype(np.intp)
        share, wide = step - below, np.zeros(step.shape, np.bool_)
    else:
        below = np.clip(np.searchsorted(steps, step, side="right") - 1, 0, frames - 2)
        gaps = np.diff(steps)
        share = (step - steps[below]) / gaps[below]
        wide = (gaps > WIDEST_GAP)[below] & (share > _EDGE) & (share < 1 - _EDGE)
    inside = (share >= -_EDGE) & (share <= 1 + _EDGE) & ~wide
    return below, np.clip(share, 0.0, 1.0), inside


def _linear(voxels: NDArray[np.generic], column: Floats, row: Floats, frame: NDArray[np.intp],
            share: Floats) -> Float32:
    """(N, 1 or 3): mixed from the eight neighbours of each place."""
    _, rows, cols = voxels.shape[:3]
    left = np.clip(column, 0, cols - 2).astype(np.intp)
    top = np.clip(row, 0, rows - 2).astype(np.intp)
    flat = voxels.reshape(-1, voxels.shape[3] if voxels.ndim == 4 else 1)
    at = (frame * rows + top) * cols + left
    x, y, z = (np.clip(one, 0, 1).astype(np.float32)[:, None] for one in (column - left, row - top, share))

    def line(offset: int) -> Float32:
        near, far = flat[at + offset].astype(np.float32), flat[at + offset + 1].astype(np.float32)
        return _between(near, far, x)

    def sheet(offset: int) -> Float32:
        return _between(line(offset), line(offset + cols), y)

    return _between(sheet(0), sheet(rows * cols), z)


def _between(near: Float32, far: Float32, share: Float32) -> Float32:
    """From ``near`` at 0 to ``far`` at 1."""
    far -= near
    far *= share
    far += near
    return far
