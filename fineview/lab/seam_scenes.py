"""Objects that a tile border cuts, and the same objects uncut: one picture seen through two windows.

Both windows are two tiles wide and show the same pixels, the second moved so that the object's middle lies exactly on
the border between the tiles.  They differ by whole patches, so every token of the object has its exact twin.  The move
is drawn between a quarter and three quarters of a tile, never one half: there a grid shifted by half a tile would be
the other window's own grid, and its distance nothing by construction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import LABELS
from fineview.imaging.filters import components, resize_linear
from fineview.lab.phantom_fundus import fundus
from fineview.lab.phantom_oct import bscan
from fineview.models.inputs import extra_channels

Array = npt.NDArray[Any]
CELL = 32
LEAST_PX = 12
PER_PICTURE = 12
OCT_ZOOM = 1.5  # how large a B-scan of 496 rows stands on a tile of 768
FIRST_SEED = 800_000


@dataclass(frozen=True, slots=True)
class Scene:
    """``uncut`` and ``cut``: (rgb (T, 2T, 3) uint8, extra (2, T, 2T) float16); ``cells`` (T/32, 2T/32) bool, the
    object's patches in ``cut``; in ``uncut`` the same patches stand ``moved`` columns further right; ``word`` names it.
    """

    uncut: tuple[Array, Array]
    cut: tuple[Array, Array]
    cells: Array
    moved: int
    origin: str
    word: str


def scenes(count: int, tile_px: int, seed: int, scans: float = 0.5) -> Iterator[Scene]:
    """``count`` scenes of phantoms, the share ``scans`` from B-scans and the rest from fundus photographs."""
    yield from _from("fundus", count - round(count * scans), tile_px, seed)
    yield from _from("oct", round(count * scans), tile_px, seed)


def _from(origin: str, count: int, tile_px: int, seed: int) -> Iterator[Scene]:
    rng = np.random.default_rng([seed, tile_px, count, len(origin)])
    made = number = 0
    while made < count:
        rgb, masks = _picture(origin, FIRST_SEED + 1000 * seed + number)
        extra = extra_channels(rgb)
        number += 1
        found = list(_objects(masks, tile_px // 2))
        for one in [found[k] for k in rng.permutation(len(found))[:min(PER_PICTURE, count - made)]]:
            yield _scene(rgb, extra, one, tile_px, rng, origin)
            made += 1


def _picture(origin: str, seed: int) -> tuple[Array, dict[str, Array]]:
    if origin == "fundus":
        phantom = fundus(seed, lesions=True)
        return phantom.rgb, phantom.masks
    scan = bscan(seed, (496, 1024))
    size = (round(496 * OCT_ZOOM), round(1024 * OCT_ZOOM))
    grey = resize_linear(scan.image, size)
    masks = {word: resize_linear(mask.astype(np.float32), size) >= 0.5 for word, mask in scan.masks.items()}
    return np.repeat(grey[..., None], 3, 2), masks


def _objects(masks: dict[str, Array], widest: int) -> Iterator[tuple[slice, slice, Array, str]]:
    """Each lesion by its bounding box, its pixels in it, its label: wide enough to be cut, and to be whole."""
    for label in LABELS:
        if label.lesion and label.word in masks:
            count, names, boxes, _ = components(masks[label.word].astype(np.uint8))
            for one in range(1, count):
                x, y, w, h = (int(value) for value in boxes[one][:4])
                if LEAST_PX <= w < widest and h < widest:
                    box = (slice(y, y + h), slice(x, x + w))
                    yield *box, names[box] == one, label.word


def _scene(rgb: Array, extra: Array, found: tuple[slice, slice, Array, str], tile_px: int,
           rng: np.random.Generator, origin: str) -> Scene:
    rows, columns, shape, word = found
    mask = np.zeros(rgb.shape[:2], bool)
    mask[rows, columns] = shape
    side = tile_px // CELL
    quarter = -(-side // 4)  # rounded up: one patch more, and a wide object would leave the window
    moved = int(rng.choice([one for one in range(quarter, side - quarter + 1) if 2 * one != side]))
    top = (rows.start + rows.stop) // 2 - tile_px // 2
    left = (columns.start + columns.stop) // 2 - tile_px

    def shown(start: int) -> tuple[Array, Array]:
        return _window(rgb, top, start, tile_px), np.stack([_window(one, top, start, tile_px) for one in extra])

    there = _window(mask, top, left, tile_px)
    cells = there.reshape(side, CELL, 2 * side, CELL).any((1, 3))
    return Scene(shown(left - moved * CELL), shown(left), cells, moved, origin, word)


def _window(plane: Array, top: int, left: int, tile_px: int) -> Array:
    """(T, 2T, ...) of a plane, zero beyond its border."""
    found = np.zeros((tile_px, 2 * tile_px, *plane.shape[2:]), plane.dtype)
    y0, x0 = max(top, 0), max(left, 0)
    part = plane[y0: max(top + tile_px, 0), x0: max(left + 2 * tile_px, 0)]
    found[y0 - top: y0 - top + part.shape[0], x0 - left: x0 - left + part.shape[1]] = part
    return found
