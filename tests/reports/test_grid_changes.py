"""What a grid was compared with, in every format; the sentence in the place of a change that must not be told."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fineview.core.report import GridEntry, Report
from fineview.formats.sr import SrWriter
from fineview.reports.html_writer import HtmlWriter
from fineview.reports.json_writer import JsonWriter
from fineview.reports.pdf_writer import PdfWriter
from tests.reports.sample_grids import grid_change, grid_entry
from tests.reports.sample_report import report

MAKERS = "The volumes are by different makers."


def holding(entry: GridEntry) -> Report:
    return dataclasses.replace(report(items=()), grids=(entry,))


@pytest.fixture
def pdf_text(tmp_path: Path) -> Callable[[Report], str]:
    """The words of the written PDF, by poppler."""
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils are not installed")

    def read(made: Report) -> str:
        data = PdfWriter().render(made)
        PdfWriter().verify(data, made)
        (tmp_path / "r.pdf").write_bytes(data)
        done = subprocess.run(["pdftotext", "-layout", str(tmp_path / "r.pdf"), "-"], capture_output=True, check=True)
        return " ".join(done.stdout.decode().split())

    return read


def test_pdf_and_html_print_the_change_with_units_and_reservations(pdf_text: Callable[[Report], str]) -> None:
    made = holding(grid_entry())
    html = HtmlWriter().render(made)
    HtmlWriter().verify(html, made)
    text = html.decode()
    assert "<h3>Change from 2024-01-10 to 2025-01-10</h3>" in text
    assert "<td>Centre</td><td>300 \u00b5m</td><td>340 \u00b5m</td><td>+40 \u00b5m</td><td>+13 %</td>" in text
    # 9.61 - 8.48 mm3, 13 % of the first.
    assert "<td>8.48 mm\u00b3</td><td>9.61 mm\u00b3</td><td>+1.13 mm\u00b3</td><td>+13 %</td>" in text
    for words in ("Aligned by the two marked foveas", "a field could be off by up to 6 \u00b5m",
                  "Note: a reservation.", "Heidelberg Engineering Spectralis, software 6.0; ILM to BM, lines by"):
        assert words in text and words in pdf_text(made)
    assert "Change from 2024-01-10 to 2025-01-10" in pdf_text(made) and "+40 \u00b5m" in pdf_text(made)


def test_what_must_not_be_compared_has_a_sentence_and_no_change(pdf_text: Callable[[Report], str]) -> None:
    made = holding(grid_entry(grid_change(MAKERS)))
    text, page = HtmlWriter().render(made).decode(), pdf_text(made)
    told = json.loads(JsonWriter().render(made))["grids"][0]["change"]
    assert MAKERS in text and MAKERS in page and told["why_not"] == MAKERS
    assert "+40 \u00b5m" not in text and "+40 \u00b5m" not in page and told["volume_mm3"] is None
    assert {one["change_um"] for one in told["fields"]} == {None}
    assert page.index(MAKERS) < page.index("340 \u00b5m", page.index(MAKERS))


def test_json_names_devices_and_both_sides() -> None:
    told = json.loads(JsonWriter().render(holding(grid_entry())))["grids"][0]
    assert told["device"] == {"maker": "Heidelberg Engineering", "model": "Spectralis", "software": "6.0"}
    change = told["change"]
    assert (change["before"]["date"], change["after"]["date"]) == ("20240110", "20250110")
    assert change["fields"][1] == {"name": "inner nasal", "before_um": 300.0, "after_um": 341.0, "change_um": 41.0,
                                   "percent": 13.67}
    assert change["alignment"]["by"] == "fovea" and change["off_by_um"] == 6.4 and change["of_eyes"] is False
    assert json.loads(JsonWriter().render(holding(dataclasses.replace(grid_entry(), change=None))))["grids"][0][
        "change"] is None


@pytest.mark.parametrize("why", ["", MAKERS])
def test_the_structured_report_tells_it_in_words(why: str) -> None:
    made = holding(grid_entry(grid_change(why)))
    data = SrWriter().render(made)
    SrWriter().verify(data, made)
    wanted = why or "centre +40 um, inner nasal +41 um"
    assert f"Change, 20240110 and 20250110: {wanted}".encode() in data


def test_two_writings_are_equal() -> None:
    assert PdfWriter().render(holding(grid_entry())) == PdfWriter().render(holding(grid_entry()))
