"""Photographs with drawn masks, seen as if somebody had only put loose boxes around what is drawn: an ablation.

What the boxed photographs of the model card's sets know, and nothing more: red lesions of both kinds are boxed alike,
lesions close together in one box, soft exudates never (:func:`fineview.lab.fundus_truth.box_truth`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import WORDS
from fineview.imaging.field_of_view import field_of_view
from fineview.imaging.filters import components, resize_area
from fineview.lab.array_files import write_arrays
from fineview.lab.fundus_truth import BOX_WORDS, box_truth
from fineview.lab.real_fundus import CachedPhotograph, Photograph, lesion_spots, open_cached

Array = npt.NDArray[Any]
NEGATIVE = 0.4  # as boxed photographs: an absent box is weaker evidence than an empty mask
LOOSE_CELLS = 3  # of 8 px: what lies closer than two of these shares a box, and the box reaches so far beyond
_CELL_PX = 8
_GENERATION = "boxed_1"
_DRAWN_AS = {"microaneurysm": "haemorrhage"}


def open_boxed(photo: Photograph, cache: Path) -> CachedPhotograph:
    """The cached photograph with the truth of boxes, where it has masks; as it is otherwise."""
    drawn = open_cached(photo, cache)
    if photo.kind not in ("masks", "exudates"):
        return drawn
    path = cache / _GENERATION / f"{photo.name}.npz"
    if not path.is_file():
        _build(drawn, path)
    with np.load(path) as held:
        spots = {name[6:]: held[name] for name in held.files if name.startswith("spots_")}
        return CachedPhotograph(drawn.rgb, held["hit"], held["known"], NEGATIVE,
                                {**spots, "any": drawn.spots["any"], "view8": drawn.spots["view8"]})


def _build(drawn: CachedPhotograph, path: Path) -> None:
    rgb = np.asarray(drawn.rgb)
    truth = box_truth(rgb, field_of_view(rgb), loose_boxes(np.asarray(drawn.hit)))
    spots = {f"spots_{word}": lesion_spots(truth.hit, number) for number, word in enumerate(WORDS)}
    found = {name: places for name, places in spots.items() if len(places)}
    write_arrays(path, {"hit": truth.hit, "known": truth.known, **found}, compressed=True)


def loose_boxes(hit: Array) -> list[tuple[float, ...]]:
    """Bit planes (H, W) -> boxes (class of ``BOX_WORDS``, cx, cy, w, h) in fractions of the picture."""
    found: list[tuple[float, ...]] = []
    for number, word in BOX_WORDS.items():
        bits = sum(1 << WORDS.index(one) for one in WORDS if _DRAWN_AS.get(one, one) == word)
        found += [(float(number), *box) for box in _around((hit & np.uint8(bits)) > 0, word == "optic_disc")]
    return found


def _around(drawn: Array, tight: bool) -> list[tuple[float, float, float, float]]:
    """One box for each group of what is drawn; tight: its own extent, for a thing whose box is not loose."""
    height, width = (size // _CELL_PX * _CELL_PX for size in drawn.shape)
    small = resize_area(drawn[:height, :width].astype(np.float32), (height // _CELL_PX, width // _CELL_PX)) > 0
    reach = 0 if tight else LOOSE_CELLS
    count, _, stats, _ = components(_grown(small, reach).astype(np.uint8))
    scale = np.array([_CELL_PX / drawn.shape[1], _CELL_PX / drawn.shape[0]])
    boxes = []
    for left, top, wide, tall in stats[1:count, :4]:
        size = np.array([wide, tall]) * scale
        boxes.append((*(float(one) for one in np.array([left, top]) * scale + size / 2), *(float(one) for one in size)))
    return boxes


def _grown(cells: Array, reach: int) -> Array:
    """Every cell within ``reach`` rows and columns of a marked one."""
    padded = np.pad(cells, reach)
    grown = np.zeros_like(cells)
    for down in range(2 * reach + 1):
        for across in range(2 * reach + 1):
            grown |= padded[down: down + cells.shape[0], across: across + cells.shape[1]]
    return grown
