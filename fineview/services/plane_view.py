"""Three planes through one point of a volume, as frozen values: what is cut, and how it is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.crossing import crossing
from fineview.core.geometry import Point
from fineview.core.image import Raster, Window
from fineview.core.orientation import Orientation, opposite
from fineview.core.place import Vector
from fineview.core.study import FrameInfo, Series
from fineview.core.units import with_unit
from fineview.core.volume import Grid, Volume
from fineview.imaging.reformat import Cut, cut, planes_of
from fineview.imaging.window import render_gray, to_rgb

_SAME_MM = 1e-6
_ASKEW = 2.0  # one direction of a picture is told where it is at least so many times the other
_SIDES = (("R", "L"), ("A", "P"), ("F", "H"))


@dataclass(frozen=True, slots=True, eq=False)
class PlanePicture:
    """``image``: uint8 (H, W) or (H, W, 3), black where there is nothing."""

    cut: Cut
    image: NDArray[np.uint8]
    window: Window | None
    inverted: bool


@dataclass(frozen=True, slots=True, eq=False)
class PlanesView:
    """``point_mm``: where the planes cross; ``pictures`` follow it, and are empty while the volume is read.

    ``across``: what lies towards the rising third axis of an OCT volume, "" where the files do not say.
    """

    series: Series
    grid: Grid
    point_mm: Vector
    volume: Volume | None = None
    pictures: tuple[PlanePicture, ...] = ()
    across: str = ""

    def moved(self, point_mm: Sequence[float]) -> Vector:
        """The nearest point inside the volume."""
        frame = self.series.frames[0]
        most = np.array((frame.cols - 1, frame.rows - 1, self.grid.steps[-1]))
        x, y, z = self.grid.to_mm(np.clip(self.grid.to_index(np.asarray(point_mm, np.float64)), 0, most))
        return float(x), float(y), float(z)

    def on_frame(self) -> tuple[float, float]:
        """The point on the acquired frame, in source pixels."""
        column, row, _ = self.grid.to_index(np.asarray(self.point_mm))
        return float(column) + 0.5, float(row) + 0.5


def lines_on_frame(view: PlanesView, index: int) -> tuple[tuple[Point, Point], ...]:
    """Where the planes cut through a frame, in its source pixels; a plane that lies along it has no line there."""
    frame = view.series.frames[index]
    if view.grid.axes == "own":
        x, y = view.on_frame()
        return ((0.0, y), (float(frame.cols), y)), ((x, 0.0), (x, float(frame.rows)))
    cuts = [FrameInfo("", rows=one.image.shape[0], cols=one.image.shape[1], spacing=one.cut.spacing,
                      place=one.cut.place) for one in view.pictures]
    found = [crossing(one, frame) for one in cuts]
    return tuple(line for line in found if line is not None)


def cut_planes(volume: Volume, point_mm: Vector, window: Window | None, inverted: bool,
               before: Sequence[PlanePicture] = ()) -> tuple[PlanePicture, ...]:
    """Pictures of the three planes; those ``before`` that would be the same are taken as they are."""
    made = []
    window = window or volume.window
    for number, plane in enumerate(planes_of(volume.grid.axes)):
        old = before[number] if number < len(before) else None
        kept = old.cut if old is not None and abs(_depth(old.cut, point_mm)) < _SAME_MM else None
        if kept is not None and old is not None and (old.window, old.inverted) == (window, inverted):
            made.append(old)
        else:
            made.append(_picture(kept or cut(volume, plane, point_mm), volume, window, inverted))
    return tuple(made)


def _depth(one: Cut, point_mm: Vector) -> float:
    return float((np.asarray(point_mm) - np.asarray(one.place.corner_mm)) @ one.plane.normal)


def _picture(one: Cut, volume: Volume, window: Window | None, inverted: bool) -> PlanePicture:
    raster = Raster(one.pixels, volume.unit, volume.inverted)
    if volume.is_colour:
        return PlanePicture(one, to_rgb(raster, None, inverted), window, inverted)
    image = render_gray(raster, window, inverted)
    image[~np.isfinite(one.pixels)] = 0  # nothing is black, also where low values are shown bright
    return PlanePicture(one, image, window, inverted)


def origin_words(view: PlanesView, picture: PlanePicture) -> tuple[str, str]:
    """How the picture came about: "reformatted from 35 slices", "linear, 0.9 mm"."""
    frames = "B-scans" if view.grid.axes == "own" else "slices"
    mm = picture.cut.mm
    wide = with_unit(f"{mm:.3g}", "mm") if mm >= 0.1 else with_unit(f"{mm * 1000:.3g}", "um")
    return f"reformatted from {len(view.series.frames)} {frames}", f"linear, {wide}"


def position_words(view: PlanesView, number: int) -> str:
    """Where a plane lies: "H 12.3 mm" in the patient, "1.25 mm" from where an axis of the volume itself begins."""
    plane = planes_of(view.grid.axes)[number]
    axis = int(np.argmax(np.abs(plane.normal)))
    value = view.point_mm[axis]
    if view.grid.axes == "own":
        return f"{abs(value):.2f} mm"
    if not view.series.frames[0].orientation.along_row:
        return f"{value:.1f} mm"
    side = _SIDES[axis][value > 0] if round(value, 1) else ""
    return f"{side} {abs(value):.1f} mm".strip()


def markers(view: PlanesView, number: int) -> tuple[str, str, str, str]:
    """What lies left of, above, right of and below a plane; of an OCT volume's axes what its frames say, else "?".

    Frames of an animal on four legs have places and no letters.
    """
    plane, frame = planes_of(view.grid.axes)[number], view.series.frames[0].orientation
    if view.grid.axes == "patient":
        return plane.markers if frame.along_row else ("?", "?", "?", "?")
    named = (frame.along_row, frame.along_column, view.across)
    right, down = (named[int(np.argmax(np.abs(way)))] for way in (plane.right, plane.down))
    return Orientation(right, down).edges()


def across_letters(series: Series, grid: Grid, picture: FrameInfo | None) -> str:
    """What lies towards the rising third axis, by where the B-scans lie on a picture whose header names its directions.

    "" for volumes in the patient, which name their own, and for scans that follow one another askew on the picture.
    """
    first, last = series.frames[0].scan_line, series.frames[-1].scan_line
    if grid.axes == "patient" or picture is None or first is None or last is None:
        return ""
    x, y = (np.mean(last, axis=0) - np.mean(first, axis=0)) * np.sign(grid.affine[2, 2])
    if abs(y) >= _ASKEW * abs(x):
        letters, away = picture.orientation.along_column, y
    else:
        letters, away = picture.orientation.along_row, x if abs(x) >= _ASKEW * abs(y) else 0.0
    return letters if away > 0 else opposite(letters) if away < 0 and letters else ""


def value_words(view: PlanesView, number: int, at: Point) -> str:
    """The interpolated value under a place of a picture; "" where there is nothing."""
    picture = view.pictures[number] if number < len(view.pictures) else None
    if picture is None or view.volume is None:
        return ""
    column, row = math.floor(at[0]), math.floor(at[1])
    pixels = picture.cut.pixels
    if not (0 <= row < pixels.shape[0] and 0 <= column < pixels.shape[1]) or not np.isfinite(pixels[row, column]).all():
        return ""
    if pixels.ndim == 3:
        red, green, blue = (int(one) for one in pixels[row, column])
        return f"R {red} G {green} B {blue}, interpolated"
    return f"{float(pixels[row, column]):.4g} {view.volume.unit}".rstrip() + ", interpolated"
