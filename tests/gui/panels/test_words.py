"""Words of the panels, for values made by hand."""

from __future__ import annotations

import pytest

from fineview.core.dialogue import Answer, Citation, Question
from fineview.core.study import FrameKey, Patient
from fineview.gui.panels.identity import breakable, facts
from fineview.gui.panels.status import progress_words, remaining_words
from fineview.gui.panels.studies import people_words, series_words
from fineview.gui.panels.turn import citation_words, source_words, verdict_words
from fineview.gui.wording import date_words, person_name, plain
from fineview.services.session import Progress
from tests.gui.scene import MODEL, analysis, photo, scan

QUESTION = Question("?", "study-1", FrameKey("scan", 0))


@pytest.mark.parametrize(("dicom", "people"), [
    ("Muster^Anna", "Muster, Anna"), ("Muster^Anna^M^Dr", "Muster, Anna M Dr"), ("Anon", "Anon"), ("", ""),
    ("Yamada^Tarou=\u5c71\u7530^\u592a\u90ce", "Yamada, Tarou")])
def test_person_names(dicom: str, people: str) -> None:
    assert person_name(dicom) == people


def test_dates() -> None:
    assert [date_words(one) for one in ("20260304", "2026", "")] == ["2026-03-04", "2026", ""]


def test_markup_is_made_harmless() -> None:
    assert plain("<b>&</b>") == "&lt;b&gt;&amp;&lt;/b&gt;"


def test_series_tell_side_frames_and_localizer() -> None:
    assert series_words(scan()) == "macula\nOPT, OD, 5 frames\nwith localizer"
    assert series_words(photo("photo", "study-1")) == "photo\nOP, side unknown, 100 x 100"


def test_two_patients_of_one_name_are_told_apart() -> None:
    one, other = Patient("Doe^Jane", "17", "19700102"), Patient("Doe^Jane", "18")
    assert list(people_words([one, other, one, Patient("Doe^John", "19")]).values()) == [
        "Doe, Jane  born 1970-01-02  ID 17", "Doe, Jane  ID 18", "Doe, John"]


def test_remaining_time_comes_after_two_seconds() -> None:
    # 3 of 12 done in 4 s: nine are left, at 4/3 s each.
    progress = Progress("open", "loading", 3, 12, started=100.0)
    assert remaining_words(progress, 101.9) == ""
    assert remaining_words(progress, 104.0) == "about 12 s left"
    assert progress_words(progress, 104.0) == "loading  25 %  about 12 s left"
    assert progress_words(Progress("open", "looking", started=0.0), 50.0) == "looking"


def test_verdicts_say_who_and_how_sure() -> None:
    answer = Answer(QUESTION, "Yes.", "yes", confidence=0.861, model=MODEL)
    assert verdict_words(answer) == "Yes, 0.86"
    assert source_words(answer) == "suggested by retina-s 3f9a21c8, not reviewed"
    assert verdict_words(Answer(QUESTION, "", abstained=True)) == "Cannot tell"
    named = Answer(QUESTION, "It has the look of fluid.", label="hard_exudate", confidence=0.861, model=MODEL)
    assert verdict_words(named) == "Suggests hard exudate, 0.86"
    assert source_words(Answer(QUESTION, "410 um", value=410.0)) == "computed from pixels and spacing"
    assert source_words(Answer(QUESTION, "This is the right eye, according to the header.", label="R")) == ""


def test_citations_carry_their_number() -> None:
    assert citation_words(Citation("measurement", value=410.24, unit="um")) == "measured 410 \u00b5m"
    assert citation_words(Citation("measurement", value=0.2134, unit="mm2", text="Area")) == "Area 0.213 mm\u00b2"
    assert citation_words(Citation("map", value=0.8994, unit="probability", text="fluid")) == "map of fluid 0.90"
    suggested = Citation("proposal", value=0.97, unit="probability", text="hard_exudate")
    assert citation_words(suggested) == "hard exudate 0.97"
    assert citation_words(Citation("map")) == "map"
    # Under a millimetre in micrometres, and never as a certainty.
    assert citation_words(Citation("measurement", value=0.709, unit="mm", text="Width")) == "Width 709 \u00b5m"
    assert citation_words(Citation("measurement", value=1.709, unit="mm", text="Width")) == "Width 1.71 mm"
    assert citation_words(Citation("map", value=0.9991, unit="probability", text="fluid")) == "map of fluid > 0.99"


def test_the_whole_hash_is_shown() -> None:
    told = dict(facts(analysis(FrameKey("scan", 0))))
    assert told["sha256"] == MODEL.sha256
    assert breakable(told["sha256"]).replace("\u200b", "") == MODEL.sha256
