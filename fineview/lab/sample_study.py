"""The bundled sample eye: a right eye's OCT volume and colour photograph that agree in geometry, with full truth.

The eye is invented: nothing in it comes from a person.  Drusen, one pocket of subretinal fluid and bright
foci lie around the fovea; the photograph shows bleeds, exudates and the disc.  Vessels and bleeds of the
photograph cast their shadows in the B-scans at the same places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import gaussian, warp_affine
from fineview.lab.oct_device import Device
from fineview.lab.oct_eye import Blob, Bump, OctEye
from fineview.lab.oct_render import OctLook
from fineview.lab.phantom_fundus import FundusPhantom, fundus
from fineview.lab.phantom_oct import AXIAL_MM, LATERAL_MM, volume

Array = npt.NDArray[Any]
BETWEEN_MM = 0.24
FIELD_MM = 13.5  # a 45 degree field of view on a normal-sized eye
_PHOTO_OFFSET = 110  # this photograph of the many possible ones shows every lesion sharply, fovea in the middle


@dataclass(frozen=True, slots=True)
class SampleEye:
    """The sample study's pixels and truth.

    ``volume`` (F, R, C) uint8, frame 0 highest on the photograph; ``masks`` word -> (F, R, C) bool; ``lines``
    name -> (F, C) rows, 0 at the centre of the top row; ``spacing_mm`` = (between B-scans, axial, lateral);
    ``photo`` (H, W, 3) uint8 with ``photo_masks`` word -> (H, W) bool and ``photo_mm`` mm per pixel;
    ``scan_lines`` (F, 4) float64 x0, y0, x1, y1 on the photograph: centres of each B-scan's first and last
    column, photograph pixel centres at whole numbers.
    """

    volume: npt.NDArray[np.uint8]
    masks: dict[str, npt.NDArray[np.bool_]]
    lines: dict[str, npt.NDArray[np.float32]]
    spacing_mm: tuple[float, float, float]
    photo: npt.NDArray[np.uint8]
    photo_masks: dict[str, npt.NDArray[np.bool_]]
    photo_mm: float
    scan_lines: npt.NDArray[np.float64]
    fovea_xy: tuple[float, float]
    disc_xy: tuple[float, float]
    laterality: str


def sample_volume(seed: int = 7, frames: int = 25, size: tuple[int, int] = (496, 512)) -> SampleEye:
    """Make the sample eye; equal arguments give equal pixels."""
    rng = np.random.default_rng([seed, 41])
    picture = fundus(seed + _PHOTO_OFFSET, (1024, 1024), lesions=True, laterality="R")
    photo_mm = FIELD_MM / picture.diameter_px
    lines_px = _scan_lines(picture, photo_mm, frames, size[1])
    shadows = _shadows(picture, lines_px, size[1])
    eye = _eye(rng, _exudate_places(picture, photo_mm, rng))
    scans = volume(seed, frames, size, BETWEEN_MM, eye, _LOOK, shadows)
    return SampleEye(
        volume=np.stack([scan.image for scan in scans]),
        masks={word: np.stack([scan.masks[word] for scan in scans]) for word in scans[0].masks},
        lines={name: np.stack([scan.lines[name] for scan in scans]) for name in scans[0].lines},
        spacing_mm=(BETWEEN_MM, AXIAL_MM, LATERAL_MM),
        photo=_with_drusen(picture, eye, photo_mm), photo_masks=picture.masks, photo_mm=photo_mm,
        scan_lines=lines_px, fovea_xy=picture.fovea_xy, disc_xy=picture.disc_xy, laterality="R")


_LOOK = OctLook(
    grey={"vitreous": 12.0, "rnfl": 188.0, "gcl": 128.0, "ipl": 146.0, "inl": 96.0, "opl": 146.0, "onl": 74.0,
          "elm": 98.0, "ez": 186.0, "iz": 158.0, "rpe": 214.0, "choroid": 146.0, "druse": 160.0, "fluid": 22.0},
    device=Device(looks=9.0, grain=(0.9, 0.7), noise=28.0, noise_looks=3.0, noise_grain=(0.5, 0.4), blur=(0.5, 0.6),
                  range_db=0.0, black=0.08, white=0.98, gamma=1.0, stripes=0.03),
    choroid_decay=70.0, shadow=0.55, choroid_grain=(8.0, 6.0, 0.35))


def _eye(rng: np.random.Generator, exudates: tuple[tuple[float, float], ...]) -> OctEye:
    drusen = []
    for _ in range(34):
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 2.2)
        sigma = float(rng.uniform(0.05, 0.16))
        height = float(60 * sigma + rng.uniform(4, 12))
        drusen.append(Bump(float(reach * np.cos(angle)), float(reach * np.sin(angle)), height, sigma,
                           sigma * float(rng.uniform(1.0, 1.5)), float(rng.uniform(1.1, 1.5))))
    fluid = (Bump(-0.45, 0.12, 30.0, 0.46, 0.42, 1.7),)
    foci = tuple(Blob(float(rng.normal(-0.2, 0.8)), float(rng.normal(0, 0.6)), float(rng.uniform(0.02, 0.5)),
                      float(rng.uniform(0.016, 0.032)), 0.16, float(rng.uniform(1.6, 3.2))) for _ in range(16))
    fat = tuple(Blob(x, z, float(rng.uniform(0.35, 0.6)), 0.03, 0.14, 2.6) for x, z in exudates)
    return OctEye(lateral_mm=LATERAL_MM, row_fraction=0.6, tilt=0.03, bend=0.0026,
                  waves=((1.2, 4.3, 0.4),), pit_mm=0.48, nasal=1.0, drusen=tuple(drusen), subretinal=fluid,
                  foci=foci + fat)


def _scan_lines(picture: FundusPhantom, photo_mm: float, frames: int, columns: int) -> npt.NDArray[np.float64]:
    x, y = picture.fovea_xy
    half = (columns - 1) / 2 * LATERAL_MM / photo_mm
    rows = y + (np.arange(frames) - (frames - 1) / 2) * BETWEEN_MM / photo_mm
    return np.stack([np.full(frames, x - half), rows, np.full(frames, x + half), rows], 1)


def _shadows(picture: FundusPhantom, scan_lines: Array, columns: int) -> npt.NDArray[np.float32]:
    """How dark each A-scan is for vessels and bleeds above it, read off the photograph: (F, C) in 0..1."""
    blood = (picture.vessels | picture.masks["haemorrhage"]).astype(np.float32)
    soft = gaussian(blood, 0.8)
    x0, y0, x1, y1 = scan_lines[0, 0], scan_lines[0, 1], scan_lines[0, 2], scan_lines[-1, 3]
    step_x = (x1 - x0) / (columns - 1)
    step_y = (y1 - y0) / max(len(scan_lines) - 1, 1)
    matrix = np.array([[1 / step_x, 0, -x0 / step_x], [0, 1 / step_y, -y0 / step_y]])
    return np.asarray(warp_affine(soft, matrix, (len(scan_lines), columns)), np.float32)


def _exudate_places(picture: FundusPhantom, photo_mm: float,
                    rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Some of the photograph's exudates within the scanned square, as (x, z) mm from the fovea."""
    rows, columns = np.nonzero(picture.masks["hard_exudate"])
    places = np.stack([columns - picture.fovea_xy[0], rows - picture.fovea_xy[1]], 1) * photo_mm
    places = places[(np.abs(places) < 2.7).all(1)]
    chosen = places[rng.permutation(len(places))[:24]]
    return tuple((float(x), float(z)) for x, z in chosen)


def _with_drusen(picture: FundusPhantom, eye: OctEye, photo_mm: float) -> npt.NDArray[np.uint8]:
    """Drusen show on the photograph as faint pale spots at the places where they lift the RPE."""
    height, width = picture.vessels.shape
    x = (np.arange(width) - picture.fovea_xy[0]) * photo_mm
    pale = np.zeros((height, width), np.float32)
    for druse in eye.drusen:
        rows = (np.arange(height) - picture.fovea_xy[1]) * photo_mm
        across, down = (x[None] - druse.x) / druse.sigma_x, (rows[:, None] - druse.z) / druse.sigma_z
        hill = np.exp(-0.5 * (across ** 2 + down ** 2))
        pale = np.maximum(pale, hill.astype(np.float32))
    share = (0.22 * pale * picture.field)[..., None]
    shown = picture.rgb + (np.array([225, 175, 95], np.float32) - picture.rgb) * share
    return np.clip(np.round(shown), 0, 255).astype(np.uint8)
