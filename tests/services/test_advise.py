"""Advice follows the figures: clear intervals decide, overlapping ones do not, and nothing measured is said so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fineview.core.evidence import ModelIdentity, Task
from fineview.core.measured import Figure, StoredResult
from fineview.services.advise import advise, newest

OURS = ModelIdentity("retina-s", "0.1.0", "a" * 64)
OTHER = ModelIdentity("clip-folder", "1", "b" * 64)
BOTH = (OURS, OTHER)


def figure(value: float, low: float, high: float, *, n: int = 60, **about: str) -> Figure:
    return Figure("f1_haemorrhage", value, "fraction", n, (low, high), baselines={"random": 0.02, "classical": 0.3},
                  about={"task": "lesion", **about})


def result(*figures: Figure, encoder: ModelIdentity | None = OURS, made: str = "2026-11-01T10:00:00Z",
           data: str = "photographs kept from training", seed: int = 0, own: bool = False) -> StoredResult:
    return StoredResult("lesions", made, "FineView 0.1.0", encoder, data, seed, "a machine", figures, own)


def test_nothing_stored_is_not_measured() -> None:
    for task in Task:
        advice = advise(task, (), BOTH)
        assert not advice.measured
        assert (advice.encoder.verdict, advice.encoder.recommended) == ("not measured", None)
        assert (advice.scale.verdict, advice.scale.recommended) == ("not measured", None)


def test_figures_of_another_task_or_of_none_do_not_count() -> None:
    silent = replace(figure(0.9, 0.8, 0.95), about={})
    advice = advise(Task.SCENE, [result(figure(0.9, 0.8, 0.95), silent)], BOTH)
    assert not advice.measured and advice.encoder.recommended is None


def test_one_measured_encoder_is_named_with_its_figure() -> None:
    advice = advise(Task.LESION, [result(figure(0.424, 0.121, 0.514))], BOTH)
    assert (advice.encoder.recommended, advice.encoder.verdict) == ("retina-s aaaaaaaa", "only one measured")
    assert advice.encoder.reasons == (
        "f1_haemorrhage 0.424 [0.121, 0.514], n 60, best baseline classical 0.3 (photographs kept from training)",)
    assert any("clip-folder bbbbbbbb" in caveat for caveat in advice.caveats)  # at hand, never scored
    # 0.121 lies below 0.3
    assert "Not clear of the best baseline: f1_haemorrhage 0.424 (classical 0.3)." in advice.caveats
    row, = advice.rows
    assert (row.sha256, row.at_hand) == ("a" * 64, True)
    assert (row.baseline, row.better_than_baseline) == (("classical", 0.3), False)


@pytest.mark.parametrize(("low", "high", "verdict", "recommended"), [
    (0.52, 0.60, "measured better", "clip-folder bbbbbbbb"),
    (0.50, 0.60, "no measured difference", None),  # touching intervals overlap
    (0.10, 0.19, "measured better", "retina-s aaaaaaaa"),
])
def test_only_clear_intervals_decide(low: float, high: float, verdict: str, recommended: str | None) -> None:
    found = [result(figure(0.4, 0.2, 0.5)), result(figure((low + high) / 2, low, high), encoder=OTHER)]
    choice = advise(Task.LESION, found, BOTH).encoder
    assert (choice.verdict, choice.recommended) == (verdict, recommended)


def test_lower_is_better_where_the_evaluation_says_so() -> None:
    found = [result(figure(0.4, 0.3, 0.5, better="lower")),
             result(figure(0.1, 0.05, 0.2, better="lower"), encoder=OTHER)]
    assert advise(Task.LESION, found, BOTH).encoder.recommended == "clip-folder bbbbbbbb"


@pytest.mark.parametrize("apart", [{"data": "phantoms"}, {"seed": 1}])
def test_different_data_or_seeds_are_not_compared(apart: dict[str, object]) -> None:
    found = [result(figure(0.4, 0.3, 0.5)), result(figure(0.9, 0.8, 1.0), encoder=OTHER, **apart)]  # type: ignore[arg-type]
    choice = advise(Task.LESION, found, BOTH).encoder
    assert choice.recommended is None and "not measured on the same data" in choice.words


def test_two_photographs_decide_nothing() -> None:
    found = [result(figure(0.4, 0.3, 0.5, n=2)), result(figure(0.9, 0.8, 1.0, n=2), encoder=OTHER)]
    advice = advise(Task.LESION, found, BOTH)
    assert advice.encoder.recommended is None
    assert any("n is 2" in caveat for caveat in advice.caveats)


def test_better_on_one_and_worse_on_another_is_no_difference() -> None:
    mixed = replace(figure(0.9, 0.8, 1.0), name="aupr_haemorrhage")
    found = [result(figure(0.9, 0.8, 1.0), replace(mixed, value=0.1, interval=(0.0, 0.2))),
             result(figure(0.4, 0.3, 0.5), mixed, encoder=OTHER)]
    assert advise(Task.LESION, found, BOTH).encoder.verdict == "no measured difference"


def test_between_equals_the_cheaper_is_taken() -> None:
    slow, fast = (Figure("latency", ms, "ms", 10, (ms - 1, ms + 1), about={"role": "cost"}) for ms in (900.0, 300.0))
    found = [result(figure(0.4, 0.3, 0.5), slow), result(figure(0.45, 0.35, 0.55), fast, encoder=OTHER)]
    choice = advise(Task.LESION, found, BOTH).encoder
    assert (choice.verdict, choice.recommended) == ("no measured difference", "clip-folder bbbbbbbb")
    assert choice.reasons == (
        "latency 300 ms [299, 301], n 10 (photographs kept from training)",
        "latency 900 ms [899, 901], n 10 (photographs kept from training)")


def test_weights_that_are_not_at_hand_are_shown_and_never_recommended() -> None:
    advice = advise(Task.LESION, [result(figure(0.9, 0.8, 1.0), encoder=OTHER)], (OURS,))
    assert (advice.encoder.recommended, advice.encoder.verdict) == (None, "not measured")
    assert "clip-folder bbbbbbbb" in advice.encoder.words and not advice.rows[0].at_hand
    both = advise(Task.LESION, [result(figure(0.9, 0.8, 1.0), encoder=OTHER), result(figure(0.1, 0.0, 0.2))], (OURS,))
    assert both.encoder.recommended == "retina-s aaaaaaaa"


def test_a_trained_variant_is_not_the_weights_that_were_loaded_beside_it() -> None:
    row, = advise(Task.LESION, [result(figure(0.9, 0.8, 1.0, encoder="cross-attention"))], (OURS,)).rows
    assert (row.encoder, row.sha256, row.at_hand) == ("cross-attention", None, False)


def test_scales_are_compared_within_one_encoder() -> None:
    fine, coarse = figure(0.6, 0.55, 0.65, scale="1/4"), figure(0.2, 0.1, 0.3, scale="1/16")
    advice = advise(Task.LESION, [result(fine, coarse)], (OURS,))
    assert (advice.scale.recommended, advice.scale.verdict) == ("1/4", "measured better")
    assert advice.scale.reasons == (
        "f1_haemorrhage 0.6 [0.55, 0.65], n 60, best baseline classical 0.3 (photographs kept from training); 1/16: "
        "f1_haemorrhage 0.2 [0.1, 0.3], n 60, best baseline classical 0.3 (photographs kept from training)",)
    apart = advise(Task.LESION, [result(fine), result(coarse, encoder=OTHER)], BOTH)
    assert apart.scale.verdict == "no measured difference"
    assert any("setting, not a measurement" in caveat and "1/4" in caveat for caveat in apart.caveats)


def test_figures_under_another_calibration_choose_nothing() -> None:
    then = result(figure(0.4, 0.3, 0.5), encoder=replace(OURS, calibration="c1"))
    for now, verdict in (("c1", "only one measured"), ("", "only one measured"), ("c2", "not measured")):
        assert advise(Task.LESION, [then], [replace(OURS, calibration=now)]).encoder.verdict == verdict, now


def test_the_newer_result_of_the_same_weights_and_data_holds() -> None:
    shipped = result(figure(0.4, 0.3, 0.5))
    mine = result(figure(0.2, 0.1, 0.3), made="2026-11-02T10:00:00Z", own=True)
    older = result(figure(0.1, 0.0, 0.2), made="2026-10-01T10:00:00Z", own=True)
    assert newest([mine, older, shipped]) == (mine,)
    assert newest([older, shipped]) == (shipped,)
    assert newest([replace(shipped, own=True), shipped])[0].own  # made at the same second: the person's own
    assert len(newest([shipped, result(figure(0.4, 0.3, 0.5), data="phantoms")])) == 2


def test_variants_trained_for_a_comparison_are_compared_among_themselves() -> None:
    """Three seeds each: concat clear of both, and none of them recommended, since none is at hand."""
    table = [figure(0.6, 0.55, 0.65, n=3, encoder="concat"), figure(0.4, 0.35, 0.5, n=3, encoder="cross"),
             figure(0.3, 0.2, 0.4, n=3, encoder="unfused")]
    advice = advise(Task.LESION, [result(*table, encoder=None)], (OURS,))
    assert advice.encoder.recommended is None
    choice, = advice.comparisons
    assert (choice.recommended, choice.verdict) == ("concat", "measured better")
    assert "evaluate lesions" in choice.words and "cross and unfused" in choice.words
