"""Values of the reading child, packed for the pipe: (JSON object, raw bytes or None)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fineview.core.image import Raster
from fineview.core.layers import LayerLine
from fineview.core.study import Problem
from fineview.formats import wire
from fineview.formats.faults import as_error
from fineview.formats.record import FileRecord

Reply = tuple[dict[str, Any], memoryview | None]


def told(path: str, read: Callable[[str], tuple[FileRecord, ...]]) -> Reply:
    """What ``read`` knows of the path; whatever it raises becomes a record of its own."""
    try:
        found = read(path)
    except Exception as error:
        said = as_error(error)
        problem = Problem(path, said["code"], said["what"], said["remedy"])
        found = (FileRecord(path, "problem", problem=problem),)
    return {"records": wire.to_plain(found)}, None


def packed(found: Raster) -> Reply:
    """Values as JSON, pixels as raw bytes."""
    array = np.ascontiguousarray(found.pixels)
    windows = [[w.centre, w.width, w.function, w.name] for w in found.windows]
    lut = None
    if found.voi_lut is not None:
        first, table, bits = found.voi_lut
        lut = [first, table.tolist(), bits]
    return {"shape": list(array.shape), "dtype": array.dtype.str, "unit": found.unit, "inverted": found.inverted,
            "windows": windows, "lut": lut}, array.data


def lined(lines: tuple[LayerLine, ...]) -> Reply:
    """Who drew the lines as JSON, their rows as float32 (lines, cols)."""
    rows = np.array([line.row_px for line in lines], dtype="<f4")
    return {"lines": [[line.name, line.by] for line in lines]}, rows.data if rows.size else None
