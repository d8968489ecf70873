"""Units: as codes of UCUM where files and JSON carry them ("um", "mm2"), as people write them where they are read."""

from __future__ import annotations

_WRITTEN = {"um": "\u00b5m", "mm2": "mm\u00b2", "px2": "px\u00b2", "mm3": "mm\u00b3", "deg": "\u00b0"}


def written(unit: str) -> str:
    """ "um" -> "\u00b5m", "mm2" -> "mm\u00b2", "deg" -> "\u00b0"; what has no other spelling stays."""
    return _WRITTEN.get(unit, unit)


def with_unit(figure: str, unit: str) -> str:
    """ "37.2\u00b0", "412 \u00b5m": a sign of degrees stands close."""
    return f"{figure}{written(unit)}" if unit == "deg" else f"{figure} {written(unit)}".strip()
