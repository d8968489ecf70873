"""From layer rows to OCT pixels: reflectivity, shadows, lesions; how a device shows them is :mod:`oct_device`.

Grey values follow what averaged Spectralis B-scans show on their fourth-root display: vitreous near
black, nerve fibres 190, nuclear layers 70 to 95, plexiform layers 145, ellipsoid zone 185, RPE 215, choroid
140 falling to 30.  Between RPE and BM it stays bright, however far they lie apart; BM is the fall at its outer edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import gaussian, resize_linear
from fineview.lab.oct_device import Device, Field, acquire, draw_device, noise
from fineview.lab.oct_eye import Row, Section

LINE_NAMES: tuple[str, ...] = ("ILM", "RPE", "BM", "EZ", "OPL", "INL")
Mask = npt.NDArray[np.bool_]
DRUSEN_FROM_PX = 3.0
_STEPS = (("ILM", "rnfl"), ("GCL", "gcl"), ("IPL", "ipl"), ("INL", "inl"), ("OPL", "opl"), ("ONL", "onl"))


@dataclass(frozen=True, slots=True)
class OctLook:
    """How one eye reflects, and the device: grey values (0..255) per layer, depth and grain of the choroid, shadows.

    ``filling``: brightness between RPE and BM as a share of the RPE's; ``capillaris``: rows below BM before the large
    vessels begin, rows of that border and how much darker it gets there; ``under``: how much of the light lifted
    places leave below them; ``streaks``: unevenness of the columns below the RPE.
    """

    grey: dict[str, float]
    device: Device
    choroid_decay: float
    shadow: float
    choroid_grain: tuple[float, float, float] = (8.0, 6.0, 0.3)  # vessel size in x and rows, darkness
    hyaloid: tuple[float, float, float, float] | None = None  # lift in rows, constant, slope, bow
    filling: float = 0.9
    capillaris: tuple[float, float, float] = (10.0, 25.0, 0.0)
    under: float = 0.85
    streaks: float = 0.06


def draw_look(rng: np.random.Generator, maker: str | None = None) -> OctLook:
    """Draw a random look; ``maker`` as for :func:`oct_device.draw_device`."""
    base = {"vitreous": 12.0, "rnfl": 190.0, "gcl": 132.0, "ipl": 146.0, "inl": 100.0, "opl": 144.0, "onl": 74.0,
            "elm": 96.0, "ez": 186.0, "iz": 156.0, "rpe": 214.0, "choroid": 128.0, "druse": 165.0, "fluid": 22.0}
    grey = {name: float(value * rng.uniform(0.86, 1.14)) for name, value in base.items()}
    inner = float(rng.uniform(0.65, 1.05))  # how bright the neural retina is beside the RPE
    grey.update({name: inner * grey[name] for name in ("rnfl", "gcl", "ipl", "inl", "opl", "onl", "elm")})
    grey["choroid"] = min(grey["choroid"] * float(rng.uniform(0.6, 1.4)), 0.72 * grey["rpe"])  # BM stays a fall
    # drusen are nearly as bright as the pigment epithelium above them, now and then grey
    grey["druse"] = grey["rpe"] * float(rng.uniform(0.45, 0.7) if rng.random() < 0.2 else rng.uniform(0.7, 0.98))
    grey["fluid"] = float(rng.uniform(50, 76) if rng.random() < 0.15 else rng.uniform(8, 50))
    return OctLook(grey, draw_device(rng, maker), float(rng.uniform(25, 100)), float(rng.uniform(0.25, 0.75)),
                   (float(rng.uniform(4, 14)), float(rng.uniform(3, 10)), float(rng.uniform(0.1, 0.7))),
                   _draw_hyaloid(rng) if rng.random() < 0.2 else None, float(rng.uniform(0.8, 0.98)),
                   (float(rng.uniform(4, 24)), float(np.exp(rng.uniform(np.log(3), np.log(25)))),
                    float(rng.uniform(0, 0.45))), float(rng.uniform(0.55, 1.1)), float(rng.uniform(0.02, 0.15)))


def _draw_hyaloid(rng: np.random.Generator) -> tuple[float, float, float, float]:
    return float(rng.uniform(8, 70)), float(rng.uniform(0.1, 1)), float(rng.normal(0, 0.5)), float(rng.uniform(0, 1))


def render(section: Section, look: OctLook, size: tuple[int, int], rng: np.random.Generator,
           shadow: npt.NDArray[np.float32], fine: int = 1) -> tuple[npt.NDArray[np.uint8], dict[str, Mask]]:
    """Paint one B-scan of ``size`` rows of the section and columns, shown with ``fine`` rows for each of the section's.

    Returns ``(image (H, W) uint8, masks word -> (H, W) bool)``, H being ``fine`` times the section's rows.
    """
    rows = np.arange(size[0], dtype=np.float32)[:, None]
    scene = _layers(section, look, rows, rng)
    masks = _lesions(section, look, rows, scene, rng)
    if section.nerve.any():
        _nerve(section, look, rows, scene, rng)
    _vessels(section, look, rows, scene, shadow)
    _vitreous(section, look, rows, scene, rng)
    if fine > 1:
        scene = np.asarray(resize_linear(scene, (fine * size[0], size[1])), np.float32)
    return acquire(scene, look.device, rng), {
        word: np.repeat(mask & (section.nerve < 0.5), fine, 0) for word, mask in masks.items()}


def _ramp(rows: Field, line: Row, soft: float = 2.4) -> Field:
    return np.clip((rows - line.astype(np.float32)) / soft + 0.5, 0, 1)


def _band(rows: Field, line: Row, sigma: float) -> Field:
    return np.exp(-0.5 * ((rows - line.astype(np.float32)) / sigma) ** 2)


def _layers(section: Section, look: OctLook, rows: Field, rng: np.random.Generator) -> Field:
    lines, grey = section.lines, look.grey
    scene = np.full((len(rows), len(lines["BM"])), grey["vitreous"], np.float32)
    for top, name in _STEPS:
        scene += (grey[name] - scene) * _ramp(rows, lines[top])
    scene += (grey["elm"] - scene) * _band(rows, lines["ELM"], 1.3) * 0.6
    scene += (grey["iz"] - scene) * _ramp(rows, lines["EZ"] - 2.0, 3.5)
    lifted = np.clip((section.drusen_px + section.ped_px) / 14, 0, 0.75).astype(np.float32)  # EZ fades on a dome
    uneven = 1 + 0.08 * noise((1, scene.shape[1]), rng, 4, 0)
    scene += (grey["ez"] * uneven - scene) * _band(rows, lines["EZ"], 1.9) * (1 - lifted)
    scene += (grey["rpe"] * look.filling * uneven - scene) * _ramp(rows, lines["RPE"] - 1.5, 3.0)
    scene *= 1 + rng.uniform(0.02, 0.08) * noise((scene.shape[0], scene.shape[1]), rng, 5, 1.2)
    scene += (_choroid(section, look, rows, rng) - scene) * _ramp(rows, lines["BM"], 5.0)
    scene += (grey["rpe"] * uneven - scene) * _band(rows, lines["RPE"], 2.4) * 0.9
    return scene


def _choroid(section: Section, look: OctLook, rows: Field, rng: np.random.Generator) -> Field:
    """Bright just below BM, at times nearly as bright as above it, then vessels of two sizes, fading with depth.

    Where the small vessels end brightness may fall steeply too: a second edge that is not BM.
    """
    shape = (len(rows), len(section.lines["BM"]))
    depth = np.maximum(rows - section.lines["BM"].astype(np.float32), 0)
    wide, tall, dark = look.choroid_grain
    begin, border, fall = look.capillaris
    deep = np.clip((depth - begin * (1 + 0.25 * noise((1, shape[1]), rng, 12, 0))) / border, 0, 1)
    large = np.clip(noise(shape, rng, 1.8 * wide, 1.6 * tall) - 0.2, -0.4, 1.2) * deep
    small = np.clip(noise(shape, rng, 0.4 * wide, 0.4 * tall), -1, 1.5) * np.clip(depth / 10, 0, 1)
    fade = np.exp(-depth / look.choroid_decay) * (1 - fall * deep)
    fade *= 1 - 0.4 * np.clip((depth - section.choroid_px) / 30, 0, 1)
    streaks = np.exp(look.streaks * (noise((1, shape[1]), rng, 1.3, 0) + noise((1, shape[1]), rng, 9, 0)))
    lift = np.clip((section.drusen_px + section.ped_px) / 20, 0, 1).astype(np.float32)
    below = 1 + (look.under - 1) * lift
    return np.asarray(look.grey["choroid"] * fade * np.clip(1 - dark * large - 0.5 * dark * small, 0.15, 1.6)
                      * streaks * below, np.float32)


def _lesions(section: Section, look: OctLook, rows: Field, scene: Field, rng: np.random.Generator) -> dict[str, Mask]:
    rpe, bm, ez = (section.lines[n].astype(np.float32) for n in ("RPE", "BM", "EZ"))
    solid, ped = section.drusen_px.astype(np.float32), section.ped_px.astype(np.float32)
    under = np.clip((rows - rpe) / 3.0 - 0.7, 0, 1) * np.clip((bm - rows) / 2.0 + 0.2, 0, 1)
    stuff = look.grey["druse"] * (1 + 0.12 * noise((scene.shape[0], scene.shape[1]), rng, 4, 2))
    scene += (stuff - scene) * under * np.clip(solid / 8, 0, 1)
    between = (rows >= rpe) & (rows <= bm)
    # drusen on a serous detachment hang on its roof, fluid fills the rest
    serous = between & (ped > 6) & (rows > rpe + 2.5 + solid) & (rows < bm - 1)
    scene[serous] = min(1.3 * look.grey["fluid"], 82.0)
    # under a dome BM shows as a thin line; its outer edge stays where BM is
    scene += (look.grey["rpe"] * 0.7 - scene) * _band(rows, section.lines["BM"] - 1.5, 1.2) * np.clip(
        (solid + ped) / 12, 0, 0.7)
    drusen = between & (solid >= DRUSEN_FROM_PX) & ~serous
    gap = (section.subretinal_px > 2.5) & (rows > ez + 2.5) & (rows < rpe - 3.5)
    fluid = gap | serous
    scene += (look.grey["fluid"] - scene) * gap
    cysts = _ellipses(scene.shape, section.cysts)
    cysts &= (rows < section.lines["ELM"].astype(np.float32) - 1) & (rows > section.lines["ILM"].astype(np.float32) + 3)
    if cysts.any():  # some are clear, some murky, none has an edge of one pixel
        murky = 1 + 0.5 * np.clip(noise((scene.shape[0], scene.shape[1]), rng, 14, 9), -0.6, 1.5)
        scene += (look.grey["fluid"] * murky - scene) * gaussian(cysts.astype(np.float32), rng.uniform(0.4, 1.3))
    inside = (rows < rpe - 3) & (rows > section.lines["ILM"].astype(np.float32) + 2)
    foci = _ellipses(scene.shape, section.foci) & inside
    scene[foci] = np.maximum(scene[foci] + 40, rng.uniform(170, 235))
    return {"drusen": drusen, "fluid": fluid | cysts, "hyperreflective_focus": foci}


def _nerve(section: Section, look: OctLook, rows: Field, scene: Field, rng: np.random.Generator) -> None:
    """The tissue of the optic disc: fibres that fade with depth, drawn in place where the outer layers end."""
    depth = rows - section.lines["ILM"].astype(np.float32)
    wide = np.exp(0.15 * noise((1, scene.shape[1]), rng, 2, 0) + 0.2 * noise((1, scene.shape[1]), rng, 12, 0))
    grain = 1 + 0.12 * noise((scene.shape[0], scene.shape[1]), rng, 5, 3)
    fibres = look.grey["gcl"] * rng.uniform(0.75, 1.3) * np.exp(-np.maximum(depth, 0) / rng.uniform(40, 160))
    tissue = np.maximum(fibres * wide * grain, look.grey["vitreous"]).astype(np.float32)
    tissue += (look.grey["vitreous"] - tissue) * (1 - _ramp(rows, section.lines["ILM"]))
    scene += (tissue - scene) * section.nerve.astype(np.float32)


def _vessels(section: Section, look: OctLook, rows: Field, scene: Field, shadow: npt.NDArray[np.float32]) -> None:
    inner = section.lines["GCL"]
    under = _ramp(rows, inner + 8, 8)
    scene *= 1 - look.shadow * shadow * under * (0.55 + 0.45 * _ramp(rows, section.lines["ELM"], 30))
    scene += 35 * shadow * _band(rows, inner, 4)


def _vitreous(section: Section, look: OctLook, rows: Field, scene: Field, rng: np.random.Generator) -> None:
    """The glint of the inner limiting membrane, and now and then a detached posterior hyaloid above it."""
    ilm = section.lines["ILM"]
    scene += rng.uniform(0, 60) * np.clip(noise((1, scene.shape[1]), rng, 25, 0), 0, 2) * _band(rows, ilm + 1.5, 1.6)
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
