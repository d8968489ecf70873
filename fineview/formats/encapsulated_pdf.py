"""The PDF report as a DICOM object (Encapsulated PDF Storage, PS3.3 A.45.1, C.24): a PACS keeps it with its study."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from fineview.core.errors import ReportRefused
from fineview.core.report import Report
from fineview.core.study import FrameInfo

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

TITLE = "Findings report (research use)"


class Pdf(Protocol):
    """Who writes the document itself."""

    def render(self, report: Report) -> bytes: ...
    def verify(self, data: bytes, report: Report) -> None: ...


class EncapsulatedPdfWriter:
    """Fits ``services.ports.ReportWriter``.  Same report, same bytes."""

    suffix = ".pdf.dcm"

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf

    def render(self, report: Report) -> bytes:
        """Raises ``ReportRefused``."""
        from fineview.formats.secondary_capture import to_bytes

        return to_bytes(_document(report, self._pdf.render(report)))

    def verify(self, data: bytes, report: Report) -> None:
        """Raises ``ReportRefused`` unless patient, study and the whole document read back."""
        from pydicom import dcmread

        try:
            dataset = dcmread(io.BytesIO(data))
            held = bytes(dataset.EncapsulatedDocument)[:int(dataset.EncapsulatedDocumentLength)]
            named = (str(dataset.PatientName), str(dataset.PatientID), str(dataset.StudyInstanceUID))
        except Exception as error:
            raise _not_back("it cannot be parsed") from error
        if named != (report.patient.name, report.patient.id, report.study_uid):
            raise _not_back("patient or study differs")
        self._pdf.verify(held, report)


def _document(report: Report, pdf: bytes) -> Dataset:
    from pydicom import uid
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    from fineview.formats.sr_document import derived_uid

    created = _created(report.created)
    d, patient = Dataset(), report.patient
    d.SpecificCharacterSet = "ISO_IR 192"
    d.SOPClassUID, d.SOPInstanceUID = uid.EncapsulatedPDFStorage, derived_uid(report.uid, "encapsulated pdf")
    d.PatientName, d.PatientID = patient.name, patient.id
    d.PatientBirthDate, d.PatientSex = patient.birth_date, patient.sex
    if patient.issuer:
        d.IssuerOfPatientID = patient.issuer
    d.StudyInstanceUID, d.SeriesInstanceUID = report.study_uid, derived_uid(report.uid, "documents")
    d.StudyDate, d.StudyTime, d.StudyID, d.AccessionNumber = report.study_date, "", "", report.accession
    d.ReferringPhysicianName, d.StudyDescription = "", report.study_description[:64]
    d.Modality, d.SeriesNumber, d.InstanceNumber = "DOC", 9002, 1
    d.SeriesDescription, d.ConversionType = "FineView report (research use)", "WSD"
    d.Manufacturer, d.ManufacturerModelName = "FineView", "FineView"
    d.SoftwareVersions = report.software or "FineView"
    d.ContentDate, d.ContentTime = created.strftime("%Y%m%d"), created.strftime("%H%M%S")
    d.InstanceCreationDate, d.InstanceCreationTime, d.AcquisitionDateTime = d.ContentDate, d.ContentTime, ""
    # The patient's name is on every page.
    d.BurnedInAnnotation, d.RecognizableVisualFeatures, d.VerificationFlag = "YES", "NO", "UNVERIFIED"
    d.DocumentTitle, d.ConceptNameCodeSequence = TITLE, Sequence([])
    sources = list(_sources(report))
    if sources:
        d.SourceInstanceSequence = Sequence(sources)
    d.MIMETypeOfEncapsulatedDocument = "application/pdf"
    d.EncapsulatedDocumentLength = len(pdf)
    d.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return d


def _sources(report: Report) -> Iterator[Dataset]:
    """The images that findings and grids lie on, each once."""
    from pydicom.dataset import Dataset

    frames: list[FrameInfo] = [*(item.frame for item in report.items), *(entry.frame for entry in report.grids)]
    for sop_uid, sop_class in dict.fromkeys((one.sop_uid, one.sop_class_uid) for one in frames):
        if sop_uid and sop_class:
            named = Dataset()
            named.ReferencedSOPClassUID, named.ReferencedSOPInstanceUID = sop_class, sop_uid
            yield named


def _created(words: str) -> datetime:
    try:
        return datetime.fromisoformat(words)
    except ValueError as error:
        raise ReportRefused("The report has no date.", "Export it again.", "report-date") from error


def _not_back(why: str) -> ReportRefused:
    return ReportRefused(f"The written DICOM document does not read back: {why}.", "Export it again.", "read-back")
