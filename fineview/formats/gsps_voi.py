"""The grey scale of a presentation state: VOI window or table, then presentation LUT (PS3.3 C.11.8, C.11.6, PS3.4 N.2).

With a presentation state the image's own windows and photometric interpretation count no more; a state without a VOI
shows the whole range that the stored bits can hold.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.core.image import Window, WindowFunction
from fineview.formats.luts import lut_of
from fineview.formats.on_frame import Target
from fineview.formats.references import instances
from fineview.formats.values import first_item, integer, items, number, numbers, text

Scale = tuple[Window | None, tuple[int, tuple[int, ...], int] | None, bool | None, str]
_COLOUR = "1.2.840.10008.5.1.4.1.1.11.2"
_MOST = 65_536


def gray_scale(dataset: Dataset, target: Target, image: Dataset) -> Scale:
    """(window, table, inverse, what was not applied); see ``Presentation``.  All None for a colour state."""
    if text(dataset, "SOPClassUID") == _COLOUR or (integer(image, "SamplesPerPixel") or 1) > 1:
        return None, None, None, ""
    window, table = _voi(dataset, target)
    inverse = text(dataset, "PresentationLUTShape") == "INVERSE"
    span = _span(image)
    presented = lut_of(first_item(dataset, "PresentationLUTSequence"))
    if presented is not None:
        if span is None:
            return window, table, inverse, "Its presentation table is not applied: the image has no whole grey values."
        return None, _composed(window, table, span, presented), inverse, ""
    if window is None and table is None and span is not None:
        low, high = span
        window = Window((low + high + 1) / 2, float(high - low + 1), name="whole range")
    return window, table, inverse, ""


def _voi(dataset: Dataset, target: Target) -> tuple[Window | None, tuple[int, tuple[int, ...], int] | None]:
    for item in items(dataset, "SoftcopyVOILUTSequence"):
        named = list(instances(items(item, "ReferencedImageSequence")))
        if named and not any(target.is_meant(one) for one in named):
            continue
        lut = lut_of(first_item(item, "VOILUTSequence"))
        if lut is not None:
            return None, (lut[0], tuple(int(one) for one in lut[1]), lut[2])
        centres, widths = numbers(item, "WindowCenter"), numbers(item, "WindowWidth")
        if centres and widths and widths[0] > 0:
            said = text(item, "VOILUTFunction").lower()
            function = said if said in ("linear_exact", "sigmoid") else "linear"
            return Window(centres[0], widths[0], cast(WindowFunction, function), "presentation"), None
    return None, None


def _span(image: Dataset) -> tuple[int, int] | None:
    """Smallest and largest modality value that the stored bits can hold; None where they are not whole numbers."""
    bits = integer(image, "BitsStored") or integer(image, "BitsAllocated") or 0
    if not 1 <= bits <= 16:
        return None
    low = -(1 << bits - 1) if integer(image, "PixelRepresentation") else 0
    high = low + (1 << bits) - 1
    slope, intercept = number(image, "RescaleSlope") or 1.0, number(image, "RescaleIntercept") or 0.0
    modality = lut_of(first_item(image, "ModalityLUTSequence"))
    if modality is not None:
        return int(modality[1].min()), int(modality[1].max())
    ends = sorted((low * slope + intercept, high * slope + intercept))
    whole = all(float(one).is_integer() for one in (slope, intercept)) and ends[1] - ends[0] < _MOST
    return (int(ends[0]), int(ends[1])) if whole else None


def _composed(window: Window | None, table: tuple[int, tuple[int, ...], int] | None, span: tuple[int, int],
              presented: tuple[int, NDArray[np.uint16], int]) -> tuple[int, tuple[int, ...], int]:
    """One table for both: the VOI's output, scaled to the entries of the presentation LUT, is its index."""
    values = np.arange(span[0], span[1] + 1, dtype=np.float64)
    _, entries, bits = presented
    shares = _shares(values, window, table, span)
    index = np.rint(shares * (len(entries) - 1)).astype(np.int64)
    return span[0], tuple(int(one) for one in entries[index]), bits


def _shares(values: NDArray[np.float64], window: Window | None, table: tuple[int, tuple[int, ...], int] | None,
            span: tuple[int, int]) -> NDArray[np.float64]:
    """VOI output from 0 to 1 (C.11.2.1.2, C.11.2.1.3)."""
    if table is not None:
        first, entries, bits = table
        index = np.clip(values - first, 0, len(entries) - 1).astype(np.int64)
        return np.asarray(np.array(entries, np.float64)[index] / (2**bits - 1))
    if window is None:
        return np.asarray((values - span[0]) / max(span[1] - span[0], 1))
    if window.function == "sigmoid":
        return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - window.centre) / window.width, -700, 700))))
    if window.function == "linear_exact":
        return np.clip((values - window.centre) / window.width + 0.5, 0, 1)
    if window.width <= 1:
        return np.where(values > window.centre - 0.5, 1.0, 0.0)
    return np.clip((values - (window.centre - 0.5)) / (window.width - 1) + 0.5, 0, 1)
