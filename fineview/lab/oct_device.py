"""How a device shows a scene of reflectivity: sharpness, speckle, noise floor, uneven light, display curve.

A scene is in grey values of a fourth-root display (255 = full signal), so ``(grey / 255) ** 4`` is linear power.
Speckle of an averaged scan is gamma distributed (Goodman, Speckle Phenomena in Optics, 2007), here by the cube of a
normal field (Wilson and Hilferty 1931), which lets neighbouring pixels share their grain: real scans have no
speckle of one pixel.  Ranges were set by eye beside public B-scans of each kind of device, never by a score.
One of them, :data:`UNSEEN`, is never drawn for training: it measures what a new device does to a trained model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import gaussian

Field = npt.NDArray[np.float32]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Device:
    """``looks`` speckle patterns averaged; ``grain``, ``noise_grain``, ``blur``: sigma in columns and rows; ``noise``
    mean grey of the noise floor with ``noise_looks``; ``range_db`` of a logarithmic display, 0 for a fourth root;
    ``black`` and ``white``: shares of the display range; ``stripes`` and ``vignette``: unevenness over columns."""

    looks: float
    grain: Span
    noise: float
    noise_looks: float
    noise_grain: Span
    blur: Span
    range_db: float
    black: float
    white: float
    gamma: float
    stripes: float = 0.0
    vignette: float = 0.0
    falloff: float = 0.0


@dataclass(frozen=True, slots=True)
class Maker:
    """What one maker's devices share, as ranges."""

    looks: Span
    grain_x: Span
    grain_y: Span
    noise: Span
    noise_looks: Span
    blur: Span
    range_db: Span
    black: Span
    white: Span
    stripes: Span


MAKERS: dict[str, Maker] = {
    # many frames averaged, fourth-root display that clips the vitreous to black
    "spectralis": Maker((3, 24), (0.7, 1.4), (0.6, 1.2), (14, 42), (1, 8), (0.3, 1.3), (0, 0), (-0.02, 0.14),
                        (0.85, 1.25), (0.0, 0.08)),
    # one frame, coarse grain along depth, grey noise floor, low contrast
    "cirrus": Maker((1, 2.5), (0.3, 0.8), (0.6, 1.3), (18, 48), (1, 2), (0.3, 1.0), (36, 48), (0.05, 0.25),
                    (0.95, 1.3), (0.03, 0.12)),
    # some frames averaged, smooth grain, contrasty logarithmic display
    "topcon": Maker((2, 10), (0.6, 1.2), (0.8, 1.6), (16, 42), (2, 8), (0.6, 1.6), (30, 42), (0.1, 0.35),
                    (0.9, 1.15), (0.02, 0.1)),
    # grain drawn out along the scan, upright stripes, grey vitreous
    "optovue": Maker((3, 10), (1.5, 2.4), (0.5, 0.9), (22, 44), (3, 10), (0.5, 1.2), (40, 52), (0.1, 0.28),
                     (0.98, 1.18), (0.1, 0.2)),
}
UNSEEN = "optovue"
TRAINED: tuple[str, ...] = tuple(name for name in MAKERS if name != UNSEEN)
_SHARES = np.array([0.5, 0.25, 0.25])


def draw_device(rng: np.random.Generator, maker: str | None = None) -> Device:
    """A random device of ``maker``, else of one of :data:`TRAINED`.  Raises ``KeyError`` for another word."""
    kind = MAKERS[maker if maker is not None else TRAINED[int(rng.choice(len(TRAINED), p=_SHARES))]]

    def one(span: Span) -> float:
        return float(rng.uniform(*span))

    looks, noise_looks = (float(np.exp(rng.uniform(*np.log(span)))) for span in (kind.looks, kind.noise_looks))
    blur = one(kind.blur)
    return Device(looks, (one(kind.grain_x), one(kind.grain_y)), one(kind.noise), noise_looks,
                  (float(rng.uniform(0.3, 0.8)), float(rng.uniform(0.3, 0.7))), (0.8 * blur, blur), one(kind.range_db),
                  one(kind.black), one(kind.white), float(rng.uniform(0.85, 1.25)), one(kind.stripes),
                  float(rng.uniform(0, 0.35)) if rng.random() < 0.3 else 0.0,
                  float(rng.uniform(0, 0.5)) if rng.random() < 0.5 else 0.0)


def acquire(scene: Field, device: Device, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """The B-scan (H, W) uint8 that the device shows of a scene (H, W) in fourth-root grey values."""
    shape = (scene.shape[0], scene.shape[1])
    light = _light(shape, device, rng)
    signal = (np.clip(gaussian(scene, *device.blur), 1, 400) * light / 255) ** 4
    signal *= _speckle(shape, device.looks, device.grain, rng)
    signal += np.float32((device.noise / 255) ** 4) * _speckle(shape, device.noise_looks, device.noise_grain, rng)
    if device.range_db:
        shown = 1 + 10 / device.range_db * np.log10(np.maximum(signal, 1e-9))
    else:
        shown = np.sqrt(np.sqrt(signal))
    shown = np.clip((shown - device.black) / (device.white - device.black), 0, 1) ** device.gamma
    return np.asarray(np.round(255 * shown), np.uint8)


def noise(shape: tuple[int, int], rng: np.random.Generator, sigma_x: float, sigma_y: float) -> Field:
    """Smooth random field of unit variance with correlation lengths in pixels."""
    grain = gaussian(rng.standard_normal(shape, dtype=np.float32), sigma_x, sigma_y)
    return np.asarray(grain / (grain.std() + 1e-6), np.float32)


def _speckle(shape: tuple[int, int], looks: float, grain: Span, rng: np.random.Generator) -> Field:
    """Gamma distributed power of mean 1 and variance 1 / looks."""
    root = 1 - 1 / (9 * looks) + noise(shape, rng, *grain) / (3 * np.sqrt(looks))
    return np.asarray(np.maximum(root, 0.02) ** 3, np.float32)


def _light(shape: tuple[int, int], device: Device, rng: np.random.Generator) -> Field:
    """Uneven light in grey values: slow and fast over columns, darker towards the sides, falling with depth."""
    rows, columns = np.linspace(0, 1, shape[0])[:, None], np.linspace(-1, 1, shape[1])[None]
    over = 0.6 * noise((1, shape[1]), rng, 40, 0) + 0.4 * noise((1, shape[1]), rng, 1.2, 0)
    sides = 1 - device.vignette * np.clip(np.abs(columns + rng.normal(0, 0.3)), 0, 1) ** 3
    return np.asarray(np.exp(device.stripes * over) * sides * (1 - device.falloff * rows ** 2), np.float32)
