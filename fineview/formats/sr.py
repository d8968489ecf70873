"""A report as DICOM Structured Report: TID 1500 in a Comprehensive SR (PS3.16 A, PS3.3 A.35.3).

The document is UNVERIFIED and PRELIMINARY: software has put it together, nobody has signed it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from fineview.core.errors import ReportRefused
from fineview.core.report import Report

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


class SrWriter:
    """Fits ``services.ports.ReportWriter``.  Same report, same bytes."""

    suffix = ".dcm"

    def render(self, report: Report) -> bytes:
        """Raises ``ReportRefused``: ``no-sop-instance`` for a picture that is not DICOM, ``no-findings``."""
        check_references(report)
        from fineview.formats.sr_document import document

        out = io.BytesIO()
        document(report).save_as(out, enforce_file_format=True)
        return out.getvalue()

    def verify(self, data: bytes, report: Report) -> None:
        """Read ``data`` back and compare identity, flags, findings, places and model hashes with ``report``.

        Raises ``ReportRefused`` ``read-back`` naming the first difference.
        """
        from pydicom import dcmread

        try:
            dataset = dcmread(io.BytesIO(data))
            told = _told(dataset)
        except Exception as error:
            raise _not_back("it cannot be parsed") from error
        expected = _expected(report)
        for name, value in expected.items():
            if told.get(name) != value:
                raise _not_back(f"{name} differs")


def check_references(report: Report) -> None:
    """Raises ``ReportRefused`` where an item has no SOP instance to refer to, or there is nothing to report."""
    if not report.items and not any(entry.frame.sop_uid for entry in report.grids):
        raise ReportRefused("A structured report needs an accepted finding, or a thickness grid, on a DICOM image.",
                            "Accept or draw a finding, or export PDF, HTML or JSON.", "no-findings")
    for item in report.items:
        if not item.frame.sop_uid or not item.frame.sop_class_uid:
            raise ReportRefused(
                "A structured report can only refer to DICOM images; this picture has no SOP instance.",
                "Write the picture as Secondary Capture first, or export PDF, HTML or JSON instead.",
                "no-sop-instance")


def _not_back(why: str) -> ReportRefused:
    return ReportRefused(f"The written structured report does not read back: {why}.", "Export it again.", "read-back")


def _expected(report: Report) -> dict[str, object]:
    from fineview.formats.sr_grid import grid_numbers
    from fineview.formats.sr_region import graphic

    return {
        "patient": (report.patient.name, report.patient.id), "study": report.study_uid,
        "flags": ("UNVERIFIED", "PRELIMINARY"),
        "places": [(item.frame.sop_uid, [round(float(v), 2) for v in graphic(item)[1].reshape(-1)])
                   for item in report.items],
        "hashes": [item.finding.model.sha256 for item in report.items if item.finding.model is not None],
        "grids": [numbers for entry in report.grids for numbers in grid_numbers(entry)]}


def _told(dataset: Dataset) -> dict[str, object]:
    places, hashes, grids = [], [], []
    for item in _walk(dataset):
        if item.get("ValueType") == "SCOORD":
            reference = item.ContentSequence[0].ReferencedSOPSequence[0]
            places.append((str(reference.ReferencedSOPInstanceUID), [round(float(v), 2) for v in item.GraphicData]))
        if item.get("ValueType") == "TEXT" and str(item.TextValue).startswith("sha256="):
            hashes.append(str(item.TextValue).removeprefix("sha256="))
        if item.get("ValueType") == "NUM" and item.ConceptNameCodeSequence[0].CodingSchemeDesignator == "LN":
            grids.append((str(item.ConceptNameCodeSequence[0].CodeValue),
                          float(item.MeasuredValueSequence[0].NumericValue)))
    return {"patient": (str(dataset.PatientName), str(dataset.PatientID)), "study": str(dataset.StudyInstanceUID),
            "flags": (dataset.VerificationFlag, dataset.PreliminaryFlag), "places": places, "hashes": hashes,
            "grids": grids}


def _walk(dataset: Dataset) -> list[Dataset]:
    found = []
    for item in dataset.get("ContentSequence", ()):
        found += [item, *_walk(item)]
    return found
