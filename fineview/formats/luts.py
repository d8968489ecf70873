"""Look-up tables and palettes of a header (PS3.3 C.7.9, C.11.1.1.1, C.11.2.1.1)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from fineview.formats import limits
from fineview.formats.values import numbers
from fineview.imaging.modality import Lut, palette_rgb


def lut_of(item: Dataset | None) -> Lut | None:
    """(first mapped, table, bits) of a modality or VOI LUT item; 0 entries mean 65,536.

    ``None`` where the item is missing, or its table shorter than it claims.
    """
    descriptor = numbers(item, "LUTDescriptor")
    if item is None or len(descriptor) != 3:
        return None
    count, first, bits = int(descriptor[0]) or 65536, int(descriptor[1]), int(descriptor[2])
    table = _entries(item.get("LUTData"), _little(item))
    if len(table) < count or not 8 <= bits <= 16:
        return None
    return first, table[:count].astype(np.uint16), bits


def _entries(value: Any, little: bool) -> NDArray[Any]:
    if value is None:
        return np.zeros(0, np.uint16)
    if isinstance(value, bytes):
        return np.frombuffer(value[: len(value) // 2 * 2], "<u2" if little else ">u2")
    many = list(value) if hasattr(value, "__iter__") else [value]
    return np.array(many, dtype=np.int64).astype(np.uint16)


def _little(dataset: Dataset) -> bool:
    return dataset.original_encoding[1] is not False


def by_palette(index: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """(H, W) indices -> (H, W, 3) uint8 RGB.

    Raises ``InputProblem`` ``damaged`` where the palette is missing, short, or shorter than a pixel's index.
    """
    descriptor = numbers(dataset, "RedPaletteColorLookupTableDescriptor")
    if len(descriptor) != 3:
        raise limits.damaged("it has palette pixels and no palette")
    count, first = int(descriptor[0]) or 65536, int(descriptor[1])
    # pydicom knows segmented tables, byte orders and the habits of old writers; asked for a ramp, it returns the table.
    ramp = np.arange(count, dtype=np.uint16) + np.uint16(first)
    try:
        table = apply_color_lut(ramp.reshape(1, -1), dataset if _little(dataset) else _little_palette(dataset))[0]
    except Exception as error:
        raise limits.damaged("its palette cannot be read") from error
    # Some writers put 8-bit entries into 16-bit words; taken by the high byte all their colours would be black.
    bits = 8 if int(table.max(initial=0)) < 256 else table.dtype.itemsize * 8
    try:
        return palette_rgb(index, first, (table[:, 0], table[:, 1], table[:, 2]), bits)
    except IndexError as error:
        raise limits.damaged(str(error)) from error


def _little_palette(dataset: Dataset) -> Dataset:
    """The palette with its words turned round: pydicom reads those of big-endian files as if they were little."""
    turned = Dataset()
    for element in dataset.group_dataset(0x0028):
        turned.add(element)
    for colour in ("Red", "Green", "Blue"):
        for kind in (f"{colour}PaletteColorLookupTableData", f"Segmented{colour}PaletteColorLookupTableData"):
            data = dataset.get(kind)
            if isinstance(data, bytes):
                words = np.frombuffer(data[: len(data) // 2 * 2], ">u2")
                setattr(turned, kind, words.astype("<u2").tobytes())
    return turned
