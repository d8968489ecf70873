"""The PDF report as a DICOM object: valid by dciodvfy, the same document inside, read back, known to our own reader."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from pathlib import Path

import pydicom
import pytest

from fineview.core.errors import ReportRefused
from fineview.core.report import Report
from fineview.formats.companion_draw import document
from fineview.formats.dicom_read import read_record
from fineview.formats.encapsulated_pdf import EncapsulatedPdfWriter
from fineview.reports.pdf_writer import PdfWriter
from tests.formats.test_sr import errors_of
from tests.reports.sample_grids import grid_entry
from tests.reports.sample_report import report


@pytest.fixture(scope="module")
def made() -> Report:
    return dataclasses.replace(report(), grids=(grid_entry(),))


@pytest.fixture(scope="module")
def data(made: Report) -> bytes:
    return EncapsulatedPdfWriter(PdfWriter()).render(made)


def test_it_is_valid_equal_and_reads_back(made: Report, data: bytes, tmp_path: Path) -> None:
    writer = EncapsulatedPdfWriter(PdfWriter())
    assert errors_of(data, tmp_path) == []
    assert hashlib.sha256(writer.render(made)).digest() == hashlib.sha256(data).digest()
    writer.verify(data, made)


def test_the_document_inside_is_the_pdf_report(made: Report, data: bytes) -> None:
    dataset = pydicom.dcmread(io.BytesIO(data))
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.104.1" and dataset.Modality == "DOC"
    pdf = PdfWriter().render(made)
    assert dataset.EncapsulatedDocument[:dataset.EncapsulatedDocumentLength] == pdf and pdf.startswith(b"%PDF-")
    assert (dataset.StudyInstanceUID, str(dataset.PatientName)) == (made.study_uid, made.patient.name)
    assert dataset.VerificationFlag == "UNVERIFIED" and dataset.BurnedInAnnotation == "YES"
    named = {one.ReferencedSOPInstanceUID for one in dataset.SourceInstanceSequence}
    assert "1.2.3.4" in named and len(named) == len(dataset.SourceInstanceSequence)


def test_our_own_reader_lists_it_as_a_pdf(made: Report, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf.dcm"
    path.write_bytes(data)
    companion = read_record(str(path)).companion
    assert companion is not None and companion.suffix == ".pdf"
    ((_, held),) = document(str(path))
    assert bytes(held)[:5] == b"%PDF-"


def test_another_report_or_a_cut_one_does_not_verify(made: Report, data: bytes) -> None:
    writer = EncapsulatedPdfWriter(PdfWriter())
    with pytest.raises(ReportRefused) as told:
        writer.verify(data, dataclasses.replace(made, study_uid="1.2.999"))
    assert told.value.code == "read-back"
    for wrong in (data[:400], data[:-2000]):
        with pytest.raises(ReportRefused):
            writer.verify(wrong, made)
    with pytest.raises(ReportRefused):
        writer.verify(data, dataclasses.replace(made, summary="Another summary."))
