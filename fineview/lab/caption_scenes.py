"""From facts to a picture: the lesions that were said, where they were said to be, on the ordinary phantoms.

Small pictures are painted larger and shrunk by area, since the phantoms' vessels and layers have a least width of one
pixel.  Lesions are larger than in :mod:`fundus_lesions`, at most a disc across, so that a picture of 128 px shows
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.imaging.filters import resize_area
from fineview.imaging.strokes import polygons
from fineview.lab.caption_facts import Facts, Group, picture_sign
from fineview.lab.fundus_lesions import LesionPlanes, rough
from fineview.lab.oct_eye import Blob, Bump, OctEye
from fineview.lab.oct_render import draw_look
from fineview.lab.phantom_fundus import NOMINAL_DIAMETER, fundus
from fineview.lab.phantom_oct import volume

Array = npt.NDArray[Any]
Masks = dict[str, npt.NDArray[np.bool_]]
OCT_SIZE = (496, 512)
_PAINT_PX = 384
_SHOWN = 0.3  # a cell of a shrunk mask is inside when this share of its pixels is
# radius of the space an object takes, small and large, in pixels of a 1843 px field
_REACH = {"haemorrhage": (36.0, 85.0), "hard_exudate": (52.0, 105.0), "soft_exudate": (46.0, 92.0),
          "microaneurysm": (8.0, 8.0)}


@dataclass(frozen=True, slots=True)
class Scene:
    """``rgb`` (H, W, 3) uint8; ``masks`` label word -> (H, W) bool."""

    rgb: npt.NDArray[np.uint8]
    masks: Masks


def paint(facts: Facts, seed: int, size: tuple[int, int]) -> Scene:
    """The picture of these facts; equal facts, seeds and sizes give equal pixels."""
    return _fundus(facts, seed, size) if facts.modality == "fundus" else _oct(facts, seed, size)


def _fundus(facts: Facts, seed: int, size: tuple[int, int]) -> Scene:
    times = max(1, -(-_PAINT_PX // min(size)))

    def draw(full: tuple[int, int], fovea: Array, disc: Array, diameter: float, vessels: Array, field: Array,
             rng: np.random.Generator) -> LesionPlanes:
        return _planes(facts, full, fovea, disc, diameter, field, np.random.default_rng([seed, 42]))

    made = fundus(seed, (size[0] * times, size[1] * times), lesions=True, laterality=facts.side, draw=draw)
    return _shrunk(made.rgb, made.masks, size)


def _planes(facts: Facts, size: tuple[int, int], fovea: Array, disc: Array, diameter: float, field: Array,
            rng: np.random.Generator) -> LesionPlanes:
    unit = diameter / NOMINAL_DIAMETER
    taken: list[tuple[Array, float]] = [(disc, 125 * unit), (fovea, 40 * unit)]
    planes = {kind: np.zeros(size, np.uint8) for kind in _REACH}
    for group in sorted(facts.groups, key=lambda one: -_reach(one)):  # the largest first, while there is room
        shapes: list[Array] = []
        for _ in range(group.count):
            reach = _reach(group) * unit
            spot = _free_spot(group, facts, fovea, diameter, field, reach, taken, rng)
            taken.append((spot, reach))
            shapes += _object(group, spot, unit, rng)
        planes[group.kind] = polygons(size, shapes)
    return LesionPlanes(*(planes[kind] for kind in ("microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate")))


def _reach(group: Group) -> float:
    return _REACH[group.kind][bool(group.large)]


def _free_spot(group: Group, facts: Facts, fovea: Array, diameter: float, field: Array, reach: float,
               taken: list[tuple[Array, float]], rng: np.random.Generator) -> Array:
    """A point whose surround lies in the group's quadrant, inside the field and clear of what is there already.

    Where no point of many is quite clear, the clearest one.
    """
    turn, far = np.deg2rad(rng.uniform(12, 78, 400)), rng.uniform(0.09, 0.4, 400) * diameter
    across, down = picture_sign(facts.side, group.place), -1.0 if group.place[0] == "S" else 1.0
    spots = fovea + np.stack([across * np.cos(turn) * far, down * np.sin(turn) * far], 1)
    clear = np.min([np.hypot(*(spots - place).T) - own - reach for place, own in taken], 0)
    clear = np.minimum(clear, np.abs(spots - fovea).min(1) - reach)
    clear = np.minimum(clear, np.where(_seen(spots, reach * 1.2, field), 1e6, -1e6))
    good = np.flatnonzero(clear > 0.012 * diameter)
    return np.asarray(spots[good[0] if len(good) else int(clear.argmax())])


def _seen(spots: Array, reach: float, field: Array) -> Array:
    """Which points lie inside the field with their surround: (N, 2) -> (N,) bool."""
    inside = np.ones(len(spots), bool)
    for step in np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [.7, .7], [-.7, .7], [.7, -.7], [-.7, -.7]]):
        x, y = np.round(spots + step * reach).astype(int).T
        within = (x >= 0) & (y >= 0) & (x < field.shape[1]) & (y < field.shape[0])
        inside &= within & field[np.clip(y, 0, field.shape[0] - 1), np.clip(x, 0, field.shape[1] - 1)]
    return inside


def _object(group: Group, spot: Array, unit: float, rng: np.random.Generator) -> list[Array]:
    reach = _reach(group) * unit
    if group.kind == "hard_exudate":  # a cluster of many deposits
        count = int(rng.integers(26, 38) if group.large else rng.integers(9, 14))
        steps = np.clip(rng.normal(0, 0.42, (count, 2)), -0.85, 0.85) * reach
        return [rough(spot + step, (size, size * rng.uniform(0.7, 1.3)), rng.uniform(0, 3), 0.15, rng)
                for step, size in zip(steps, rng.uniform(9, 15, count) * unit, strict=True)]
    radii = reach * rng.uniform(0.8, 0.95), reach * rng.uniform(0.65, 0.9)
    return [rough(spot, radii, rng.uniform(0, 3.1), 0.08, rng)]


def _oct(facts: Facts, seed: int, size: tuple[int, int]) -> Scene:
    rng = np.random.default_rng([seed, 43])
    eye = OctEye(lateral_mm=0.0117, axial=float(rng.uniform(0.85, 1.15)), centre_x_mm=float(rng.normal(0, 0.15)),
                 row_fraction=float(rng.uniform(0.45, 0.65)), tilt=float(rng.normal(0, 0.08)),
                 bend=float(rng.normal(0.0025, 0.002)), pit_mm=float(rng.uniform(0.35, 0.6)),
                 thick=tuple(float(t) for t in rng.uniform(0.85, 1.2, 6)), nasal=1.0 if facts.side == "R" else -1.0,
                 **_oct_lesions(facts, rng))
    shadows = np.zeros((1, OCT_SIZE[1]), np.float32)
    made = volume(seed, 1, OCT_SIZE, eye=eye, look=draw_look(rng), shadows=shadows)[0]
    return _shrunk(np.repeat(made.image[..., None], 3, 2), made.masks, size)


def _oct_lesions(facts: Facts, rng: np.random.Generator) -> dict[str, Any]:
    found: dict[str, Any] = {"drusen": (), "swellings": (), "cysts": (), "foci": ()}
    for group in facts.groups:
        places = _columns_mm(facts, group, rng)
        if group.kind == "drusen":
            heights, widths = ((26.0, 36.0), (0.10, 0.12)) if group.large else ((10.0, 14.0), (0.05, 0.065))
            found["drusen"] = tuple(Bump(x, 0.0, float(rng.uniform(*heights)), float(rng.uniform(*widths)), 0.2, 1.5)
                                    for x in places)
        elif group.kind == "fluid":
            wide, tall = (0.14, 15.0) if group.large else (0.06, 6.0)
            found["swellings"] = tuple(Bump(x, 0.0, 2.0 * tall, 0.3, 0.3) for x in places)
            found["cysts"] = tuple(Blob(x, 0.0, float(rng.uniform(0.35, 0.6)), wide, 0.2, tall) for x in places)
        else:
            found["foci"] = tuple(Blob(x, 0.0, float(rng.uniform(0.15, 0.6)), 0.03, 0.1, 3.5) for x in places)
    return found


def _columns_mm(facts: Facts, group: Group, rng: np.random.Generator) -> list[float]:
    """Places along the B-scan in mm from the fovea, at least 0.3 mm apart."""
    sign = picture_sign(facts.side, group.place)
    low, high = (-0.6, 0.6) if sign == 0 else (0.95, 2.3)
    step = (high - low) / group.count
    found = [low + step * (k + 0.5) + float(rng.uniform(-0.12, 0.12)) * min(step, 0.5) for k in range(group.count)]
    return [x * (sign or 1) for x in found]


def _shrunk(rgb: Array, masks: Masks, size: tuple[int, int]) -> Scene:
    if rgb.shape[:2] == size:
        return Scene(rgb, masks)
    small = {word: _shown(resize_area(mask.astype(np.float32), size)) for word, mask in masks.items()}
    return Scene(np.ascontiguousarray(resize_area(rgb, size)), small)


def _shown(share: Array) -> npt.NDArray[np.bool_]:
    """A thing that is there has at least one cell, however small the picture."""
    most = float(share.max())
    return np.asarray(share >= min(_SHOWN, most)) if most > 0 else np.zeros(share.shape, bool)
