"""Choosing who gives verdicts, on answers made up so that it is known who should."""

from __future__ import annotations

import numpy as np
import pytest

from fineview.core.labels import WORDS
from fineview.lab.chat_rules import Cases, _balanced, _least, _pictures, chosen, weigh
from fineview.lab.chat_sightings import NO, UNSEEN, Sightings
from fineview.models.language.own_verdict import EVIDENCE_ALONE, Weighing


def made_up(evidence_sure: float, decoder_sure: float, pictures: int = 20, each: int = 40, told: float = 1.0) -> Cases:
    """Two views with independent errors: log odds around +-``sure`` with the spread that makes them calibrated (a
    normal of mean m and variance 2 m in each class has log odds equal to itself); the decoder tells ``told`` times its
    own."""
    rng, count = np.random.default_rng(4), pictures * each
    truth = rng.integers(0, 2, count).astype(float)
    sign = 2 * truth - 1
    views = [sign * sure + np.sqrt(2 * sure) * rng.normal(size=count) for sure in (evidence_sure, decoder_sure)]
    return Cases(views[0], views[1] * told, truth, np.ones(count), np.repeat(np.arange(pictures), each))


def test_two_that_err_apart_are_weighed_and_their_log_odds_add_up() -> None:
    made, why = chosen(made_up(1.5, 1.5, told=2.0), 0)
    assert why["rule"] == "both" and why["log_loss"]["both"] < min(why["log_loss"]["evidence"],
                                                                   why["log_loss"]["decoder"])
    # Independent and calibrated: the sum of both log odds; the decoder's were told twice too large.
    assert made.encoder == pytest.approx(1.0, abs=0.15) and made.decoder == pytest.approx(0.5, abs=0.08)
    assert made.temperature == pytest.approx(2.0, rel=0.1)


def test_the_better_one_decides_where_the_other_knows_nothing() -> None:
    guesses = made_up(3.0, 0.001)
    made, why = chosen(guesses, 0)
    assert why["rule"] == "evidence" and (made.encoder, made.decoder) == (1.0, 0.0)
    turned = Cases(guesses.decoder + np.sign(np.sin(np.arange(len(guesses.truth)))) * 3, guesses.evidence,
                   guesses.truth, guesses.weight, guesses.picture)
    made, why = chosen(turned, 0)
    assert why["rule"] == "decoder" and made.encoder == 0 and made.decoder == pytest.approx(1.0, abs=0.15)
    assert (why["n"], why["pictures"]) == (800, 20)
    assert why["right"]["decoder"] == pytest.approx(0.89, abs=0.03)  # how often a normal (3, variance 6) is above 0


def test_what_one_picture_says_alone_is_no_reason() -> None:
    cases = made_up(1.5, 1.5, pictures=8)
    first = cases.picture == 0
    same = Cases(cases.evidence, np.where(first, cases.truth * 20 - 10, cases.evidence), cases.truth, cases.weight,
                 cases.picture)
    made, why = chosen(same, 0)
    assert why["lower_in_draws"] < 0.9 and why["rule"] == "evidence" and made.decoder == 0


def test_the_factor_is_that_of_least_loss_and_a_weighing_adds() -> None:
    cases = made_up(1.0, 2.0, told=0.7)
    low, high = 0.1, 4.0  # where the slope of the loss, sum of (chance - truth) x, is zero
    for _ in range(40):
        middle = (low + high) / 2
        slope = ((1 / (1 + np.exp(-middle * cases.decoder)) - cases.truth) * cases.decoder).sum()
        low, high = (low, middle) if slope > 0 else (middle, high)
    assert _least(cases.decoder, cases) == pytest.approx(middle, rel=0.04)
    assert weigh(EVIDENCE_ALONE, cases) == pytest.approx(cases.evidence)
    assert weigh(Weighing(0.5, 2.0), cases) == pytest.approx(0.5 * cases.evidence + 2 * cases.decoder)


def test_absence_counts_as_much_as_presence_of_each_label() -> None:
    truth, word = np.array([1, 1, 0, 0, 0, 0, 1, 0]), np.array([0, 0, 0, 0, 0, 0, 3, 3])
    assert _balanced(truth, word).tolist() == [1, 1, 0.5, 0.5, 0.5, 0.5, 1, 1]


def test_photographs_come_before_phantoms_that_stand_for_them() -> None:
    def seen(*words: str) -> Sightings:
        truth = np.full((2, len(WORDS)), UNSEEN, np.int8)
        truth[:, [WORDS.index(one) for one in words]] = NO
        empty = np.zeros((2, 0))
        return Sightings(empty, empty, empty, empty, truth, np.full(2, -1), np.zeros(2, bool))

    held = {"fundus-1": seen("haemorrhage"), "boxes_0001": seen("haemorrhage"), "oct-1": seen("fluid")}
    assert _pictures(held, "fundus") == [held["boxes_0001"]] and _pictures(held, "oct") == [held["oct-1"]]
    del held["boxes_0001"]
    assert _pictures(held, "fundus") == [held["fundus-1"]]
