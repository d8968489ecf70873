"""Thickness between two boundaries of an OCT volume, and the ETDRS grid over it: values with unit and provenance.

The fundus plane is the one of the localizer's picture: x to the right and y down, in millimetres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fineview.core.geometry import Point, ScaleSource
from fineview.core.layers import LayerSource

# Diameters of 1, 3 and 6 mm (ETDRS report number 10, Ophthalmology 1991).
RADII_MM = (0.5, 1.5, 3.0)
# A field whose lines are known on less of its area than this has no number.
SHARE_NEEDED = 0.95
CENTRE = "centre"

_ANATOMY = {"S": "superior", "I": "inferior", "N": "nasal", "T": "temporal"}
_AGAINST = {"S": "I", "I": "S", "N": "T", "T": "N"}
# LOINC "Macular grid. ... by OCT", as HL7's value set "OCT Macula Observable Entities" lists them.
CENTRE_POINT_LOINC, VOLUME_LOINC = "57108-3", "57118-2"
FIELD_LOINC = {
    CENTRE: "57109-1", "inner superior": "57110-9", "inner nasal": "57111-7", "inner inferior": "57112-5",
    "inner temporal": "57113-3", "outer superior": "57114-1", "outer nasal": "57115-8", "outer inferior": "57116-6",
    "outer temporal": "57117-4"}
# The codes mean the whole retina; its outer border is the pigment epithelium or Bruch's membrane, by maker.
_RETINA = frozenset({("ILM", "RPE"), ("ILM", "BM")})


def is_retina(upper: str, lower: str) -> bool:
    """Whether the two boundaries hold the whole retina, which the LOINC codes of the grid speak of."""
    return (upper, lower) in _RETINA


@dataclass(frozen=True, slots=True)
class Directions:
    """What lies to the right of and above the fundus plane: "S", "I", "N", "T", or "" where the file does not say."""

    right: str = ""
    up: str = ""

    def sides(self) -> tuple[str, str, str, str]:
        """Words for right, above, left and below: "nasal", ..., or "right", "above", ... where nothing is known."""
        across = _pair(self.right, ("right", "left"))
        along = _pair(self.up, ("above", "below"))
        return across[0], along[0], across[1], along[1]

    @property
    def known(self) -> bool:
        return self.right in _ANATOMY and self.up in _ANATOMY


def _pair(letter: str, plain: tuple[str, str]) -> tuple[str, str]:
    return (_ANATOMY[letter], _ANATOMY[_AGAINST[letter]]) if letter in _ANATOMY else plain


@dataclass(frozen=True, slots=True, eq=False)
class FundusMap:
    """Values on a regular grid of the fundus plane, read only.

    ``values``: float32 (h, w), NaN where nothing is known; ``corner_mm``: x, y of the corner of cell (0, 0).
    """

    values: NDArray[np.float32]
    corner_mm: Point
    cell_mm: float

    def __post_init__(self) -> None:
        self.values.flags.writeable = False


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One field of the grid.

    ``mean_um``: area-weighted mean, None where less than ``SHARE_NEEDED`` of the field is covered; ``covered``: the
    share of its area where both boundaries are known; ``volume_mm3``: the mean times the whole field's area.
    ``loinc``: "" where no code fits.
    """

    name: str
    mean_um: float | None
    covered: float
    area_mm2: float
    loinc: str = ""

    @property
    def volume_mm3(self) -> float | None:
        return None if self.mean_um is None else self.mean_um / 1000.0 * self.area_mm2

    @property
    def words(self) -> str:
        return "not covered" if self.mean_um is None else f"{self.mean_um:.0f} \u00b5m"


@dataclass(frozen=True, slots=True)
class EtdrsGrid:
    """Nine fields about ``centre_mm``: the centre, then the inner and the outer ring from the right counterclockwise.

    ``centre_from``: who put the centre there.  ``centre_point_um``: thickness at that point, None where unknown.
    """

    centre_mm: Point
    centre_from: str
    fields: tuple[FieldValue, ...]
    centre_point_um: float | None

    @property
    def volume_mm3(self) -> float | None:
        """Of the 6 mm circle; None where one of the fields is not covered."""
        parts = [field.volume_mm3 for field in self.fields]
        return None if any(part is None for part in parts) else sum(part for part in parts if part is not None)

    def field(self, name: str) -> FieldValue:
        """Raises ``KeyError`` for a name that this grid has not."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from: the boundaries, and the scales along and across the beam.

    ``by``: the instrument and its software, the model with its weights' hash, or the person.
    ``edited``: number of B-scans with a line that a person has changed.
    """

    upper: str
    lower: str
    source: LayerSource
    by: str
    axial: ScaleSource
    lateral: ScaleSource
    edited: int = 0
    notes: tuple[str, ...] = ()

    @property
    def scale(self) -> ScaleSource:
        """The weaker of the two."""
        order = (ScaleSource.NONE, ScaleSource.ASSUMED, ScaleSource.PROJECTED, ScaleSource.CALIBRATED)
        return min(self.axial, self.lateral, key=order.index)

    @property
    def words(self) -> str:
        """ "ILM to BM, lines by retina-s 3f9a21c8 (model, not reviewed), scale calibrated"."""
        doubt = {"model": " (model, not reviewed)", "file": " (from the file)", "person": " (person)"}[self.source]
        hands = f", {self.edited} B-scan{'s' if self.edited > 1 else ''} edited by hand" if self.edited else ""
        return f"{self.upper} to {self.lower}, lines by {self.by}{doubt}{hands}, scale {self.scale.value}"
