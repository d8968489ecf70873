"""What changed between two measurements of one eye, field by field.  Pure.

Instruments and models draw the same boundary at different depths: where the lines of the two are not by the same hand
the difference is told with that reservation, and different boundaries or eyes are not compared at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fineview.core.errors import RequestProblem
from fineview.core.study import Laterality, Patient
from fineview.core.thickness import EtdrsGrid, Provenance
from fineview.services.companion_index import one_person


@dataclass(frozen=True, slots=True)
class FieldChange:
    """``change_um``: after minus before, None where either is not covered."""

    name: str
    before_um: float | None
    after_um: float | None

    @property
    def change_um(self) -> float | None:
        return None if self.before_um is None or self.after_um is None else self.after_um - self.before_um


@dataclass(frozen=True, slots=True)
class Change:
    fields: tuple[FieldChange, ...]
    volume_mm3: float | None
    notes: tuple[str, ...]


Measured = tuple[EtdrsGrid, Provenance, Laterality, Patient]


def change(before: Measured, after: Measured) -> Change:
    """Raises ``RequestProblem`` ``not-comparable`` for two persons, two eyes, other boundaries, or other fields."""
    (old, told_old, side_old, one), (new, told_new, side_new, other) = before, after
    if not one_person(one.key, other.key):
        raise _not_comparable("their files name two patients")
    if side_old.value != side_new.value or side_new.value not in ("R", "L"):
        raise _not_comparable("they are not known to be of the same eye")
    if (told_old.upper, told_old.lower) != (told_new.upper, told_new.lower):
        raise _not_comparable("they lie between different layer lines")
    if {field.name for field in old.fields} != {field.name for field in new.fields}:
        raise _not_comparable("their fields lie in different directions")
    fields = tuple(FieldChange(now.name, old.field(now.name).mean_um, now.mean_um) for now in new.fields)
    volume = None if old.volume_mm3 is None or new.volume_mm3 is None else new.volume_mm3 - old.volume_mm3
    notes = []
    if (told_old.source, told_old.by) != (told_new.source, told_new.by):
        notes.append(f"the lines are by {told_old.by} and by {told_new.by}: part of the change may be theirs")
    if told_old.scale is not told_new.scale:
        notes.append(f"the scales are {told_old.scale.value} and {told_new.scale.value}")
    notes.append(f"centres: {old.centre_from}; {new.centre_from}")
    return Change(fields, volume, tuple(notes))


def change_object(made: Change) -> dict[str, Any]:
    """The ``change`` object of the command line."""
    return {"fields": [{"name": one.name, "before_um": _figure(one.before_um), "after_um": _figure(one.after_um),
                        "change_um": _figure(one.change_um)} for one in made.fields],
            "volume_mm3": _figure(made.volume_mm3, 4), "notes": list(made.notes)}


def _figure(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)


def _not_comparable(why: str) -> RequestProblem:
    return RequestProblem(f"The two volumes cannot be compared: {why}.",
                          "Choose two volumes of one eye, measured alike.", "not-comparable")
