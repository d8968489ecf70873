"""The shape of a phantom eye's macula: layer surfaces over the retina and the lesions that bend them.

Coordinates are millimetres over the retina with the fovea at (0, 0): ``x`` along a B-scan, ``z``
across B-scans.  Heights and rows are in B-scan pixels of 3.87 um.  Layer thicknesses are round numbers
near published macular averages (foveal pit about 1.2 mm wide); none is patient data.  Random eyes are drawn in
:mod:`oct_lesions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fineview.lab.oct_disc import Disc, Row

BM_BELOW_RPE = 5.0
EZ_ABOVE_RPE = 7.0
LEAST_COMPLEX = 2.5


@dataclass(frozen=True, slots=True)
class Bump:
    """A lesion that lifts a surface: Gaussian hill at ``(x, z)`` mm; ``flat`` > 1 gives a steeper, flatter dome."""

    x: float
    z: float
    height_px: float
    sigma_x: float
    sigma_z: float
    flat: float = 1.0

    def heights(self, x: Row, z: float) -> Row:
        distance = ((x - self.x) / self.sigma_x) ** 2 + ((z - self.z) / self.sigma_z) ** 2
        hill: Row = self.height_px * np.exp(-0.5 * distance ** self.flat)
        return np.where(hill < 0.5, 0.0, hill)


@dataclass(frozen=True, slots=True)
class Blob:
    """A cyst or a focus: ellipsoid at ``(x, z)`` mm, at ``depth`` 0..1 of the neural retina from the outside in."""

    x: float
    z: float
    depth: float
    radius_x: float
    radius_z: float
    radius_px: float


@dataclass(frozen=True, slots=True)
class Section:
    """Layer rows of one B-scan: ``lines`` name -> (W,) float rows; lift heights per column; depth of the choroid;
    ``nerve`` 0..1, how far a column lies in the optic disc, where the outer lines are mere continuations; blobs as
    (x, row, rx, ry) in pixels."""

    lines: dict[str, Row]
    drusen_px: Row
    ped_px: Row
    subretinal_px: Row
    choroid_px: float
    nerve: Row
    cysts: tuple[tuple[float, float, float, float], ...]
    foci: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class OctEye:
    """One macula: global shape, layer thickness factors and lesions.  All fields are plain numbers.

    ``complex_px`` and ``ez_px``: from the RPE's brightest row to BM and up to the ellipsoid zone; ``rough`` waves of
    the RPE (amplitude in pixels, wavelength in mm, direction, phase); ``deposits`` thicken the complex and are no
    drusen; ``choroid_px`` its depth.
    """

    lateral_mm: float = 0.0117
    axial: float = 1.0
    centre_x_mm: float = 0.0
    row_fraction: float = 0.5
    tilt: float = 0.0
    bend: float = 0.004
    waves: tuple[tuple[float, float, float], ...] = ()
    pit_mm: float = 0.5
    thick: tuple[float, ...] = (1.0,) * 6
    nasal: float = 1.0
    complex_px: float = BM_BELOW_RPE
    ez_px: float = EZ_ABOVE_RPE
    choroid_px: float = 400.0
    rough: tuple[tuple[float, float, float, float], ...] = ()
    deposits: tuple[Bump, ...] = ()
    drusen: tuple[Bump, ...] = ()
    detachments: tuple[Bump, ...] = ()
    subretinal: tuple[Bump, ...] = ()
    swellings: tuple[Bump, ...] = ()
    cysts: tuple[Blob, ...] = ()
    foci: tuple[Blob, ...] = ()
    lesion_z: tuple[float, ...] = field(default=())
    disc: Disc | None = None

    def section(self, z: float, size: tuple[int, int]) -> Section:
        """Return the layers cut at ``z`` mm for a B-scan of ``size`` = (rows, columns)."""
        height, width = size
        x = (np.arange(width) - (width - 1) / 2) * self.lateral_mm + self.centre_x_mm
        bm = height * self.row_fraction + self._globe(x, z) * self.axial
        drusen, ped, fluid = (_sum(group, x, z) * self.axial for group in
                              (self.drusen, self.detachments, self.subretinal))
        lines = {"BM": bm, "RPE": bm - self._complex(x, z) * self.axial - drusen - ped}
        lines["EZ"] = lines["RPE"] - self.ez_px * self.axial - fluid
        self._inner(lines, x, z)
        nerve = np.zeros_like(x) if self.disc is None else self.disc.carve(lines, x, z, self.axial)
        return Section(lines, drusen, ped, fluid, self.choroid_px * self.axial, nerve,
                       self._blobs(self.cysts, lines, x, z, width), self._blobs(self.foci, lines, x, z, width))

    def _globe(self, x: Row, z: float) -> Row:
        rows: Row = 90 * self.tilt * x - 1000 * self.bend * (x ** 2 + z ** 2)
        for amplitude, wavelength, phase in self.waves:
            rows = rows + amplitude * np.sin(2 * np.pi * (x + 0.37 * z) / wavelength + phase)
        return rows

    def _complex(self, x: Row, z: float) -> Row:
        rows: Row = self.complex_px + _sum(self.deposits, x, z)
        for amplitude, wavelength, angle, phase in self.rough:
            along = x * np.cos(angle) + z * np.sin(angle)
            rows = rows + amplitude * np.sin(2 * np.pi * along / wavelength + phase)
        return np.maximum(rows, LEAST_COMPLEX)

    def _inner(self, lines: dict[str, Row], x: Row, z: float) -> None:
        radius = np.hypot(x, z)
        pit = 1 - np.exp(-(radius / self.pit_mm) ** 2)
        away = np.exp(-np.clip(radius - 1.2, 0, None) / 4)
        nasal = 1 / (1 + np.exp(-(self.nasal * x - 1.0) / 0.7))
        swelling = _sum(self.swellings, x, z)
        onl, opl, inl, ipl, gcl, rnfl = self.thick
        steps = (("ONL", onl * (15 + 9 * np.exp(-(radius / 0.6) ** 2)) + 0.5 * swelling),
                 ("OPL", opl * (2 + 6 * pit)), ("INL", inl * 10 * pit * away + 0.5 * swelling),
                 ("IPL", ipl * 9 * pit * away), ("GCL", gcl * 12 * pit * away),
                 ("ILM", rnfl * pit * (4 + 14 * nasal + 3 * np.abs(z))))
        # the outer nuclear layer cushions small hills: the inner layers follow only the smoothed lift
        flat = lines["BM"] - (self.complex_px + self.ez_px + 6.0) * self.axial
        lines["ELM"] = lines["EZ"] - 6.0 * self.axial
        above = flat - _smooth(flat - lines["ELM"], 0.09 / self.lateral_mm)
        for name, thickness in steps:
            above = above - np.maximum(thickness, 0.6) * self.axial
            if name == "ONL":  # a tall hill still may not pierce it
                above = _smooth(np.minimum(above, lines["ELM"] - 4), 2.0)
            lines[name] = above

    def _blobs(self, blobs: tuple[Blob, ...], lines: dict[str, Row], x: Row, z: float,
               width: int) -> tuple[tuple[float, float, float, float], ...]:
        found = []
        for blob in blobs:
            share = 1 - ((z - blob.z) / blob.radius_z) ** 2
            column = (blob.x - self.centre_x_mm) / self.lateral_mm + (width - 1) / 2
            if share <= 0.04 or not 0 <= column < width:
                continue
            k, part = int(column), float(np.sqrt(share))
            row = (1 - blob.depth) * lines["ELM"][k] + blob.depth * lines["GCL"][k]
            found.append((column, float(row), blob.radius_x / self.lateral_mm * part,
                          blob.radius_px * self.axial * part))
        return tuple(found)


def _smooth(values: Row, sigma: float) -> Row:
    reach = int(3 * sigma) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def _sum(bumps: tuple[Bump, ...], x: Row, z: float) -> Row:
    total = np.zeros_like(x)
    for bump in bumps:
        if abs(z - bump.z) > 4 * bump.sigma_z:  # less than half a row there, which counts as nothing
            continue
        # neighbouring drusen merge instead of stacking into towers
        hill = bump.heights(x, z)
        total = np.maximum(total, hill) + 0.25 * np.minimum(total, hill)
    return total
