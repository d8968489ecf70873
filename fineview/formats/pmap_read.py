"""Parametric maps (PS3.3 A.75, C.7.6.16.2.11): what their numbers mean.  Runs in the reading child."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from fineview.core.image import Window
from fineview.formats.references import meaning
from fineview.formats.values import Groups, first_item, integer, items, number, text

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.30"


def mapped(stored: NDArray[Any], dataset: Dataset, groups: Groups, frame: int, windows: tuple[Window, ...]
           ) -> tuple[NDArray[Any], str, tuple[Window, ...]] | None:
    """Real-world values, their unit (UCUM) and the file's windows in it; None where the file maps nothing.

    Values that the mapping does not cover are not a number: the file does not say what they mean.
    """
    item = groups.item(frame, "RealWorldValueMappingSequence") or first_item(dataset, "RealWorldValueMappingSequence")
    if item is None:
        return None
    slope, intercept = number(item, "RealWorldValueSlope"), number(item, "RealWorldValueIntercept")
    if text(dataset, "SOPClassUID") != SOP_CLASS or not slope or intercept is None:
        return None
    kind = np.float64 if stored.dtype == np.float64 else np.float32
    values = (stored.astype(np.float64) * slope + intercept).astype(kind)
    low, high = _ends(item, stored.dtype.kind == "f")
    if low is not None and high is not None:
        values[(stored < low) | (stored > high)] = np.nan
    moved = tuple(replace(one, centre=one.centre * slope + intercept, width=one.width * abs(slope)) for one in windows)
    return values, unit_of(item), moved


def _ends(item: Dataset, floats: bool) -> tuple[float | None, float | None]:
    """First and last stored value that the mapping covers; the attribute in whole numbers says nothing of floats."""
    name = "DoubleFloatRealWorldValue{}ValueMapped" if floats else "RealWorldValue{}ValueMapped"
    low, high = number(item, name.format("First")), number(item, name.format("Last"))
    return (low, high) if low is not None and high is not None else (None, None)


def unit_of(item: Dataset) -> str:
    code = first_item(item, "MeasurementUnitsCodeSequence")
    word = text(code, "CodeValue") if code is not None else ""
    return "" if word in ("1", "no units") else word


def words(dataset: Dataset) -> tuple[str, str]:
    """(title, text): the quantity, its unit, and how stored values become real ones."""
    item = next(iter(Groups(dataset).everywhere("RealWorldValueMappingSequence")), None)
    item = item or first_item(dataset, "RealWorldValueMappingSequence")
    if item is None:
        return text(dataset, "ContentLabel"), "no real-world value mapping"
    quantity = next((meaning(one, "ConceptCodeSequence") for one in items(item, "QuantityDefinitionSequence")
                     if one.get("ConceptCodeSequence")), "")
    title = quantity or text(item, "LUTExplanation") or text(item, "LUTLabel") or text(dataset, "ContentLabel")
    slope, intercept = number(item, "RealWorldValueSlope"), number(item, "RealWorldValueIntercept")
    unit = meaning(item, "MeasurementUnitsCodeSequence")
    scale = f"stored x {slope:g} + {intercept:g}" if slope is not None and intercept is not None else "by a table"
    low, high = _ends(item, "FloatPixelData" in dataset or integer(dataset, "BitsAllocated") in (None, 32, 64))
    span = f", stored {low:g} to {high:g}" if low is not None and high is not None else ""
    return title, "\n".join(line for line in (
        text(item, "LUTExplanation"), f"unit: {unit or unit_of(item) or 'none'}", f"real value: {scale}{span}") if line)
