"""What a threshold promises: figures of these very weights or none, and only undecided suggestions are hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fineview.core.evidence import ModelIdentity
from fineview.core.finding import Finding, Origin, State
from fineview.core.geometry import Box
from fineview.core.labels import WORDS
from fineview.core.measured import StoredResult
from fineview.core.promises import OperatingCurve, OperatingPoint, Reliability, ReliabilityBin
from fineview.core.region import Region
from fineview.core.study import FrameKey
from fineview.services.promising import PHANTOMS_ALONE, curves_of, promise, reaches, share_words, suggestions

SHA = "a" * 64
OURS = ModelIdentity("retina-s", "1", SHA)
CURVE = OperatingCurve("drusen", 12, 40, (
    OperatingPoint(0.3, 50, 20, 18, (0.3, 0.5), (0.35, 0.55)), OperatingPoint(0.5, 20, 15, 12),
    OperatingPoint(0.9, 0, 0, 0)))
RESULT = StoredResult("lesions", "2026-11-21T10:00:00Z", "FineView", OURS,
                      "photographs kept from training", 4, "a machine", (), curves=(CURVE,))
SUGGESTED = Finding("s", "study", FrameKey("series", 0), Region.from_box(Box(0, 0, 4, 4)), "drusen", Origin.MODEL,
                    State.SUGGESTED, score=0.4)


def test_precision_and_recall_at_the_score_with_n_and_origin() -> None:
    measured = curves_of([RESULT], OURS)

    def said(least: float) -> str:
        return promise("drusen", least, measured).words

    assert said(0.3) == "drusen: precision 0.40, recall 0.45 on 40 known lesions"
    assert said(0.6) == "drusen: precision 0.75, recall 0.30 on 40 known lesions"  # as stored at 0.5
    assert said(0.1) == "drusen: precision 0.40, recall 0.45 on 40 known lesions"  # all that there are
    more = promise("drusen", 0.3, measured).more
    assert "20 of 50 suggestions with a score of 0.30 or more were right (0.40, 95 % 0.30 to 0.50)" in more
    assert "18 of 40 lesions were found" in more and "12 pictures, 2026-11-21, seed 4" in more
    assert "none reached this score" in promise("drusen", 0.95, measured).words


def test_other_weights_promise_nothing() -> None:
    others = replace(OURS, sha256="b" * 64)
    assert promise("haemorrhage", 0.3, curves_of([RESULT], OURS)).words == "haemorrhage: not measured"
    for label, weights in (("drusen", others), ("fluid", OURS)):
        said = promise(label, 0.3, curves_of([RESULT], weights))
        assert said.words == f"{label}: not measured, scores calibrated on phantoms alone"


@pytest.mark.parametrize("label", WORDS)
def test_scores_that_no_patient_s_picture_calibrated_say_so(label: str) -> None:
    of_scans = label in ("drusen", "fluid", "hyperreflective_focus")
    known = curves_of([replace(RESULT, curves=(replace(CURVE, label=label),))], OURS)
    for said in (share_words(replace(SUGGESTED, label=label, model=OURS), ()), promise(label, 0.3, ()).more,
                 promise(label, 0.3, known).more):
        assert said.endswith(PHANTOMS_ALONE) is of_scans


@pytest.mark.parametrize(("then", "now", "speaks"), [("c1", "c1", True), ("c1", "c2", False), ("", "c2", True),
                                                     ("c1", "", True)])
def test_another_calibration_of_the_same_weights_promises_nothing(then: str, now: str, speaks: bool) -> None:
    bins = (ReliabilityBin(0.4, 0.5, 0.45, 0.2, 30),)
    kept = replace(RESULT, encoder=replace(OURS, calibration=then),
                   reliability=(Reliability("drusen", "suggestions", 30, 0.2, bins),))
    weights = replace(OURS, calibration=now)
    assert bool(curves_of([kept], weights)) is speaks
    assert ("20% were right" in share_words(replace(SUGGESTED, model=weights), [kept])) is speaks
    newer = replace(kept, made="2026-12-01T10:00:00Z", encoder=replace(OURS, calibration="c3"))
    assert bool(curves_of([kept, newer], weights)) is (speaks or not now), "what is newer of another does not hide it"


def test_the_newest_result_and_the_one_on_most_lesions_speak() -> None:
    older = replace(RESULT, made="2026-11-20T10:00:00Z", curves=(replace(CURVE, lesions=400),))
    wider = replace(RESULT, data="boxes", curves=(replace(CURVE, lesions=100),))
    found = curves_of([older, RESULT, wider], OURS)
    assert [one.curve.lesions for one in found] == [100, 40]
    assert promise("drusen", 0.3, found).more.count("\n") == 1


@pytest.mark.parametrize(("changes", "shown"), [
    ({}, False), ({"score": 0.5}, True), ({"state": State.REJECTED}, True), ({"state": State.ACCEPTED}, True),
    ({"note": "look again"}, True), ({"origin": Origin.PERSON, "score": None}, True)])
def test_only_what_nobody_decided_is_hidden(changes: dict[str, object], shown: bool) -> None:
    assert reaches(replace(SUGGESTED, **changes), 0.5) is shown  # type: ignore[arg-type]


def test_what_a_score_was_worth_to_the_weights_that_gave_it() -> None:
    bins = (ReliabilityBin(0.4, 0.5, 0.45, 0.2, 30), ReliabilityBin(0.9, 1.0, 0.95, 0.8, 5))
    judged = replace(RESULT, reliability=(Reliability("drusen", "suggestions", 35, 0.2, bins),
                                          Reliability("drusen", "regions", 900, 0.0, ())))
    mine = replace(SUGGESTED, model=OURS)
    assert share_words(mine, [judged]) == ("Of held-out drusen suggestions scored 0.4 to 0.5, 20% were right (n 30). "
                                           "The score was calibrated on phantoms alone, not on scans of patients.")
    assert "80% were right (n 5)" in share_words(replace(mine, score=1.0), [judged])
    assert "No held-out suggestion" in share_words(replace(mine, score=0.6), [judged])
    others = replace(mine, model=replace(OURS, sha256="b" * 64))
    assert "was not measured" in share_words(others, [judged]) and share_words(SUGGESTED, [judged]) == ""


def test_the_frame_counts_its_suggestions() -> None:
    strong = replace(SUGGESTED, id="t", score=0.8, label="fluid")
    made = suggestions([SUGGESTED, strong, replace(strong, state=State.ACCEPTED)], 0.5, None,
                       curves_of([RESULT], OURS))
    assert (made.total, made.shown, made.begin) == (2, 1, 0.4)
    assert [one.label for one in made.promises] == ["drusen", "fluid"]
    alone = suggestions([SUGGESTED, strong], 0.5, strong, ())
    assert [one.words for one in alone.promises] == [
        "fluid: not measured, scores calibrated on phantoms alone"]
