"""The report as JSON for programs.  The handbook's ``report-json.md`` says what every key means."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath
from typing import Any

from fineview.core import change
from fineview.core.dialogue import Answer
from fineview.core.errors import ReportRefused
from fineview.core.evidence import ModelIdentity
from fineview.core.geometry import Spacing
from fineview.core.region import Region
from fineview.core.report import GridEntry, Report, ReportItem
from fineview.core.study import Laterality
from fineview.reports import sheet

FORMAT = "fineview-report/1"


class JsonWriter:
    suffix = ".json"

    def render(self, report: Report) -> bytes:
        """UTF-8 JSON with sorted keys.  Raises ``ReportRefused``."""
        return (json.dumps(as_plain(report), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
                + "\n").encode("utf-8", "backslashreplace")

    def verify(self, data: bytes, report: Report) -> None:
        """Raises ``ReportRefused`` unless the bytes say exactly what the report says."""
        try:
            same = json.loads(data) == json.loads(self.render(report))
        except ValueError:
            same = False
        if not same:
            raise not_as_written("JSON")


def not_as_written(what: str) -> ReportRefused:
    return ReportRefused(f"The {what} report read back differently from what was written.",
                         "Check the disk and write the report again.", "read-back")


def fingerprint(report: Report) -> str:
    """sha256 of the JSON form: printed into the other formats, so that a stale file does not pass for this report."""
    return hashlib.sha256(JsonWriter().render(report)).hexdigest()


def as_plain(report: Report) -> dict[str, Any]:
    """The report as plain values.  Raises ``ReportRefused`` for undecided findings and mixed studies."""
    sheet.refuse_wrong_items(report)
    patient = report.patient
    return {
        "format": FORMAT, "uid": report.uid, "created": report.created, "author": report.author,
        "software": report.software, "intended_use": report.intended_use, "summary": report.summary,
        "warnings": list(report.warnings),
        "patient": {"name": patient.name, "id": patient.id, "birth_date": patient.birth_date, "sex": patient.sex,
                    "issuer": patient.issuer},
        "study": {"uid": report.study_uid, "date": report.study_date, "description": report.study_description,
                  "accession": report.accession, "laterality": _laterality(report.laterality)},
        "findings": [_item(one) for one in report.items],
        "grids": [_grid(one) for one in report.grids],
        "dialogue": [_answer(one) for one in report.dialogue],
        "models": [_model(one) for one in report.models],
        "figures": [{"name": one.name, "caption": one.caption, "rows": int(one.rgb.shape[0]),
                     "cols": int(one.rgb.shape[1]), "pixels_sha256": hashlib.sha256(one.rgb.tobytes()).hexdigest()}
                    for one in report.figures],
    }


def _item(item: ReportItem) -> dict[str, Any]:
    one = item.finding
    return {
        "id": one.id, "label": one.label, "title": sheet.label_title(one.label), "note": one.note,
        "origin": one.origin.value, "state": one.state.value, "author": one.author, "created": one.created,
        "decided": one.decided, "score": one.score, "model": _model(one.model) if one.model else None,
        "region": _region(one.region), "suggested_region": _region(one.original) if one.original else None,
        "frame": {"series_uid": one.frame.series_uid, "index": one.frame.index, "number": item.frame_number,
                  "sop_uid": item.frame.sop_uid, "frame_in_file": item.frame.frame_in_file,
                  "file": PurePath(item.frame.path).name, "rows": item.frame.rows, "cols": item.frame.cols,
                  "series_description": item.series_description},
        "laterality": _laterality(item.laterality), "spacing_mm": _spacing(item.spacing),
        "measurements": [{"name": m.name, "value": m.value, "unit": m.unit, "scale_source": m.scale_source,
                          "why_not": m.why_not} for m in item.measurements],
    }


def _grid(one: GridEntry) -> dict[str, Any]:
    told, grid = one.provenance, one.grid
    return {
        "series_uid": one.series_uid, "series_description": one.series_description, "author": one.author,
        "laterality": _laterality(one.laterality), "frame_number": one.frame_number, "sop_uid": one.frame.sop_uid,
        "layers": {"upper": told.upper, "lower": told.lower, "source": told.source, "by": told.by,
                   "edited_frames": told.edited},
        "scale": {"axial": told.axial.value, "lateral": told.lateral.value},
        "centre_mm": list(grid.centre_mm), "centre_from": grid.centre_from, "centre_point_um": grid.centre_point_um,
        "fields": [{"name": field.name, "loinc": field.loinc or None, "mean_um": field.mean_um,
                    "covered": field.covered, "area_mm2": field.area_mm2} for field in grid.fields],
        "volume_mm3": grid.volume_mm3, "notes": list(told.notes),
        "device": {"maker": one.device.maker, "model": one.device.model, "software": one.device.software},
        "change": change.as_plain(one.change) if one.change is not None else None,
    }


def _answer(one: Answer) -> dict[str, Any]:
    asked = one.question
    return {
        "question": asked.text, "frame": {"series_uid": asked.frame.series_uid, "index": asked.frame.index},
        "region": _region(asked.region) if asked.region else None, "region_id": asked.region_id,
        "answer": one.text, "verdict": one.verdict, "label": one.label, "value": one.value, "unit": one.unit,
        "abstained": one.abstained, "reason": one.reason, "confidence": one.confidence,
        "citations": [{"kind": c.kind, "box": c.box.as_list() if c.box else None, "value": c.value, "unit": c.unit,
                       "text": c.text} for c in one.citations],
        "answerer": _model(one.model) if one.model else None,
        "weighed_with": _model(one.weighed_with) if one.weighed_with else None,
        "asked_at": one.asked_at, "domain": one.domain,
    }


def _region(one: Region) -> dict[str, Any]:
    return {"kind": one.kind.value, "points": [list(point) for point in one.points], "box": one.bounds.as_list(),
            "area_px": one.area_px}


def _laterality(one: Laterality) -> dict[str, Any]:
    return {"value": one.value, "source": one.source}


def _spacing(one: Spacing) -> dict[str, Any]:
    return {"row": one.row_mm, "col": one.col_mm, "slice": one.slice_mm, "source": one.source.value}


def _model(one: ModelIdentity) -> dict[str, Any]:
    return {"name": one.name, "version": one.version, "sha256": one.sha256, "trained": one.trained,
            "fusion_trained": one.fusion_trained, "fusion": one.fusion}
