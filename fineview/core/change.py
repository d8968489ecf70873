"""What changed between two measurements of an eye, or differs between the two eyes: numbers and reservations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fineview.core.device import Device
from fineview.core.geometry import Point
from fineview.core.study import Laterality
from fineview.core.thickness import Provenance

AlignedBy = Literal["localizer", "space", "fovea", "centre"]
# What the alignment may be off by when it is asked how much that matters.
OFF_MM = 0.2
_SURE: dict[AlignedBy, str] = {"localizer": "given by the files", "space": "given by the files",
                               "fovea": "as good as the marks", "centre": "uncertain"}
_HOW: dict[AlignedBy, str] = {
    "localizer": "by the localizer picture that both volumes lie on",
    "space": "by the frame of reference that both files name",
    "fovea": "by the two marked foveas, a turn of the eye is not undone",
    "centre": "by the two grid centres, a turn of the eye is not undone"}


@dataclass(frozen=True, slots=True)
class Visit:
    """One of the two volumes.  ``date``: DICOM DA or ""."""

    study_uid: str
    series_uid: str
    date: str
    eye: Laterality
    device: Device
    told: Provenance


@dataclass(frozen=True, slots=True)
class Alignment:
    """From a point (x, y) of the shown volume's fundus plane to (x flip + shift) of the other's, in mm."""

    by: AlignedBy
    flip: Point = (1.0, 1.0)
    shift_mm: Point = (0.0, 0.0)

    def to_other(self, at_mm: Point) -> Point:
        return (at_mm[0] * self.flip[0] + self.shift_mm[0], at_mm[1] * self.flip[1] + self.shift_mm[1])

    @property
    def sure(self) -> str:
        return _SURE[self.by]

    @property
    def words(self) -> str:
        """"by the two marked foveas, a turn of the eye is not undone (as good as the marks)"."""
        return f"{_HOW[self.by]} ({self.sure})"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """``change_um``: after minus before; None where either is not covered, or the two must not be compared."""

    name: str
    before_um: float | None
    after_um: float | None
    change_um: float | None
    area_mm2: float = 0.0

    @property
    def percent(self) -> float | None:
        """Of what was before."""
        return None if self.change_um is None or not self.before_um else self.change_um / self.before_um * 100.0


@dataclass(frozen=True, slots=True)
class GridChange:
    """``before``, ``after``: by date where both have one; of two eyes, the other one and the shown one.

    ``why_not``: the sentence that stands in the place of every change, "" where there are changes.
    ``at_stake_um``: how far a field's change can be off where the alignment is off by ``OFF_MM``, None where the files
    vouch for it.
    """

    before: Visit
    after: Visit
    alignment: Alignment
    fields: tuple[FieldChange, ...]
    before_mm3: float | None
    after_mm3: float | None
    why_not: str = ""
    at_stake_um: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def of_eyes(self) -> bool:
        """Whether it is a difference between two eyes and no change in time."""
        return self.before.eye.value != self.after.eye.value

    @property
    def change_mm3(self) -> float | None:
        """Of the 6 mm circle."""
        known = not self.why_not and self.before_mm3 is not None and self.after_mm3 is not None
        return (self.after_mm3 or 0.0) - (self.before_mm3 or 0.0) if known else None

    def field(self, name: str) -> FieldChange:
        """Raises ``KeyError`` for a name that this grid has not."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)


def as_plain(made: GridChange) -> dict[str, Any]:
    """The ``change`` object of the command line and of the JSON report."""
    return {"before": _visit(made.before), "after": _visit(made.after), "of_eyes": made.of_eyes,
            "alignment": {"by": made.alignment.by, "flip": list(made.alignment.flip), "words": made.alignment.words,
                          "shift_mm": None if made.why_not else [round(v, 4) for v in made.alignment.shift_mm]},
            "fields": [{"name": one.name, "before_um": _figure(one.before_um), "after_um": _figure(one.after_um),
                        "change_um": _figure(one.change_um), "percent": _figure(one.percent)} for one in made.fields],
            "volume_mm3": _figure(made.change_mm3, 4), "before_mm3": _figure(made.before_mm3, 4),
            "after_mm3": _figure(made.after_mm3, 4), "why_not": made.why_not or None,
            "off_by_um": _figure(made.at_stake_um), "notes": list(made.notes)}


def _visit(one: Visit) -> dict[str, Any]:
    told = one.told
    return {"study_uid": one.study_uid, "series_uid": one.series_uid, "date": one.date, "eye": one.eye.value,
            "device": {"maker": one.device.maker, "model": one.device.model, "software": one.device.software},
            "layers": {"upper": told.upper, "lower": told.lower, "source": told.source, "by": told.by,
                       "edited_frames": told.edited},
            "scale": {"axial": told.axial.value, "lateral": told.lateral.value}}


def _figure(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)
