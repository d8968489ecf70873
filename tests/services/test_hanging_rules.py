"""What hangs where: sides and dates from the files alone, one picture where nothing belongs beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fineview.core.study import Catalogue, FrameInfo, Laterality, Patient, Series, Study
from fineview.services.hanging_rules import (
    DEFAULT_RULES,
    Hung,
    Rule,
    from_text,
    hang,
    neighbours,
    rule_for,
    to_text,
)

ANNA, JOHN = Patient("Muster^Anna", "4711"), Patient("Doe^John", "99")


def series(uid: str, modality: str = "OPT", side: str | None = None, count: int = 5, localizer: str | None = None,
           description: str = "") -> Series:
    frames = tuple(FrameInfo(uid, i) for i in range(count))
    return Series(uid, uid.split(".")[0], modality, description, frames=frames, localizer_uid=localizer,
                  laterality=Laterality(side, "header" if side else "none"), is_volume=count > 1)


def study(uid: str, *shown: Series, date: str = "20260304", patient: Patient = ANNA) -> Study:
    return Study(uid, patient, date, series=shown)


def hung(opened: Series, *studies: Study, rule: Rule | None = None) -> Hung:
    catalogue = Catalogue(studies)
    return hang(rule or rule_for(opened.modality, DEFAULT_RULES), catalogue, catalogue.find_series(opened.uid)[0],
                opened)


def test_the_right_eye_hangs_on_the_left_whichever_was_opened() -> None:
    left, right = series("1.l", side="L"), series("1.r", side="R")
    assert hung(left, study("1", left, right)) == Hung("1x2", ("1.r", "1.l"), 1)
    assert hung(right, study("1", left, right)) == Hung("1x2", ("1.r", "1.l"), 0)


def test_photographs_hang_below_their_volumes() -> None:
    left, right = series("1.l", side="L", localizer="1.pl"), series("1.r", side="R", localizer="1.pr")
    photos = series("1.pl", "OP", "L", 1), series("1.pr", "OP", "R", 1)
    assert hung(right, study("1", left, right, *photos)) == Hung("2x2", ("1.r", "1.l", "1.pr", "1.pl"), 0)
    # Only one eye has one: the other place stays empty.
    assert hung(right, study("1", left, right, photos[0])).series == ("1.r", "1.l", None, "1.pl")


def test_a_picture_that_the_file_does_not_name_but_that_lies_there_hangs_below() -> None:
    right, left = (replace(series(f"1.{side}", side=side), beside=(f"1.p{side}",)) for side in "RL")
    photos = series("1.pR", "OP", "R", 1), series("1.pL", "OP", "L", 1)
    assert hung(right, study("1", right, left, *photos)).series == ("1.R", "1.L", "1.pR", "1.pL")


def test_two_views_of_both_sides_two_by_two() -> None:
    views = [series(f"1.{view}{side}", "MG", side, 1, description=view) for view in ("cc", "mlo") for side in "LR"]
    assert hung(views[0], study("1", *views)) == Hung("2x2", ("1.ccR", "1.ccL", "1.mloR", "1.mloL"), 1)
    assert hung(views[3], study("1", *views)) == Hung("2x2", ("1.mloR", "1.mloL", "1.ccR", "1.ccL"), 0)
    assert hung(views[0], study("1", *views[:3])) == Hung("1x2", ("1.ccR", "1.ccL"), 1)


def test_the_eyes_may_be_studies_of_their_own_on_one_day() -> None:
    left, right = series("1.l", side="L"), series("2.r", side="R")
    assert hung(left, study("1", left), study("2", right)).series == ("2.r", "1.l")
    assert hung(left, study("1", left), study("2", right, date="20250101")).series == ("1.l",)
    assert hung(left, study("1", left, date=""), study("2", right, date="")).series == ("1.l",)
    assert hung(left, study("1", left), study("2", right, patient=JOHN)).series == ("1.l",)


def test_a_side_that_is_not_known_matches_nothing() -> None:
    unknown, right = series("1.u"), series("1.r", side="R")
    assert hung(unknown, study("1", unknown, right)) == Hung("1x1", ("1.u",))
    before = series("2.u")
    assert hung(unknown, study("1", unknown), study("2", before, date="20250101")) == Hung("1x1", ("1.u",))


def test_the_like_of_it_is_chosen_among_several() -> None:
    right = series("1.r", side="R", count=61, description="macula")
    disc, macula = series("1.a", side="L", count=61, description="disc"), series(
        "1.b", side="L", count=49, description="macula")
    assert hung(right, study("1", right, disc, macula)).series == ("1.r", "1.b")


def test_two_visits_in_the_order_of_time() -> None:
    now, before, first = (series(f"{n}.r", side="R") for n in (3, 2, 1))
    studies = (study("3", now), study("2", before, date="20250304"), study("1", first, date="20240304"))
    assert hung(now, *studies) == Hung("1x2", ("2.r", "3.r"), 1)
    assert hung(first, *studies) == Hung("1x2", ("1.r", "2.r"), 0)


def test_series_of_a_study_stacks_first() -> None:
    scout = series("1.s", "MR", count=1)
    stacks = [series(f"1.{n}", "MR") for n in range(3)]
    assert hung(stacks[1], study("1", scout, *stacks)) == Hung("2x2", ("1.0", "1.1", "1.2", "1.s"), 1)
    more = [series(f"1.{n}", "MR") for n in range(9)]
    assert hung(more[7], study("1", *more)) == Hung("2x2", ("1.7", "1.0", "1.1", "1.2"), 0)
    assert hung(stacks[0], study("1", *stacks[:2])) == Hung("1x2", ("1.0", "1.1"), 0)


@pytest.mark.parametrize("modality", ["CT", "CR", "DX", "US", "XA", "NM"])
def test_the_others_hang_alone(modality: str) -> None:
    one, two = series("1.a", modality), series("1.b", modality)
    assert hung(one, study("1", one, two)) == Hung("1x1", ("1.a",))


def test_rules_survive_the_settings_and_nonsense_does_not() -> None:
    changed = tuple(replace(rule, layout="2x1", fill="series") if rule.modality == "CT" else rule
                    for rule in DEFAULT_RULES)
    assert from_text(to_text(changed)) == changed
    for nonsense in (None, "", "{", "[]", "3", '{"CT": ["9x9", "one"]}', '{"CT": ["1x2", "magic"]}', '{"CT": "1x2"}',
                     '{"QQ": ["1x2", "one"]}', '{"CT": [["1x2"], "one"]}'):
        assert from_text(nonsense) == DEFAULT_RULES
    assert rule_for("CT", changed).layout == "2x1" and rule_for("XX", changed) == Rule("other")


def test_what_is_offered_beside_a_series() -> None:
    volume = series("1.r", side="R", localizer="1.p")
    photo, left = series("1.p", "OP", "R", 1), series("1.l", side="L")
    before, stranger = series("2.r", side="R"), series("3.r", side="R")
    catalogue = Catalogue((study("1", volume, left, photo), study("2", before, date="20250101"),
                           study("3", stranger, patient=JOHN)))
    assert [one.uid for one in neighbours(catalogue, catalogue.studies[0], volume)] == ["1.p", "1.l", "2.r"]


def test_pictures_that_do_not_say_whose_they_are_never_hang_as_one_patients() -> None:
    nobody = Patient()
    right, left, later = series("1.r", side="R"), series("2.l", side="L"), series("3.r", side="R")
    studies = (study("1", right, patient=nobody), study("2", left, patient=nobody),
               study("3", later, patient=nobody, date="20270304"))
    assert hung(right, *studies) == Hung("1x1", ("1.r",))
    assert neighbours(Catalogue(studies), studies[0], right) == ()
    # Both eyes in one study are one person's, named or not.
    own = series("1.l", side="L")
    assert hung(right, study("1", right, own, patient=nobody)).series == ("1.r", "1.l")
