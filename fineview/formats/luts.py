"""Look-up tables and palettes of a header (PS3.3 C.7.9, C.11.1.1.1, C.11.2.1.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.formats import limits
from fineview.formats.palette_segments import expanded
from fineview.formats.values import numbers
from fineview.imaging.modality import Lut, palette_rgb


def lut_of(item: Dataset | None) -> Lut | None:
    """(first mapped, table, bits) of a modality or VOI LUT item; 0 entries mean 65,536.

    ``None`` where the item is missing, or its table shorter than it claims.
    """
    descriptor = numbers(item, "LUTDescriptor")
    if item is None or len(descriptor) != 3:
        return None
    count, first, bits = _count(descriptor[0]), int(descriptor[1]), int(descriptor[2])
    table = _entries(item.get("LUTData"), _little(item), count if bits == 8 else 0)
    if len(table) < count or not 8 <= bits <= 16:
        return None
    return first, table[:count].astype(np.uint16), bits


def _count(said: float) -> int:
    """Entries of a table: always without a sign, although a descriptor of signed pixels may be read with one."""
    return int(said) % 65536 or 65536


def _entries(value: Any, little: bool, packed: int = 0) -> NDArray[Any]:
    """``packed``: entries of a table that may hold two of 8 bits in a word."""
    if value is None:
        return np.zeros(0, np.uint16)
    if isinstance(value, bytes):
        if packed and len(value) in (packed, packed + 1):
            words = np.frombuffer(value, np.uint8)
            return words if little else words[: len(words) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
        return np.frombuffer(value[: len(value) // 2 * 2], "<u2" if little else ">u2")
    many = list(value) if hasattr(value, "__iter__") else [value]
    return np.array(many, dtype=np.int64).astype(np.uint16)


def _little(dataset: Dataset) -> bool:
    return dataset.original_encoding[1] is not False


def by_palette(index: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """(H, W) indices -> (H, W, 3) uint8 RGB.

    Raises ``InputProblem`` ``damaged`` where the palette is missing, short, or shorter than a pixel's index.
    """
    red, green, blue = (_palette(dataset, colour) for colour in ("Red", "Green", "Blue"))
    first = int(numbers(dataset, "RedPaletteColorLookupTableDescriptor")[1])
    # Some writers put 8-bit entries into 16-bit words; taken by the high byte all their colours would be black.
    bits = 8 if max(int(table.max(initial=0)) for table in (red, green, blue)) < 256 else 16
    try:
        return palette_rgb(index, first, (red, green, blue), bits)
    except IndexError as error:
        raise limits.damaged(str(error)) from error


def _palette(dataset: Dataset, colour: str) -> NDArray[Any]:
    """One table (PS3.3 C.7.6.3.1.5): entries in words, or two of 8 bits in a word, or in segments."""
    descriptor = numbers(dataset, f"{colour}PaletteColorLookupTableDescriptor")
    if len(descriptor) != 3:
        raise limits.damaged("it has palette pixels and no palette")
    count = _count(descriptor[0])
    plain = dataset.get(f"{colour}PaletteColorLookupTableData")
    if isinstance(plain, bytes):
        small = len(plain) < 2 * count and int(descriptor[2]) == 8
        table = _entries(plain, _little(dataset), len(plain) // 2 * 2 if small else 0)
    else:
        held = dataset.get(f"Segmented{colour}PaletteColorLookupTableData")
        small = int(descriptor[2]) == 8
        table = expanded(_entries(held, _little(dataset), len(held or b"") // 2 * 2 if small else 0), small)
    if len(table) < count:
        raise limits.damaged(f"its palette has {len(table)} of {count} entries")
    return table[:count]
