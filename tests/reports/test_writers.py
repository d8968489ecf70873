"""The three formats: the same bytes each time, readable by other programs, and honest about what they read back."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fineview.core.errors import ReportRefused
from fineview.core.report import INTENDED_USE
from fineview.core.study import Patient
from fineview.reports.html_writer import HtmlWriter
from fineview.reports.json_writer import JsonWriter
from fineview.reports.pdf_writer import PdfWriter, page_count
from tests.reports.sample_report import MODEL, STUDY, item, report

WRITERS = (HtmlWriter(), PdfWriter(), JsonWriter())
needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler-utils are not installed")


def pdf_text(data: bytes, folder: Path) -> str:
    (folder / "r.pdf").write_bytes(data)
    done = subprocess.run(["pdftotext", "-layout", str(folder / "r.pdf"), "-"], capture_output=True, check=True)
    assert not done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("writer", WRITERS, ids=lambda one: one.suffix)
def test_same_report_same_bytes_and_read_back(writer: HtmlWriter | PdfWriter | JsonWriter) -> None:
    one = report()
    data = writer.render(one)
    assert data == writer.render(report())
    writer.verify(data, one)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda one: one.suffix)
def test_another_report_or_cut_bytes_do_not_pass(writer: HtmlWriter | PdfWriter | JsonWriter) -> None:
    data = writer.render(report())
    for spoiled, one in ((data, report(summary="Something else.")), (data[: len(data) // 2], report()),
                         (b"", report()), (data, report(items=(item(1),)))):
        with pytest.raises(ReportRefused) as caught:
            writer.verify(spoiled, one)
        assert caught.value.code == "read-back"


@needs_poppler
def test_pdf_says_everything_on_paper(tmp_path: Path) -> None:
    data = PdfWriter().render(report(items=tuple(item(n, note="note " * 40) for n in range(1, 13))))
    pages = pdf_text(data, tmp_path).split("\f")[:-1]
    assert len(pages) == page_count(data) > 1
    for number, page in enumerate(pages, 1):
        for words in (INTENDED_USE, f"page {number} of {len(pages)}", "MUSTERMANN, ANNA", "4711", "1957-02-12",
                      "2026-03-04", "right eye (OD)"):
            assert words in page
    whole = " ".join("".join(pages).split())
    for words in ("Findings report", STUDY, "calibrated", MODEL.sha256, "Slices are not evenly spaced.",
                  "is there fluid here?", "DAR, text row, retina-s 3f9a21c8"):
        assert words in whole


@needs_poppler
def test_pdf_keeps_patient_data_out_of_its_properties_and_embeds_its_letters(tmp_path: Path) -> None:
    data = PdfWriter().render(report())
    assert b"MUSTERMANN" not in data and b"4711" not in data
    (tmp_path / "r.pdf").write_bytes(data)
    info = subprocess.run(["pdfinfo", str(tmp_path / "r.pdf")], capture_output=True, text=True, check=True).stdout
    assert "MUSTERMANN" not in info and "09:45:00 2026 UTC" in info
    fonts = subprocess.run(["pdffonts", str(tmp_path / "r.pdf")], capture_output=True, text=True, check=True).stdout
    assert re.search(r"DejaVuSans +TrueType +\S+ +yes yes yes", fonts)


@needs_poppler
@pytest.mark.parametrize(("name", "letters"), [
    ("Yamada^Tarou=山田^太郎", "山田 太郎"),
    ("김^철수", "김, 철수"), ("王^小明", "王, 小明"), ("Иванова^Анна", "Иванова, Анна"),
    ("Παπαδόπουλος^Άννα", "Παπαδόπουλος, Άννα"), ("Nguyễn^Thị", "Nguyễn, Thị")])
def test_pdf_writes_names_of_many_scripts(tmp_path: Path, name: str, letters: str) -> None:
    assert letters in pdf_text(PdfWriter().render(report(patient=Patient(name, "1"))), tmp_path)


def test_pdf_takes_a_note_longer_than_a_page_and_letters_nobody_has() -> None:
    data = PdfWriter().render(report(items=(item(1, note="very long " * 900),), author="ครู <b>&amp;</b> \x00\u202e"))
    assert page_count(data) > 2


def test_html_escapes_and_links_to_nothing() -> None:
    nasty = '<script>alert(1)</script><img src="http://x/">'
    text = HtmlWriter().render(report(items=(item(1, note=nasty),), summary=nasty)).decode()
    assert "<script" not in text and "&lt;script&gt;" in text and '<img src="http' not in text
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    assert INTENDED_USE in text


def test_html_figures_hold_the_exact_pixels() -> None:
    one = report()
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", HtmlWriter().render(one).decode())
    for data, figure in zip(found, one.figures, strict=True):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), figure.rgb)


def test_json_says_what_the_report_says() -> None:
    one = report()
    told = json.loads(JsonWriter().render(one))
    assert told["format"] == "fineview-report/1" and told["study"]["uid"] == STUDY
    assert told["study"]["laterality"] == {"value": "R", "source": "header"}
    first, second = told["findings"]
    assert first["model"]["sha256"] == MODEL.sha256 and first["score"] == 0.86 and first["author"] == "Dr Ada Müller"
    assert first["region"]["points"] == [[210.5, 96.0], [246.8, 120.7]]
    assert first["frame"]["file"] == "oct.dcm" and second["laterality"]["value"] is None
    assert second["measurements"] == [{"name": "length", "value": 40.1, "unit": "px", "scale_source": "none",
                                       "why_not": "the spacing of this file is unknown"}]
    assert [answer["verdict"] for answer in told["dialogue"]] == ["yes", "cannot tell"]
    assert [(f["rows"], f["cols"]) for f in told["figures"]] == [(200, 480), (300, 300), (300, 320)]


@pytest.mark.parametrize("writer", WRITERS, ids=lambda one: one.suffix)
def test_a_report_without_findings_is_still_a_report(writer: HtmlWriter | PdfWriter | JsonWriter) -> None:
    empty = report(items=(), figures=(), dialogue=(), models=(), warnings=(), summary="", patient=Patient())
    writer.verify(writer.render(empty), empty)
