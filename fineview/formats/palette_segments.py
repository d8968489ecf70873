"""Segmented palettes: a table told as runs, slopes and repetitions (PS3.3 C.7.9.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.formats import limits

_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2
_LONGEST = 65536


def expanded(units: NDArray[Any], small: bool) -> NDArray[np.uint16]:
    """The table's entries.  ``units``: the data as words, or as bytes where ``small`` (tables of 8-bit entries).

    Raises ``InputProblem`` ``damaged`` where a segment leads outside the data, or the table grows past all bounds.
    """
    out: list[int] = []
    at = 0
    try:
        # Data of an odd number of bytes are padded with one.
        while at + 2 < len(units):
            at = _indirect(units, at, out, small) if units[at] == _INDIRECT else _segment(units, at, out)
    except IndexError as error:
        raise limits.damaged("its palette's segments lead outside of it") from error
    return np.array(out, np.uint16)


def _segment(units: NDArray[Any], at: int, out: list[int]) -> int:
    """A run of entries, or a slope from the entry before to its own end; returns where the next segment begins."""
    kind, length = int(units[at]), int(units[at + 1])
    if len(out) + length > _LONGEST or kind > _LINEAR:
        raise limits.damaged("its palette's segments cannot be understood")
    if kind == _DISCRETE:
        out += [int(units[at + 2 + one]) for one in range(length)]
        return at + 2 + length
    start, end = out[-1], int(units[at + 2])
    out += [round(start + (step + 1) * (end - start) / length) for step in range(length)]
    return at + 3


def _indirect(units: NDArray[Any], at: int, out: list[int], small: bool) -> int:
    """Segments told before, once more; their place is an offset in bytes, least significant part first."""
    parts = [int(units[at + 2 + one]) for one in range(4 if small else 2)]
    offset = sum(part << (one * (8 if small else 16)) for one, part in enumerate(parts))
    where = offset if small else offset // 2
    for _ in range(int(units[at + 1])):
        where = _segment(units, where, out)
    return at + 2 + len(parts)
