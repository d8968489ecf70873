"""Synthetic OCT B-scans and volumes of one eye whose every layer and lesion is known.

Line definitions follow how graders of Spectralis drusen volumes draw them, measured on such drawings
(mean brightness around the drawn lines): **RPE** is the brightest row of the retinal pigment
epithelium band, about 7 rows of 3.87 um below the ellipsoid zone's peak; **BM** is the steepest fall of
brightness at the outer edge of that band, about 5 rows below RPE where no druse lifts it; **ILM** is the
steepest rise at the vitreous border.  Rows are floats per column, 0 at the centre of the top row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fineview.lab.oct_eye import OctEye
from fineview.lab.oct_lesions import draw_eye
from fineview.lab.oct_render import LINE_NAMES, OctLook, draw_look, render

Plane = npt.NDArray[np.uint8]
AXIAL_MM = 0.00387
LATERAL_MM = 0.0117


@dataclass(frozen=True, slots=True)
class BScanPhantom:
    """One B-scan with its truth: ``image`` (H, W) uint8, ``masks`` word -> (H, W) bool, ``lines`` name -> (W,) rows."""

    image: Plane
    masks: dict[str, npt.NDArray[np.bool_]]
    lines: dict[str, npt.NDArray[np.float32]]
    eye: OctEye
    z_mm: float


def bscan(seed: int, size: tuple[int, int] = (496, 512), maker: str | None = None, fine: int = 1) -> BScanPhantom:
    """Return one B-scan of a random eye at a random place; equal arguments give equal pixels.

    ``maker`` as for :func:`oct_device.draw_device`; by default one of those that training may see.  ``fine`` rows of
    the picture share 3.87 um: 2 is a cube's B-scan, 6 mm over few columns, as raster devices store them.
    """
    rng = np.random.default_rng([seed, 1])
    eye = draw_eye(rng)
    look = draw_look(rng, maker)
    near = rng.random() < 0.8 and len(eye.lesion_z) > 0
    z = float(rng.choice(eye.lesion_z) + rng.normal(0, 0.06)) if near else float(rng.uniform(-2.5, 2.5))
    if fine > 1:
        eye = replace(eye, lateral_mm=float(rng.uniform(4.5, 9.0)) / size[1])
    return _one(eye, look, z, size, rng, _random_shadow(size[1], rng), fine)


def volume(seed: int, frames: int, size: tuple[int, int] = (496, 512), step_mm: float = 0.24,
           eye: OctEye | None = None, look: OctLook | None = None,
           shadows: npt.NDArray[np.float32] | None = None) -> tuple[BScanPhantom, ...]:
    """Return ``frames`` neighbouring B-scans of one eye, ``step_mm`` apart and centred on the fovea.

    ``shadows`` (frames, W) in 0..1 says where retinal vessels cross each B-scan; without it the frames
    share vessels that run across them.
    """
    rng = np.random.default_rng([seed, 2])
    eye = draw_eye(rng) if eye is None else eye
    look = draw_look(rng) if look is None else look
    if shadows is None:
        shadows = _running_shadows(frames, size[1], rng)
    places = (np.arange(frames) - (frames - 1) / 2) * step_mm
    return tuple(_one(eye, look, float(z), size, np.random.default_rng([seed, 3, k]), shadows[k])
                 for k, z in enumerate(places))


def _one(eye: OctEye, look: OctLook, z: float, size: tuple[int, int], rng: np.random.Generator,
         shadow: npt.NDArray[np.float32], fine: int = 1) -> BScanPhantom:
    size = (size[0] // fine, size[1])
    section = eye.section(z, size)
    image, masks = render(section, look, size, rng, shadow, fine)
    there = {name: section.lines[name] if name == "ILM" else np.where(section.nerve < 0.5, section.lines[name], np.nan)
             for name in LINE_NAMES}
    return BScanPhantom(image, masks, {name: (fine * line + (fine - 1) / 2).astype(np.float32)
                                       for name, line in there.items()}, eye, z)


def _random_shadow(width: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    x = np.arange(width)
    shadow = np.zeros(width)
    for _ in range(rng.poisson(4)):
        shadow = np.maximum(shadow, rng.uniform(0.2, 1) * _bump(x, rng.uniform(0, width), rng.uniform(1.5, 6)))
    return shadow.astype(np.float32)


def _running_shadows(frames: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    x = np.arange(width)
    rows = np.zeros((frames, width), np.float32)
    for _ in range(rng.integers(3, 7)):
        place, slope, breadth, depth = rng.uniform(0, width), rng.normal(0, 9), rng.uniform(2, 5), rng.uniform(0.4, 1)
        for k in range(frames):
            rows[k] = np.maximum(rows[k], depth * _bump(x, place + slope * k, breadth))
    return rows


def _bump(x: npt.NDArray[np.int_], centre: float, sigma: float) -> npt.NDArray[np.float64]:
    return np.exp(-0.5 * ((x - centre) / sigma) ** 2)
