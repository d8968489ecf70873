"""What changed between two measurements, field by field and cell by cell.  Pure.

Instruments and models draw the same boundary at different depths: where the lines of the two are not by the same hand
the difference is told with that reservation.  Different makers, other boundaries or an assumed scale give no change at
all, but the sentence why.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fineview.core.change import OFF_MM, Alignment, FieldChange, GridChange, Visit
from fineview.core.errors import RequestProblem
from fineview.core.geometry import Point, ScaleSource
from fineview.core.study import Patient
from fineview.core.thickness import EtdrsGrid, FundusMap
from fineview.imaging.etdrs import etdrs_grid
from fineview.services.companion_index import one_person
from fineview.services.thickness_align import Measured, align

REPEATABILITY = ("two scans of an unchanged eye differ as well; by how much depends on instrument, disease and lines, "
                 "and is not known here")
_UNSURE = (ScaleSource.ASSUMED, ScaleSource.NONE)


def change(other: Measured, shown: Measured) -> GridChange:
    """The nine fields about the shown volume's centre, in both.

    Raises ``RequestProblem`` ``not-comparable`` for two persons, an eye that is not known, or fields that lie in
    different directions.
    """
    _refuse(other, shown)
    laid = align(shown, other)
    now, then = shown.thickness.grid, _grid_at(other, laid.to_other(shown.thickness.grid.centre_mm))
    if {field.name for field in then.fields} != {field.name for field in now.fields}:
        raise _not_comparable("their fields lie in different directions")
    eyes = shown.series.laterality.value != other.series.laterality.value
    late = not eyes and bool(shown.date) and shown.date < other.date
    why_not = _why_not(other, shown)
    fields = tuple(_field(then.field(one.name).mean_um, one.mean_um, one.name, one.area_mm2, late, bool(why_not))
                   for one in now.fields)
    first, second = (shown, other) if late else (other, shown)
    volumes = (now.volume_mm3, then.volume_mm3) if late else (then.volume_mm3, now.volume_mm3)
    stake = None if why_not or laid.by in ("localizer", "space") else _at_stake(other, then)
    return GridChange(_visit(first), _visit(second), laid, fields, *volumes, why_not, stake,
                      (*_notes(other, shown, laid), *(() if why_not else (REPEATABILITY,))))


def difference(other: Measured, shown: Measured, told: GridChange) -> FundusMap | None:
    """After minus before on the cells of the shown map, NaN where either is unknown; None where none is told."""
    if told.why_not:
        return None
    here, laid = shown.thickness.map, told.alignment
    x, y = _cells(here)
    there = other.thickness.plane.sample(other.thickness.values_um, x * laid.flip[0] + laid.shift_mm[0],
                                         y * laid.flip[1] + laid.shift_mm[1])
    sign = 1.0 if told.after.series_uid == shown.series.uid else -1.0
    return replace(here, values=np.asarray((here.values - there) * sign, np.float32))


def _cells(held: FundusMap) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y of the middles of all cells, each (h, w)."""
    rows, cols = held.values.shape
    x, y = np.meshgrid(held.corner_mm[0] + (np.arange(cols) + 0.5) * held.cell_mm,
                       held.corner_mm[1] + (np.arange(rows) + 0.5) * held.cell_mm)
    return np.asarray(x), np.asarray(y)


def _grid_at(one: Measured, centre: Point) -> EtdrsGrid:
    return etdrs_grid(one.thickness.values_um, one.thickness.plane, centre, one.thickness.grid.centre_from, False)


def _field(then: float | None, now: float | None, name: str, area: float, late: bool, silent: bool) -> FieldChange:
    before, after = (now, then) if late else (then, now)
    told = None if silent or before is None or after is None else after - before
    return FieldChange(name, before, after, told, area)


def _at_stake(other: Measured, then: EtdrsGrid) -> float | None:
    """How far a field's mean goes where the grid is moved by ``OFF_MM`` to any of four sides."""
    x, y = then.centre_mm
    moved = [_grid_at(other, (x + dx * OFF_MM, y + dy * OFF_MM)) for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    off = [abs(far.mean_um - near.mean_um) for grid in moved for far, near in zip(grid.fields, then.fields, strict=True)
           if far.mean_um is not None and near.mean_um is not None]
    return max(off) if off else None


def _visit(one: Measured) -> Visit:
    return Visit(one.study_uid, one.series.uid, one.date, one.series.laterality, one.series.device,
                 one.thickness.provenance)


def _refuse(other: Measured, shown: Measured) -> None:
    if not one_person(other.patient.key, shown.patient.key):
        raise _not_comparable("their files name two patients")
    sides = {one.series.laterality.value for one in (other, shown)}
    if not sides <= {"R", "L"}:
        raise _not_comparable("they are not known to be of the same eye")
    if len(sides) == 2 and not all(one.thickness.plane.directions.known for one in (other, shown)):
        raise _not_comparable("they are of two eyes, and their files do not say where nasal lies")


def _why_not(other: Measured, shown: Measured) -> str:
    old, new = other.thickness.provenance, shown.thickness.provenance
    if shown.series.device.same_maker(other.series.device) is False:
        return ("The volumes are by different makers: "
                f"{other.series.device.words}; {shown.series.device.words}. Makers draw the borders of the retina at "
                "different depths, so no change is told.")
    if (old.upper, old.lower) != (new.upper, new.lower):
        return (f"One thickness lies from {old.upper} to {old.lower}, the other from {new.upper} to {new.lower}: "
                "no change is told.")
    if old.lateral in _UNSURE or new.lateral in _UNSURE:
        return ("The scale across the fundus is only assumed: the fields need not cover the same tissue, so no change "
                "is told.")
    if old.axial in _UNSURE or new.axial in _UNSURE:
        return "The depth scale is only assumed: no change in micrometres is told."
    return ""


def _notes(other: Measured, shown: Measured, laid: Alignment) -> tuple[str, ...]:
    old, new = other.thickness.provenance, shown.thickness.provenance
    notes = list[str]()
    if laid.by == "centre":
        notes.append(f"centres: {other.thickness.grid.centre_from}; {shown.thickness.grid.centre_from}")
    mine, theirs = shown.series.device, other.series.device
    if mine.same_maker(theirs) is None:
        notes.append("the files do not both name their instrument; thicknesses of different makers cannot be compared")
    elif mine != theirs:
        notes.append(f"made by {theirs.words} and by {mine.words}")
    if (old.source, old.by) != (new.source, new.by):
        notes.append(f"the lines are by {old.by} and by {new.by}: part of the change may be theirs")
    if old.scale is not new.scale:
        notes.append(f"the scales are {old.scale.value} and {new.scale.value}")
    if not named_alike(other.patient, shown.patient):
        notes.append("the files do not both name the patient")
    if not all(one.thickness.plane.directions.known for one in (other, shown)):
        notes.append("a file does not say where nasal and superior lie")
    return tuple(notes)


def named_alike(one: Patient, other: Patient) -> bool:
    """Whether both files say whose they are: two that are silent need not be of one person."""
    return bool(one.id and other.id) or bool(one.name and other.name)


def _not_comparable(why: str) -> RequestProblem:
    return RequestProblem(f"The two volumes cannot be compared: {why}.",
                          "Choose two volumes of one eye, measured alike.", "not-comparable")
