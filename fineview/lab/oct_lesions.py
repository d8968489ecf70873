"""Random eyes: healthy ones, drusen of four kinds, detachments, three kinds of fluid, bright foci, optic discs.

From the brightest row of the retinal pigment epithelium to the outer edge of Bruch's membrane lie 3 to 9 rows of
3.87 um, uneven along a scan: more where basal laminar deposits thicken the complex, as they do in early disease
(Sura et al., IOVS 2020, 61(13):19), and that is no druse yet.  Drusen follow
the usual kinds (Spaide and Curcio, Retina 2010): small and hard, soft and running into each other, cuticular (a
sawtooth of many small steep ones), drusenoid detachments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fineview.lab.oct_disc import Disc
from fineview.lab.oct_eye import Blob, Bump, OctEye

Draw = np.random.Generator
HEALTHY = 0.15
AT_THE_DISC = 0.14  # of the eyes: the scan shows the optic disc, whole or at its side


def draw_eye(rng: Draw) -> OctEye:
    """Draw a random macula; about a fifth are healthy."""
    eye = OctEye(
        lateral_mm=float(rng.uniform(0.0055, 0.0155)), axial=float(rng.uniform(0.75, 1.3)),
        centre_x_mm=float(rng.normal(0, 0.7)), row_fraction=float(rng.uniform(0.34, 0.72)),
        tilt=float(rng.normal(0, 0.13)), bend=float(rng.normal(0.0025, 0.003)),
        waves=tuple((float(rng.normal(0, 2.0)), float(rng.uniform(2, 7)), float(rng.uniform(0, 6.3)))
                    for _ in range(3)),
        pit_mm=float(rng.uniform(0.3, 0.7)), thick=tuple(float(t) for t in rng.uniform(0.75, 1.3, 6)),
        nasal=float(rng.choice([-1.0, 1.0])), complex_px=float(rng.uniform(3.5, 8.0)),
        ez_px=float(rng.uniform(6.0, 9.5)), choroid_px=float(rng.uniform(35, 130)), rough=_rough(rng))
    eye = eye if rng.random() < HEALTHY else _with_lesions(eye, rng)
    return _at_the_disc(eye, rng) if rng.random() < AT_THE_DISC else eye


def _at_the_disc(eye: OctEye, rng: Draw) -> OctEye:
    """The same eye, scanned where its optic disc is: 4 mm to the nasal side of the fovea, a little above it."""
    cupped = rng.random() < 0.6
    disc = Disc(eye.nasal * float(rng.normal(4.0, 0.3)), float(rng.normal(0.3, 0.2)), float(rng.uniform(0.65, 1.0)),
                float(rng.uniform(0.3, 0.85)) if cupped else 0.25,
                float(rng.uniform(-20, 130)) if cupped else float(rng.uniform(-70, -20)), float(rng.uniform(0, 55)))
    across = tuple(float(disc.z + rng.uniform(-1.1, 1.1)) for _ in range(3))
    return replace(eye, disc=disc, centre_x_mm=disc.x - eye.nasal * float(rng.uniform(-1.2, 3.5)), lesion_z=across)


def _rough(rng: Draw) -> tuple[tuple[float, float, float, float], ...]:
    """Unevenness of the RPE from the width of a few cells up to a millimetre."""
    strength = rng.uniform(0.1, 0.85)
    return tuple((float(strength * rng.normal(0, 0.8)), float(np.exp(rng.uniform(np.log(0.045), np.log(1.2)))),
                  float(rng.uniform(0, 6.3)), float(rng.uniform(0, 6.3))) for _ in range(8))


def _with_lesions(eye: OctEye, rng: Draw) -> OctEye:
    drusen = _drusen(rng) if rng.random() < 0.8 else ()
    deposits = tuple(_dome(rng, (1, 5), (0.15, 0.9), 1.0)
                     for _ in range(int(rng.integers(1, 7)) if rng.random() < (0.7 if drusen else 0.3) else 0))
    detachments = tuple(_dome(rng, (15, 80), (0.2, 0.8)) for _ in range(1 if rng.random() < 0.22 else 0))
    subretinal = tuple(_dome(rng, (6, 55), (0.3, 0.9))
                       for _ in range(int(rng.integers(1, 3)) if rng.random() < 0.3 else 0))
    wet = rng.random() < 0.35
    swellings = tuple(_dome(rng, (10, 60), (0.4, 0.9), 1.0) for _ in range(1 if wet else 0))
    cysts = tuple(_cyst(rng, swellings[0]) for _ in range(int(rng.integers(1, 20)) if wet else 0))
    foci = tuple(_focus(rng) for _ in range(int(rng.integers(15, 140)) if rng.random() < 0.6 else 0))
    places = tuple(item.z for group in (drusen, detachments, subretinal, cysts, foci) for item in group)
    return replace(eye, drusen=drusen, deposits=deposits, detachments=detachments, subretinal=subretinal,
                   swellings=swellings, cysts=cysts, foci=foci, lesion_z=places)


def _drusen(rng: Draw) -> tuple[Bump, ...]:
    """One kind of drusen, or two together, as eyes show them."""
    kinds: tuple[Callable[[Draw], list[Bump]], ...] = (_hard, _soft, _cuticular, _drusenoid)
    chosen = rng.choice(4, size=1 + int(rng.random() < 0.35), replace=False, p=(0.3, 0.4, 0.15, 0.15))
    return tuple(bump for kind in chosen for bump in kinds[int(kind)](rng))


def _hard(rng: Draw) -> list[Bump]:
    """Few or very many, most of them low, wherever the scan goes."""
    spread, typical = rng.uniform(0.8, 1.8), rng.uniform(1.5, 4.0)
    return [_hill(rng, (float(rng.normal(0, spread)), float(rng.normal(0, 1.0))), rng.uniform(0.016, 0.05),
                  float(np.clip(rng.gamma(2.0, typical), 2, 20)), (1.0, 1.6))
            for _ in range(int(np.exp(rng.uniform(np.log(40), np.log(1200)))))]


def _soft(rng: Draw) -> list[Bump]:
    """Groups whose members touch; heights of a group are alike, so that they run into each other."""
    found = []
    for _ in range(int(rng.integers(2, 12))):
        x, z, spread = rng.normal(0, 0.9), rng.normal(0, 0.7), rng.uniform(0.1, 0.5)
        height = float(np.clip(rng.gamma(2.0, 5.0), 3, 45))
        found += [_hill(rng, (float(rng.normal(x, spread)), float(rng.normal(z, spread))), rng.uniform(0.05, 0.14),
                        height * rng.uniform(0.5, 1.2), (1.0, 1.6)) for _ in range(int(rng.integers(3, 26)))]
    return found


def _cuticular(rng: Draw) -> list[Bump]:
    x, z, spread, height = rng.normal(0, 0.6), rng.normal(0, 0.5), rng.uniform(0.5, 1.2), rng.uniform(4, 13)
    return [_hill(rng, (float(rng.normal(x, spread)), float(rng.normal(z, spread))), rng.uniform(0.02, 0.035),
                  height * rng.uniform(0.6, 1.3), (1.1, 2.0)) for _ in range(int(rng.integers(250, 800)))]


def _drusenoid(rng: Draw) -> list[Bump]:
    return [_hill(rng, (float(rng.normal(0, 0.7)), float(rng.normal(0, 0.4))), rng.uniform(0.15, 0.4),
                  rng.uniform(15, 60), (1.0, 1.8)) for _ in range(int(rng.integers(1, 5)))]


def _hill(rng: Draw, place: tuple[float, float], sigma: float, height: float, flat: tuple[float, float]) -> Bump:
    return Bump(*place, float(height), float(sigma), float(sigma * rng.uniform(0.7, 1.4)), float(rng.uniform(*flat)))


def _dome(rng: Draw, heights: tuple[float, float], widths: tuple[float, float], flat: float | None = None) -> Bump:
    sigma = float(rng.uniform(*widths))
    shape = float(rng.uniform(1.2, 2.2)) if flat is None else flat
    return Bump(float(rng.normal(0, 0.6)), float(rng.normal(0, 0.5)), float(rng.uniform(*heights)),
                sigma, sigma * float(rng.uniform(0.7, 1.3)), shape)


def _cyst(rng: Draw, home: Bump) -> Blob:
    radius = float(np.exp(rng.uniform(np.log(0.015), np.log(0.22))))
    return Blob(home.x + float(rng.normal(0, 0.6 * home.sigma_x)), home.z + float(rng.normal(0, 0.4 * home.sigma_z)),
                float(rng.uniform(0.15, 0.85)), radius, radius * float(rng.uniform(0.8, 1.5)),
                float(np.clip(radius / 0.0117 * rng.uniform(0.5, 1.8), 2.5, 0.35 * home.height_px + 8)))


def _focus(rng: Draw) -> Blob:
    return Blob(float(rng.normal(0, 1.1)), float(rng.normal(0, 0.7)), float(rng.uniform(-0.05, 0.75)),
                float(rng.uniform(0.016, 0.05)), float(rng.uniform(0.04, 0.14)), float(rng.uniform(1.5, 4.5)))
