"""From masks or loose boxes to what is shown and what is known, one bit per class and pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import LABELS, WORDS, label_for
from fineview.imaging.filters import components, dark_spots, gaussian, resize_area, resize_linear, tophat_bright
from fineview.imaging.strokes import ellipse

Array = npt.NDArray[Any]
_BIT = {word: np.uint8(1 << k) for k, word in enumerate(WORDS)}
ELSEWHERE = sum(1 << k for k, label in enumerate(LABELS) if label.domain != "fundus")
_SPECK_AREA = 20
VEIL_SHARE = 0.06  # of the field of view; an optic disc fills about 0.04
BOX_WORDS = {0: "optic_disc", 1: "hard_exudate", 2: "haemorrhage"}


@dataclass(frozen=True, slots=True)
class Truth:
    """``hit`` and ``known`` (H, W) uint8: bit ``k`` for class ``k`` of ``WORDS``."""

    hit: Array
    known: Array


def mask_truth(planes: dict[str, Array], view: Array) -> Truth:
    """Pixel masks: each given class is known everywhere but in a veil, every other fundus class nowhere."""
    hit = np.zeros(view.shape, np.uint8)
    known = np.full(view.shape, ELSEWHERE, np.uint8)
    for word, plane in planes.items():
        veiled = veil(word, plane, int(view.sum()))
        hit[plane & ~veiled] |= _BIT[word]
        known[~veiled] |= _BIT[word]
    return Truth(hit, known)


def veil(word: str, plane: Array, field_px: int) -> Array:
    """(H, W) bool: parts of a lesion's mask larger than an optic disc, such as blood in the vitreous.

    One of them has more pixels than all lesions of all other photographs together, and in a crop it is nothing but a
    darker field; taken as a lesion it would teach, and calibrate, that dark fields bleed.
    """
    if not label_for(word).lesion:
        return np.zeros(plane.shape, bool)
    _, labels, boxes, _ = components(plane)
    large = boxes[:, 4] > VEIL_SHARE * field_px
    large[0] = False
    return np.asarray(large[labels])


def box_truth(rgb: Array, view: Array, boxes: list[tuple[float, ...]]) -> Truth:
    """Loose boxes ``(class, cx, cy, w, h)`` in fractions: only clear pixels inside a box are positive.

    Inside a haemorrhage box the vessel-suppressed dark spots count, inside an exudate box the bright
    top-hat; the rest of the box is unknown.  Microaneurysms were never boxed: unknown in an eye with boxed lesions,
    taken as absent in one without.  Soft exudates neither: unknown everywhere.
    """
    known = np.full(view.shape, ELSEWHERE, np.uint8)
    sick = any(BOX_WORDS[int(box[0])] != "optic_disc" for box in boxes)
    for word in ("haemorrhage", "hard_exudate", "optic_disc", *(() if sick else ("microaneurysm",))):
        known |= _BIT[word]
    hit = np.zeros(view.shape, np.uint8)
    contrast = _contrast(rgb)
    noise = {"haemorrhage": max(4.0, float(np.percentile(contrast["haemorrhage"][view], 96))),
             "hard_exudate": max(7.0, float(np.percentile(contrast["hard_exudate"][view], 98.5)))}
    for box in boxes:
        word = BOX_WORDS[int(box[0])]
        area = _slices(box, view.shape)
        if word == "optic_disc":
            _mark_disc(hit, known, box)
            continue
        known[area] &= np.uint8(255 - _BIT[word])
        inside = contrast[word][area]
        if inside.size:
            clear = _patches(inside >= max(noise[word], 0.45 * float(np.percentile(inside, 99.5))))
            hit[area] |= clear.astype(np.uint8) * _BIT[word]
    known |= hit
    return Truth(hit, known)


def _contrast(rgb: Array) -> dict[str, Array]:
    """Dark-spot and bright-spot contrast of the green channel, (H, W) uint8 each.

    Dark spots are measured relative to their surround and at half size: a blot bleed is up to 90 px across
    here and lies in bright and in dark parts of the field alike.
    """
    shape = (rgb.shape[0], rgb.shape[1])
    green = np.ascontiguousarray(rgb[..., 1])
    half = resize_area(green, (shape[0] // 2, shape[1] // 2)).astype(np.float32)
    even = np.clip(110 * gaussian(half, 0.8) / np.maximum(gaussian(half, 45), 8), 0, 255).astype(np.uint8)
    return {"haemorrhage": resize_linear(dark_spots(even, 24, 75), shape),
            "hard_exudate": tophat_bright(gaussian(green, 1.3), 17)}


def _patches(clear: Array) -> Array:
    """Drop specks too small to be a lesion at this scale (under about 5 px across)."""
    _, labels, boxes, _ = components(clear)
    large = boxes[:, 4] >= _SPECK_AREA
    large[0] = False
    return np.asarray(large[labels])


def _mark_disc(hit: Array, known: Array, box: tuple[float, ...]) -> None:
    height, width = hit.shape
    centre, radii = (box[1] * width, box[2] * height), (box[3] * width / 2, box[4] * height / 2)
    near = ellipse(hit.shape, centre, (radii[0] * 1.15, radii[1] * 1.15)) > 0
    disc = ellipse(hit.shape, centre, (radii[0] * 0.85, radii[1] * 0.85)) > 127
    known[near] &= np.uint8(255 - _BIT["optic_disc"])
    known[disc] |= _BIT["optic_disc"]
    hit[disc] |= _BIT["optic_disc"]


def _slices(box: tuple[float, ...], shape: tuple[int, ...]) -> tuple[slice, slice]:
    _, cx, cy, w, h = box
    rows = (max(int((cy - h / 2) * shape[0]), 0), min(int(np.ceil((cy + h / 2) * shape[0])), shape[0]))
    columns = (max(int((cx - w / 2) * shape[1]), 0), min(int(np.ceil((cx + w / 2) * shape[1])), shape[1]))
    return slice(*rows), slice(*columns)
