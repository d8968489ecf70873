"""From layer rows to OCT pixels: reflectivity, shadows, speckle and the looks of different devices.

Grey values follow what averaged Spectralis B-scans show on their fourth-root display: vitreous near
black, nerve fibres 190, nuclear layers 70 to 95, plexiform layers 145, ellipsoid zone 185, RPE 215, choroid
140 falling to 30.  Speckle is drawn on the linear signal (grey ** 4) with an exponential noise floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import gaussian
from fineview.lab.oct_eye import Section

LINE_NAMES: tuple[str, ...] = ("ILM", "RPE", "BM", "EZ", "OPL", "INL")
Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
DRUSEN_FROM_PX = 3.0
_STEPS = (("ILM", "rnfl"), ("GCL", "gcl"), ("IPL", "ipl"), ("INL", "inl"), ("OPL", "opl"), ("ONL", "onl"))


@dataclass(frozen=True, slots=True)
class OctLook:
    """How a device shows one eye: grey values (0..255) per layer, speckle, noise floor, contrast, sharpness."""

    grey: dict[str, float]
    speckle: float
    floor: float
    black: float
    gain: float
    gamma: float
    blur: float
    choroid_decay: float
    shadow: float
    choroid_grain: tuple[float, float, float] = (8.0, 6.0, 0.3)  # vessel size in x and rows, darkness
    hyaloid: tuple[float, float, float, float] | None = None  # lift in rows, constant, slope, bow


def draw_look(rng: np.random.Generator) -> OctLook:
    """Draw a random look: half averaged and dark like Spectralis, half noisier like single-shot devices."""
    clean = rng.random() < 0.6
    base = {"vitreous": 22.0, "rnfl": 190.0, "gcl": 128.0, "ipl": 146.0, "inl": 96.0, "opl": 148.0, "onl": 72.0,
            "elm": 96.0, "ez": 183.0, "iz": 142.0, "rpe": 212.0, "choroid": 136.0, "druse": 165.0, "fluid": 22.0}
    grey = {name: float(value * rng.uniform(0.85, 1.15)) for name, value in base.items()}
    grey["druse"] = float(rng.uniform(95, 200))
    grey["fluid"] = float(rng.uniform(12, 48))
    return OctLook(grey, float(rng.uniform(0.05, 0.14) if clean else rng.uniform(0.12, 0.26)),
                   float(rng.uniform(20, 55) if clean else rng.uniform(45, 95)),
                   float(rng.uniform(0, 40) if clean else rng.uniform(0, 30)), float(rng.uniform(0.75, 1.2)),
                   float(rng.uniform(0.8, 1.3)), float(rng.uniform(0.0, 0.8)), float(rng.uniform(45, 140)),
                   float(rng.uniform(0.25, 0.75)),
                   (float(rng.uniform(5, 13)), float(rng.uniform(4, 9)), float(rng.uniform(0.1, 0.5))),
                   _draw_hyaloid(rng) if rng.random() < 0.2 else None)


def _draw_hyaloid(rng: np.random.Generator) -> tuple[float, float, float, float]:
    return float(rng.uniform(8, 70)), float(rng.uniform(0.1, 1)), float(rng.normal(0, 0.5)), float(rng.uniform(0, 1))


def render(section: Section, look: OctLook, size: tuple[int, int], rng: np.random.Generator,
           shadow: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint8], dict[str, Mask]]:
    """Paint one B-scan.  Returns ``(image (H, W) uint8, masks word -> (H, W) bool)``."""
    rows = np.arange(size[0], dtype=np.float32)[:, None]
    scene = _layers(section, look, rows, rng)
    masks = _lesions(section, look, rows, scene, rng)
    _vessels(section, look, rows, scene, shadow)
    _vitreous(section, look, rows, scene, rng)
    return _acquire(scene, look, rng), masks


def _ramp(rows: Field, line: npt.NDArray[np.float64], soft: float = 2.4) -> Field:
    return np.clip((rows - line.astype(np.float32)) / soft + 0.5, 0, 1)


def _band(rows: Field, line: npt.NDArray[np.float64], sigma: float) -> Field:
    return np.exp(-0.5 * ((rows - line.astype(np.float32)) / sigma) ** 2)


def _layers(section: Section, look: OctLook, rows: Field, rng: np.random.Generator) -> Field:
    lines, grey = section.lines, look.grey
    scene = np.full((len(rows), len(lines["BM"])), grey["vitreous"], np.float32)
    texture = 1 + rng.uniform(0.04, 0.12) * _noise(scene.shape, rng, 5, 1.2)
    for top, name in _STEPS:
        scene += (grey[name] - scene) * _ramp(rows, lines[top])
    scene += (grey["elm"] - scene) * _band(rows, lines["ELM"], 1.3) * 0.8
    scene += (grey["iz"] - scene) * _ramp(rows, lines["EZ"] - 2.0, 3.5)
    lifted = np.clip((section.drusen_px + section.ped_px) / 14, 0, 0.75).astype(np.float32)  # EZ fades on a dome
    scene += (grey["ez"] - scene) * _band(rows, lines["EZ"], 2.0) * (1 - lifted)
    depth = np.maximum(rows - lines["BM"].astype(np.float32), 0)
    vessels = np.clip(_noise(scene.shape, rng, *look.choroid_grain[:2]) - 0.3, 0, 1)
    inside = np.clip(depth / 12, 0, 1) * look.choroid_grain[2]
    choroid = grey["choroid"] * np.exp(-depth / look.choroid_decay) * (1 - inside * vessels)
    scene *= texture
    scene += (choroid * (1 + 0.1 * _noise(scene.shape, rng, 3, 2)) - scene) * _ramp(rows, lines["BM"], 4.0)
    below = (rows > lines["RPE"]).astype(np.float32)
    width = np.where(below > 0, 3.4, 3.0).astype(np.float32)
    scene += (grey["rpe"] - scene) * _band(rows, lines["RPE"], 1.0) ** (1 / width ** 2)
    return scene


def _lesions(section: Section, look: OctLook, rows: Field, scene: Field, rng: np.random.Generator) -> dict[str, Mask]:
    rpe, bm, ez = (section.lines[n].astype(np.float32) for n in ("RPE", "BM", "EZ"))
    under = np.clip((rows - rpe) / 3.0 - 0.7, 0, 1) * np.clip((bm - rows) / 2.0 + 0.2, 0, 1)
    stuff = look.grey["druse"] * (1 + 0.12 * _noise(scene.shape, rng, 4, 2))
    lifted = np.clip(section.drusen_px / 8, 0, 1).astype(np.float32)
    scene += (stuff - scene) * under * lifted
    serous = (section.ped_px > section.drusen_px) & (section.ped_px > 6)
    scene += (look.grey["fluid"] * 1.5 - scene) * under * serous * np.clip(section.ped_px / 12, 0, 1).astype(np.float32)
    scene += (look.grey["rpe"] * 0.7 - scene) * _band(rows, bm.astype(np.float64), 1.2) * np.clip(
        (section.drusen_px + section.ped_px) / 12, 0, 0.7).astype(np.float32)
    between = (rows >= rpe) & (rows <= bm)
    drusen = between & (section.drusen_px >= DRUSEN_FROM_PX) & ~serous
    gap = (section.subretinal_px > 2.5) & (rows > ez + 2.5) & (rows < rpe - 3.5)
    fluid = gap | (between & serous & (rows > rpe + 2.5) & (rows < bm - 1))
    scene[gap] = look.grey["fluid"]
    cysts = _ellipses(scene.shape, section.cysts)
    cysts &= (rows < section.lines["ELM"].astype(np.float32) - 1) & (rows > section.lines["ILM"].astype(np.float32) + 3)
    scene[cysts] = look.grey["fluid"]
    inside = (rows < rpe - 3) & (rows > section.lines["ILM"].astype(np.float32) + 2)
    foci = _ellipses(scene.shape, section.foci) & inside
    scene[foci] = np.maximum(scene[foci] + 40, rng.uniform(170, 235))
    return {"drusen": drusen, "fluid": fluid | cysts, "hyperreflective_focus": foci}


def _vessels(section: Section, look: OctLook, rows: Field, scene: Field, shadow: npt.NDArray[np.float32]) -> None:
    inner = section.lines["GCL"]
    under = _ramp(rows, inner + 8, 8)
    scene *= 1 - look.shadow * shadow * under * (0.55 + 0.45 * _ramp(rows, section.lines["ELM"], 30))
    scene += 35 * shadow * _band(rows, inner, 4)


def _vitreous(section: Section, look: OctLook, rows: Field, scene: Field, rng: np.random.Generator) -> None:
    """The glint of the inner limiting membrane, and now and then a detached posterior hyaloid above it."""
    ilm = section.lines["ILM"]
    scene += rng.uniform(0, 60) * np.clip(_noise((1, scene.shape[1]), rng, 25, 0), 0, 2) * _band(rows, ilm + 1.5, 1.6)
    if look.hyaloid is not None:
        lift, constant, slope, bow = look.hyaloid
        t = np.linspace(-1, 1, scene.shape[1])
        skin = ilm - lift * (constant + slope * t + bow * t ** 2)
        seen = _band(rows, np.minimum(skin, ilm - 3), rng.uniform(1.2, 2.5)) * rng.uniform(0.15, 0.5)
        scene += (look.grey["ipl"] - scene) * seen


def _ellipses(shape: tuple[int, ...], blobs: tuple[tuple[float, float, float, float], ...]) -> Mask:
    plane = np.zeros(shape, bool)
    for x, row, radius_x, radius_y in blobs:
        top, left = max(int(row - radius_y) - 1, 0), max(int(x - radius_x) - 1, 0)
        bottom, right = int(row + radius_y) + 2, int(x + radius_x) + 2
        yy, xx = np.mgrid[top:min(bottom, shape[0]), left:min(right, shape[1])]
        hit = ((xx - x) / max(radius_x, 0.7)) ** 2 + ((yy - row) / max(radius_y, 0.7)) ** 2 <= 1
        plane[top:bottom, left:right] |= hit
    return plane


def _noise(shape: tuple[int, ...], rng: np.random.Generator, sigma_x: float, sigma_y: float) -> Field:
    """Smooth random field of unit variance with correlation lengths in pixels."""
    grain = gaussian(rng.standard_normal(shape, dtype=np.float32), sigma_x, sigma_y)
    return np.asarray(grain / (grain.std() + 1e-6), np.float32)


def _acquire(scene: Field, look: OctLook, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    blurred = gaussian(scene, look.blur * 0.7, look.blur) if look.blur > 0.1 else scene
    signal = np.clip(blurred, 1, 400) * np.exp(look.speckle * _noise(scene.shape, rng, 0.6, 0.9))
    floor = look.floor ** 4 * rng.standard_exponential(scene.shape, dtype=np.float32)
    shown = (signal ** 4 + floor) ** 0.25 - look.black
    shown = 255 * np.clip(look.gain * shown / (255 - look.black), 0, 1) ** look.gamma
    return np.clip(np.round(shown), 0, 255).astype(np.uint8)
