"""Overlay planes, groups 6000 to 601E (PS3.3 C.9.2): as a plane of their own, or in the unused bits of the pixels.

Runs in the reading child.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.core.companion import Drawing, Mask, Part
from fineview.core.geometry import Box
from fineview.formats.display_colour import by_number
from fineview.formats.on_frame import Target
from fineview.formats.part10 import BIG_ENDIAN, OpenFile
from fineview.formats.values import integer, printable

_MOST_SIDE = 65_535
_GROUPS = range(0x6000, 0x6020, 2)


def planes(dataset: Dataset) -> tuple[Part, ...]:
    """One part an overlay plane that has a size."""
    if not any(0x6000 <= tag.group < 0x6020 for tag in dataset.keys()):  # noqa: SIM118 - iterating converts
        return ()
    return tuple(Part(group, _word(dataset, group, 0x1500) or f"overlay {(group - 0x6000) // 2 + 1}",
                      _word(dataset, group, 0x0022), by_number((group - 0x6000) // 2 + 1))
                 for group in _GROUPS if (group, 0x0010) in dataset and (group, 0x0011) in dataset)


def draw(opened: OpenFile, target: Target) -> Drawing:
    """Every plane of the image itself on one of its frames."""
    masks, why = [], ""
    for part in planes(opened.dataset):
        bits = _plane(opened, part.number, target)
        if bits is None:
            why = "An overlay is stored in compressed pixels and is not shown."
            continue
        masks.append(_mask(opened.dataset, part.number, bits))
    return Drawing(masks=tuple(one for one in masks if one is not None), why=why)


def activated(state: Dataset, picture: OpenFile, target: Target) -> Iterator[tuple[str, Mask]]:
    """(graphic layer, mask) of planes that a presentation state switches on: its own, else the image's (C.11.7)."""
    for group in _GROUPS:
        if (group, 0x1001) not in state:
            continue
        own = (group, 0x3000) in state
        bits = _bits(state, group, target) if own else _plane(picture, group, target)
        made = _mask(state if own else picture.dataset, group, bits) if bits is not None else None
        if made is not None:
            yield _word(state, group, 0x1001), made


def _plane(opened: OpenFile, group: int, target: Target) -> NDArray[np.uint8] | None:
    """0 or 1, (rows, cols), wherever the file keeps them."""
    bits = _bits(opened.dataset, group, target)
    return bits if bits is not None else _embedded(opened, group, target)


def _value(dataset: Dataset, group: int, element: int) -> object:
    try:
        return dataset[group, element].value if (group, element) in dataset else None
    except Exception:  # pydicom converts lazily and raises whatever its converters raise
        return None


def _word(dataset: Dataset, group: int, element: int) -> str:
    value = _value(dataset, group, element)
    return printable(str(value)) if value is not None else ""


def _number(dataset: Dataset, group: int, element: int, otherwise: int) -> int:
    value = _value(dataset, group, element)
    return value if isinstance(value, int) else otherwise


def _size(dataset: Dataset, group: int) -> tuple[int, int] | None:
    rows, cols = _number(dataset, group, 0x0010, 0), _number(dataset, group, 0x0011, 0)
    return (rows, cols) if 0 < rows <= _MOST_SIDE and 0 < cols <= _MOST_SIDE else None


def _bits(dataset: Dataset, group: int, target: Target) -> NDArray[np.uint8] | None:
    """0 or 1, (rows, cols), of a plane with data of its own; None where it has none, or not enough.

    The bits of a multi-frame plane run on from frame to frame without padding (PS3.5 8.1.2).
    """
    data, size = _value(dataset, group, 0x3000), _size(dataset, group)
    if not isinstance(data, bytes) or size is None:
        return None
    if dataset.original_encoding[1] is False:  # OW: words, turned round in big-endian files
        data = np.frombuffer(data[:len(data) // 2 * 2], ">u2").astype("<u2").tobytes()
    count, first = size[0] * size[1], _number(dataset, group, 0x0051, 1)
    frames = _number(dataset, group, 0x0015, 1)
    at = (target.frame + 1 - first) * count if frames > 1 else 0
    if at < 0 or len(data) * 8 < at + count or (frames > 1 and at >= frames * count):
        return None
    whole = np.unpackbits(np.frombuffer(data, np.uint8, (at % 8 + count + 7) // 8, at // 8), bitorder="little")
    return whole[at % 8:at % 8 + count].reshape(size)


def _embedded(opened: OpenFile, group: int, target: Target) -> NDArray[np.uint8] | None:
    """A plane in a bit above (or below) the stored ones of native 16-bit pixels (retired, PS3.3-2004 C.9.2)."""
    structure, bit = opened.structure, _number(opened.dataset, group, 0x0102, 0)
    if structure.pixel_length is None or integer(opened.dataset, "BitsAllocated") != 16 or not 0 < bit < 16:
        return None
    count = target.rows * target.cols
    opened.source.seek(structure.pixel_start + 2 * count * target.frame)
    data = opened.source.read(2 * count)
    if len(data) < 2 * count or _size(opened.dataset, group) != (target.rows, target.cols):
        return None
    words = np.frombuffer(data, ">u2" if opened.front.syntax == BIG_ENDIAN else "<u2")
    return ((words >> bit) & 1).astype(np.uint8).reshape(target.rows, target.cols)


def _mask(dataset: Dataset, group: int, bits: NDArray[np.uint8]) -> Mask | None:
    """At its origin, which counts rows and columns from 1; None where nothing is set."""
    origin = _value(dataset, group, 0x0050)
    row, col = (int(one) for one in origin) if isinstance(origin, Sequence) and len(origin) == 2 else (1, 1)
    rows, cols = np.flatnonzero(bits.any(axis=1)), np.flatnonzero(bits.any(axis=0))
    if not len(rows):
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(cols[0]), int(cols[-1]) + 1
    return Mask(group, Box(col - 1.0 + left, row - 1.0 + top, right - left, bottom - top),
                np.ascontiguousarray(bits[top:bottom, left:right] * np.uint8(255)))
