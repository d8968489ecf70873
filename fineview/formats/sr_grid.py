"""A thickness grid as a measurement group of the structured report (TID 1501 within TID 1500).

Fields that mean what LOINC's "Macular grid" means carry its codes; others, and sides that are not known, local ones.
A field that is not covered has no number, but stands in the comment.
"""

from __future__ import annotations

import hashlib

from highdicom import sr
from pydicom.sr.coding import Code

from fineview.core.change import GridChange
from fineview.core.report import GridEntry
from fineview.core.thickness import CENTRE_POINT_LOINC, VOLUME_LOINC
from fineview.formats import sr_codes

_UM = Code("um", "UCUM", "micrometer")
_MM3 = Code("mm3", "UCUM", "cubic millimeter")


def grid_numbers(entry: GridEntry) -> list[tuple[str, float]]:
    """(LOINC code, value) of everything that carries one, as written."""
    return [(code.value, value) for code, value, _ in _numbers(entry) if code.scheme_designator == "LN"]


def grid_group(study_uid: str, entry: GridEntry) -> sr.MeasurementsAndQualitativeEvaluations:
    told = entry.provenance
    words = hashlib.sha256(repr((study_uid, entry.series_uid, told.upper, told.lower)).encode()).digest()
    tracking = sr.TrackingIdentifier(f"2.25.{int.from_bytes(words[:16], 'big')}",
                                     f"Thickness {told.upper} to {told.lower}")
    side = sr_codes.SIDES.get(entry.laterality.value or "")
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking, finding_sites=[sr.FindingSite(sr_codes.RETINA, laterality=side)],
        measurements=[sr.Measurement(code, value, unit) for code, value, unit in _numbers(entry)],
        qualitative_evaluations=[sr.QualitativeEvaluation(
            sr_codes.SCALE, sr_codes.local(told.scale.value, f"scale: {told.scale.value}"))],
        source_images=_source(entry))
    absent = [field.name for field in entry.grid.fields if field.mean_um is None]
    said = [f"{entry.device.words}; {told.words}.", f"Centre: {entry.grid.centre_from}.",
            *(f"Note: {note}." for note in told.notes)]
    said += [f"Not covered: {', '.join(absent)}."] if absent else []
    said += [_compared(entry.change)] if entry.change is not None else []
    group[0].ContentSequence.append(
        sr.TextContentItem(sr_codes.COMMENT, " ".join(said), sr.RelationshipTypeValues.CONTAINS))
    return group


def _compared(told: GridChange) -> str:
    """In words alone: a change is no measurement of this image, and the numbers of its two sides stand in the JSON."""
    between = f"{told.before.date or 'undated'} and {told.after.date or 'undated'}"
    what = "Difference of the two eyes" if told.of_eyes else "Change"
    if told.why_not:
        return f"{what}, {between}: {told.why_not}"
    words = [f"{one.name} {one.change_um:+.0f} um" for one in told.fields if one.change_um is not None]
    return f"{what}, {between}: {', '.join(words) or 'no field covered by both'}. Aligned {told.alignment.words}."


def _numbers(entry: GridEntry) -> list[tuple[Code, float, Code]]:
    grid, coded = entry.grid, bool(entry.grid.fields[0].loinc)
    found = [(_code(field.loinc, f"Macular grid.{field.name} subfield thickness"), field.mean_um, _UM)
             for field in grid.fields]
    found.append((_code(CENTRE_POINT_LOINC if coded else "", "Macular grid.center point thickness"),
                  grid.centre_point_um, _UM))
    found.append((_code(VOLUME_LOINC if coded else "", "Macular grid.total volume"), grid.volume_mm3, _MM3))
    return [(code, float(f"{value:.6g}"), unit) for code, value, unit in found if value is not None]


def _code(loinc: str, words: str) -> Code:
    words = words.replace("centre", "center")
    return Code(loinc, "LN", f"{words} by OCT") if loinc else sr_codes.local(words.lower().replace(" ", "_"), words)


def _source(entry: GridEntry) -> list[sr.SourceImageForMeasurementGroup] | None:
    frame = entry.frame
    if not frame.sop_uid or not frame.sop_class_uid:
        return None
    numbered = frame.frame_in_file > 0 or frame.sop_class_uid in sr_codes.MULTIFRAME
    return [sr.SourceImageForMeasurementGroup(frame.sop_class_uid, frame.sop_uid,
                                              [frame.frame_in_file + 1] if numbered else None)]
