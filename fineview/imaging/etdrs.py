"""The grid of the Early Treatment Diabetic Retinopathy Study over a thickness map: nine area-weighted means.

Circles of 1, 3 and 6 mm diameter; the two rings are cut into quadrants by the lines at 45 degrees (ETDRS report number
10, Ophthalmology 1991;98:786-806).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Point
from fineview.core.thickness import (
    CENTRE,
    FIELD_LOINC,
    RADII_MM,
    SHARE_NEEDED,
    EtdrsGrid,
    FieldValue,
)
from fineview.imaging.scan_plane import CELL_MM, ScanPlane

Array = NDArray[np.float64]


def etdrs_grid(values_um: NDArray[np.floating], plane: ScanPlane, centre_mm: Point, centre_from: str,
               coded: bool) -> EtdrsGrid:
    """The nine fields about ``centre_mm``.

    ``values_um``: (F, C) one a A-scan, NaN where unknown.  ``coded``: the LOINC codes of the grid fit these values.
    The values are read on a lattice of 0.02 mm laid out from the centre, so that all fields are cut alike.
    """
    steps = (np.arange(round(2 * RADII_MM[2] / CELL_MM)) + 0.5) * CELL_MM - RADII_MM[2]
    dx, dy = np.meshgrid(steps, steps)
    radius = np.hypot(dx, dy)
    near = radius <= RADII_MM[2]
    dx, dy, radius = dx[near], dy[near], radius[near]
    seen = plane.sample(values_um, centre_mm[0] + dx, centre_mm[1] + dy).astype(np.float64)
    ring = np.searchsorted(RADII_MM[:2], radius, side="right")
    made = [_field(CENTRE, seen[ring == 0], math.pi * RADII_MM[0] ** 2, coded)]
    quadrant = quadrants(dx, dy)
    for number, (word, inner, outer) in enumerate((("inner", *RADII_MM[:2]), ("outer", *RADII_MM[1:])), start=1):
        area = math.pi * (outer**2 - inner**2) / 4
        for side, name in enumerate(plane.directions.sides()):
            here = (ring == number) & (quadrant == side)
            made.append(_field(f"{word} {name}", seen[here], area, coded))
    point = float(plane.sample(values_um, np.array([centre_mm[0]]), np.array([centre_mm[1]]))[0])
    return EtdrsGrid(centre_mm, centre_from, tuple(made), point if math.isfinite(point) else None)


def quadrants(dx: Array, dy: Array) -> NDArray[np.intp]:
    """0 right, 1 above, 2 left, 3 below, by the diagonals; y points down.

    Points on a diagonal go round with the quadrants, so that none has more of them than another.
    """
    angle = np.arctan2(-dy, dx) + math.pi / 4
    return np.asarray(np.floor(angle / (math.pi / 2) + 1e-9).astype(np.intp) % 4)


def _field(name: str, seen: Array, area_mm2: float, coded: bool) -> FieldValue:
    known = seen[np.isfinite(seen)]
    covered = known.size / seen.size
    mean = float(known.mean()) if covered >= SHARE_NEEDED else None
    return FieldValue(name, mean, covered, area_mm2, FIELD_LOINC.get(name, "") if coded else "")


def cuts() -> tuple[tuple[Point, Point], ...]:
    """The four cuts of the rings as (from, to) offsets in millimetres from the centre."""
    arms = [math.pi / 4 + turn * math.pi / 2 for turn in range(4)]
    return tuple(((RADII_MM[0] * math.cos(a), RADII_MM[0] * math.sin(a)),
                  (RADII_MM[2] * math.cos(a), RADII_MM[2] * math.sin(a))) for a in arms)
