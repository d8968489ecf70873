"""The words of a report."""

from __future__ import annotations

import dataclasses

import pytest

from fineview.core.errors import ReportRefused
from fineview.core.finding import Origin, State
from fineview.core.report import Measurement
from fineview.reports import sheet
from tests.reports.sample_report import MODEL, item, report


@pytest.mark.parametrize(("raw", "read"), [
    ("MUSTERMANN^ANNA", "MUSTERMANN, ANNA"), ("Adams^John Robert Quincy^^Rev.", "Adams, John Robert Quincy  Rev."),
    ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada, Tarou (山田 太郎, やまだ たろう)"),
    ("=王^小東", "王 小東"), ("", ""), ("^", ""), ("Solo", "Solo")])
def test_person_names(raw: str, read: str) -> None:
    assert sheet.person_name(raw) == read


@pytest.mark.parametrize(("value", "words"), [
    (0.0, "0"), (0.04567, "0.0457"), (1.0, "1.00"), (12.345, "12.3"),
    (123.4, "123"), (98765.4, "98765"), (-0.5, "-0.500")])
def test_numbers_have_three_digits_and_no_exponent(value: float, words: str) -> None:
    assert sheet.number(value) == words


def test_days_and_moments() -> None:
    assert sheet.day("20260304") == "2026-03-04" and sheet.day("2026") == "2026"
    assert sheet.moment("2026-03-04T10:41:07.123456+01:00") == "2026-03-04 10:41:07 +01:00"
    assert sheet.moment("2026-03-04T10:41:07Z") == "2026-03-04 10:41:07 UTC"


def test_sizes_name_the_source_of_their_scale() -> None:
    assert sheet.size(Measurement("area", 0.0310, "mm²", "calibrated")) == "area 0.0310 mm² (calibrated)"
    assert sheet.size(Measurement("length", 4.2, "mm", "projected")) == "length 4.20 mm (projected: at the detector)"
    assert sheet.size(Measurement("Angle", 63.4349, "deg", "calibrated")) == "Angle 63.4\u00b0 (calibrated)"
    assert sheet.size(Measurement("Angle", 45.0, "deg", "none", "pixels taken as square, not calibrated")) == (
        "Angle 45.0\u00b0 (pixels taken as square, not calibrated)")
    assert sheet.size(Measurement("area", 412, "px²", "none", "the spacing of this file is unknown")) == (
        "area 412 px² (the spacing of this file is unknown)")
    assert sheet.size(Measurement("distance", None, "mm", "none", "mark the fovea")) == (
        "distance: cannot tell (mark the fovea)")


def test_origin_names_model_hash_score_and_person() -> None:
    one = item(1).finding
    assert sheet.origin(one) == ("suggested by retina-s 3f9a21c8, score 0.86 (calibrated on phantoms alone); "
                                 "accepted by Dr Ada Müller")
    assert sheet.origin(dataclasses.replace(one, label="haemorrhage")) == (
        "suggested by retina-s 3f9a21c8, score 0.86; accepted by Dr Ada Müller")
    assert sheet.origin(dataclasses.replace(one, state=State.EDITED)).endswith("; edited and accepted by Dr Ada Müller")
    assert sheet.origin(dataclasses.replace(one, origin=Origin.PERSON)) == "marked by Dr Ada Müller"


def test_the_banner_says_side_unknown_where_it_is() -> None:
    words = sheet.sheet(report())
    assert words.banner == (("Patient", "MUSTERMANN, ANNA"), ("ID", "4711"), ("Born", "1957-02-12"),
                            ("Study", "2026-03-04"), ("Eye", "right eye (OD)"))
    assert [row.side for row in words.rows] == ["right eye (OD)", "side unknown"]
    assert words.models == (("retina-s", "1", MODEL.sha256),)


@pytest.mark.parametrize("state", [State.SUGGESTED, State.REJECTED])
def test_only_accepted_findings_enter(state: State) -> None:
    with pytest.raises(ReportRefused) as caught:
        sheet.sheet(report(items=(item(1, state=state),)))
    assert caught.value.code == "undecided"


def test_two_studies_are_never_mixed() -> None:
    with pytest.raises(ReportRefused) as caught:
        sheet.sheet(report(items=(item(1), item(2, study_uid="9.9"))))
    assert caught.value.code == "mixed-patients"
