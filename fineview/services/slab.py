"""Which slab of a volume is looked at from the front: between two layer lines, two depths, or one of each.  Pure.

An edge is a line of the volume, or the top of the scan, and how far below it: micrometres along the beam where the
depth scale is known, pixels where it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import RequestProblem
from fineview.core.geometry import ScaleSource, Spacing
from fineview.services.thickness_lines import VolumeLines

Unit = Literal["um", "px"]
TOP = ""
_SIGNS = {True: "+", False: "\u2212"}
_SHOWN = {"um": "\u00b5m", "px": "px"}


@dataclass(frozen=True, slots=True)
class Edge:
    """``line``: its name, or ``TOP`` for the first row of the scan.  ``away``: below it; negative is above."""

    line: str = TOP
    away: float = 0.0
    unit: Unit = "um"

    @property
    def words(self) -> str:
        """ "ILM", "RPE − 20 µm", "120 px deep"."""
        amount = f"{abs(self.away):g} {_SHOWN[self.unit]}"
        if self.line == TOP:
            return f"{amount} deep" if self.away else "top of the scan"
        return f"{self.line} {_SIGNS[self.away > 0]} {amount}" if self.away else self.line


@dataclass(frozen=True, slots=True)
class Slab:
    upper: Edge
    lower: Edge

    @property
    def words(self) -> str:
        return f"{self.upper.words} to {self.lower.words}"


def between(pair: tuple[str, str]) -> Slab:
    """The slab that a thickness was measured of."""
    return Slab(Edge(pair[0]), Edge(pair[1]))


def unit_of(spacing: Spacing) -> Unit:
    """Micrometres where the file, or an assumption that is told, gives the depth of a pixel."""
    return "um" if spacing.row_mm and spacing.source is not ScaleSource.NONE else "px"


def rows_of(edge: Edge, lines: VolumeLines | None, spacings: Sequence[Spacing], cols: int) -> NDArray[np.float64]:
    """Source rows (F, C) of an edge, the corner of the top pixel at 0; NaN where its line is unknown.

    Raises ``RequestProblem``: ``no-lines`` for a line that is not there, ``no-scale`` for micrometres without a scale.
    """
    away = np.full(len(spacings), edge.away, np.float64)
    if edge.unit == "um" and edge.away:
        if any(unit_of(one) != "um" for one in spacings):
            raise RequestProblem("The depth scale of this series is unknown.", "Give the depth in pixels.", "no-scale")
        away /= np.array([1000.0 * (one.row_mm or np.nan) for one in spacings])
    if edge.line == TOP:
        return np.repeat(away[:, None], cols, axis=1)
    if lines is None or edge.line not in lines.rows:
        known = ", ".join(lines.names) if lines is not None else "none"
        raise RequestProblem(f"There is no layer line \"{edge.line}\".", f"Lines of this volume: {known}.", "no-lines")
    return np.asarray(lines.rows[edge.line], np.float64) + away[:, None]
