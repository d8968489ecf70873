"""A thickness grid in every format: numbers, words for what is not covered, LOINC codes, provenance."""

from __future__ import annotations

import dataclasses
import io
import json
import math

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from fineview.core.errors import ReportRefused
from fineview.core.geometry import ScaleSource
from fineview.core.report import GridEntry, Report
from fineview.core.study import FrameInfo, Laterality
from fineview.core.thickness import EtdrsGrid, FieldValue, Provenance
from fineview.formats.sr import SrWriter
from fineview.reports.html_writer import HtmlWriter
from fineview.reports.json_writer import JsonWriter
from fineview.reports.pdf_writer import PdfWriter
from fineview.reports.sheet import sheet
from tests.reports.sample_report import report

OPT = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
# Written out from the HL7 value set "OCT Macula Observable Entities".
CODES = {"centre": "57109-1", "inner superior": "57110-9", "inner nasal": "57111-7", "inner inferior": "57112-5",
         "inner temporal": "57113-3", "outer superior": "57114-1", "outer nasal": "57115-8",
         "outer inferior": "57116-6", "outer temporal": "57117-4"}
AREAS = {"centre": math.pi / 4, "inner": math.pi / 2, "outer": math.pi * 6.75 / 4}


def grid(absent: str = "", coded: bool = True) -> EtdrsGrid:
    fields = tuple(FieldValue(name, None if name == absent else 300.0 + number, 0.4 if name == absent else 1.0,
                              AREAS[name.split()[0]], code if coded else "")
                   for number, (name, code) in enumerate(CODES.items()))
    return EtdrsGrid((4.0, 4.1), "the fovea as marked by Dr Ada", fields, 251.5)


def with_grid(made: EtdrsGrid, only: bool = True) -> Report:
    told = Provenance("ILM", "BM", "file", "Spectralis 6.0", ScaleSource.CALIBRATED, ScaleSource.CALIBRATED, 2,
                      ("a note",))
    frame = FrameInfo("/somewhere/oct.dcm", 12, "1.2.3.4", OPT, 496, 512)
    entry = GridEntry(made, told, "1.2.3", frame, 13, Laterality("R", "header"), "OCT volume", "Dr Ada")
    return report(grids=(entry,), **({"items": ()} if only else {}))


def numbers(data: bytes) -> dict[str, tuple[str, float, str]]:
    """Code value -> (scheme, value, unit) of every number in the document."""
    def walk(dataset: Dataset) -> list[Dataset]:
        return [one for item in dataset.get("ContentSequence", ()) for one in (item, *walk(item))]

    found = {}
    for item in walk(dcmread(io.BytesIO(data))):
        if item.ValueType == "NUM":
            name, held = item.ConceptNameCodeSequence[0], item.MeasuredValueSequence[0]
            found[str(name.CodeValue)] = (str(name.CodingSchemeDesignator), float(held.NumericValue),
                                          str(held.MeasurementUnitsCodeSequence[0].CodeValue))
    return found


def test_the_structured_report_carries_the_codes() -> None:
    made = with_grid(grid())
    data = SrWriter().render(made)
    SrWriter().verify(data, made)
    found = numbers(data)
    assert {code: found[code] for code in CODES.values()} == {
        code: ("LN", 300.0 + number, "um") for number, code in enumerate(CODES.values())}
    assert found["57108-3"] == ("LN", 251.5, "um")
    volume = sum((300 + n) / 1000 * AREAS[name.split()[0]] for n, name in enumerate(CODES))
    assert found["57118-2"] == ("LN", pytest.approx(volume, rel=1e-5), "mm3")
    assert b"Spectralis 6.0 (from the file), 2 B-scans edited by hand, scale calibrated" in data


def test_a_field_that_is_not_covered_has_no_number_anywhere() -> None:
    made = with_grid(grid("outer nasal"))
    data = SrWriter().render(made)
    assert not {"57115-8", "57118-2"} & set(numbers(data)) and len(numbers(data)) == 9
    assert b"Not covered: outer nasal." in data
    words = dict(sheet(made).grids[0].fields)
    assert words["Outer nasal"] == words["Volume of the 6 mm circle"] == "not covered"
    assert words["Centre"] == "300 \u00b5m"
    told = json.loads(JsonWriter().render(made))["grids"][0]
    assert [one["mean_um"] for one in told["fields"] if one["loinc"] == "57115-8"] == [None]
    assert told["volume_mm3"] is None


def test_what_is_not_the_whole_retina_carries_no_loinc_code() -> None:
    found = numbers(SrWriter().render(with_grid(grid(coded=False))))
    assert {scheme for scheme, _, _ in found.values()} == {"99FINEVIEW"} and len(found) == 11


def test_a_changed_number_does_not_verify() -> None:
    made = with_grid(grid(), only=False)
    made = dataclasses.replace(made, items=())
    other = with_grid(grid("centre"))
    with pytest.raises(ReportRefused, match="grids differs"):
        SrWriter().verify(SrWriter().render(made), other)


def test_html_and_pdf_print_it() -> None:
    made = with_grid(grid("outer nasal"), only=False)
    html = HtmlWriter().render(made)
    HtmlWriter().verify(html, made)
    text = html.decode()
    assert "Inner superior</td><td>301 \u00b5m" in text and "Outer nasal</td><td>not covered" in text
    assert "ILM to BM, lines by Spectralis 6.0 (from the file)" in text and "right eye (OD)" in text
    pdf = PdfWriter().render(made)
    PdfWriter().verify(pdf, made)
    without = PdfWriter().render(dataclasses.replace(made, grids=()))
    assert len(pdf) > len(without)
