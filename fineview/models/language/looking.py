"""Where a vision-language model looks on a picture, and what to cut out for it: ViCrop run on any reader.

Large pictures (over 1024 px) are mapped block by block, as published.  The published code takes every map to cover the
whole picture; a reader that crops or pads its input sees another rectangle, so here a map carries the rectangle it
covers, and the box search runs on that rectangle.  For square pictures, and for models that stretch, both agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fineview.core.evidence import Method
from fineview.core.geometry import Box
from fineview.imaging import crop_search
from fineview.imaging.cells import edges, regrid
from fineview.imaging.dar import EdgeMask, key_bias
from fineview.models.attention.vicrop import GENERAL, Cells, pure_gradient, relative_attention
from fineview.models.language.reader import InlineGain, Reader, Reading

BILINEAR = 2
VICROP = (Method.REL_ATT, Method.GRAD_ATT, Method.PURE_GRAD)
Check = Callable[[], None]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """``cells`` (h, w) over ``box``, source pixels; what lies outside the box, or at 0 inside blocks, was not seen."""

    cells: Cells
    box: Box


def method_cells(reader: Reader, method: Method, rgb: NDArray[np.uint8], question: str, check: Check,
                 layer: int | None = None) -> Cells:
    """One method's map on the reader's grid, as the paper has it: unbounded, of what the reader sees of ``rgb``.

    ``check`` is called between runs of the model and may raise.  Raises ``ValueError`` for another method.
    """
    asked = Reading((rgb,), reader.prompt(question), layer)
    general = replace(asked, prompt=reader.prompt(GENERAL))
    if method is Method.RAW:
        return reader.row(asked).cells
    if method is Method.REL_ATT:
        first = reader.row(asked).cells
        check()
        return relative_attention(first, reader.row(general).cells)
    if method is Method.GRAD_ATT:
        return reader.gradient_row(asked).cells
    if method is Method.PURE_GRAD:
        slope = reader.pixel_gradient(asked)
        check()
        drawn = replace(reader.sight, resample=BILINEAR).draw(rgb)
        return pure_gradient(slope, reader.pixel_gradient(general), drawn, reader.sight.side_px // reader.grid[0])
    raise ValueError(f"{method} is no map of a reader")


def look(reader: Reader, method: Method, rgb: NDArray[np.uint8], question: str, check: Check,
         layer: int | None = None) -> Look:
    """One method's map of a picture (H, W, 3), in blocks where it is large."""
    rows, cols = rgb.shape[:2]
    if max(rows, cols) <= crop_search.BLOCK_PX:
        return Look(method_cells(reader, method, rgb, question, check, layer), reader.sight.seen(rows, cols))
    boxes, shape = crop_search.blocks(rows, cols)
    maps = []
    for box in boxes:
        check()
        part = _cut(rgb, box)
        seen = reader.sight.seen(*part.shape[:2])
        found = method_cells(reader, method, part, question, check, layer)
        maps.append(regrid(found, seen, *part.shape[:2]))
    return Look(crop_search.stitch(maps, shape), Box(0, 0, cols, rows))


def inline_look(reader: Reader, rgb: NDArray[np.uint8], question: str, mask: EdgeMask, gain: float,
                layers: tuple[int, ...]) -> Look:
    """The plain row with inline DAR: log(gain) on the keys of the patches under ``mask`` (on the grid of ``rgb``)."""
    rows, cols = rgb.shape[:2]
    box = reader.sight.seen(rows, cols)
    bent = InlineGain(key_bias(mask, edges(box, reader.grid, rows, cols), gain), layers)
    return Look(reader.row(Reading((rgb,), reader.prompt(question), gain=bent)).cells, box)


def crop_box(seen: Look, rows: int, cols: int, base_px: int) -> Box:
    """ViCrop's box for a map, whole source pixels inside the picture of ``rows`` x ``cols``."""
    high, wide = max(1, round(seen.box.h)), max(1, round(seen.box.w))
    found = crop_search.search(seen.cells, high, wide, base_px)
    inside = Box(found.x + round(seen.box.x), found.y + round(seen.box.y), found.w, found.h).clipped(rows, cols)
    # Of a padded square, the box may lie in the padding alone: then there is nothing to look at closer.
    return inside if inside.w >= 1 and inside.h >= 1 else Box(0, 0, cols, rows)


def _cut(rgb: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    top, left = int(box.y), int(box.x)
    return np.ascontiguousarray(rgb[top: top + int(box.h), left: left + int(box.w)])
