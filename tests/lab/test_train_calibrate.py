"""Calibration on made-up truth whose answer is known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fineview.lab.train_calibrate import (
    LEVELS,
    Seen,
    _counts,
    _pixel_curve,
    _regions,
    _suggestion_curve,
    f1,
    isotonic_curve,
    logistic,
    pooled_rising,
)
from fineview.models.calibration import Curve


def test_logistic_finds_the_line_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(0, [2.0, 3.0], (40_000, 2))
    truth = rng.random(40_000) < 1 / (1 + np.exp(-(1.5 * features[:, 0] - 0.4 * features[:, 1] - 1.0)))
    found = logistic(features, truth.astype(float), np.ones(40_000))
    assert np.abs(found - [1.5, -0.4, -1.0]).max() < 0.08


def test_weights_restore_the_true_share() -> None:
    """Only a tenth of the negatives were kept, at weight ten: the mean probability is the true share."""
    values = np.concatenate([np.full(500, 1.0), np.full(500, -1.0)])[:, None]
    truth = np.concatenate([np.ones(400), np.zeros(600)])
    weight = np.where(truth > 0, 1.0, 10.0)
    line = logistic(values, truth, weight)
    chance = 1 / (1 + np.exp(-(values[:, 0] * line[0] + line[1])))
    assert abs((chance * weight).sum() - 400) < 1.0


def test_separable_data_stay_finite() -> None:
    found = logistic(np.array([[-1.0], [1.0]] * 20), np.array([0.0, 1.0] * 20), np.ones(40))
    assert np.isfinite(found).all() and found[0] > 2


def test_component_counts_by_hand() -> None:
    logits = np.full((20, 30), -8.0)
    logits[2:4, 2:5] = 0.0
    logits[3, 3] = 3.0
    logits[10, 20] = 3.0
    boxes = np.array([[2.0, 2.0, 5.0, 4.0], [25.0, 15.0, 28.0, 18.0]])
    table = _counts(logits, boxes, "haemorrhage", Curve())
    at_two = int(np.argmin(np.abs(LEVELS - 2.0)))
    assert table[at_two].tolist() == [2, 1, 2, 1] and f1(table[at_two]) == 0.5
    assert table[-1].tolist() == [0, 0, 2, 0] and f1(table[-1]) == 0.0


def test_drusen_are_counted_as_the_window_joins_them() -> None:
    """Three strong places in one druse that is likelier than not: one suggestion; three haemorrhages stay three."""
    logits = np.full((10, 40), -8.0)
    logits[4, 5:30] = 0.1
    logits[4, [8, 16, 24]] = 3.0
    boxes = np.array([[5.0, 3.0, 30.0, 6.0]])
    at_two = int(np.argmin(np.abs(LEVELS - 2.0)))
    for word, count in (("drusen", 1), ("haemorrhage", 3)):
        assert _counts(logits, boxes, word, Curve())[at_two].tolist() == [count, count, 1, 1]


def test_regions_are_twins_from_a_picture_with_the_label() -> None:
    rng = np.random.default_rng(0)
    logits = np.full((60, 90), -4.0)
    logits[20:25, 30:35] = 2.0
    boxes = np.array([[30.0, 20.0, 35.0, 25.0]])
    assert not list(_regions(logits, np.zeros((0, 4)), rng)), "an eye without the label says nothing"
    pairs = [list(_regions(logits, boxes, rng)) for _ in range(50)]
    whole = [pair for pair in pairs if pair]
    assert len(whole) > 25 and all([row[2] for row in pair] == [1.0, 0.0] for pair in whole)
    assert np.mean([pair[0][0] - pair[1][0] for pair in whole]) > 1, "there is more to see around the lesion"


def test_pooling_violators_by_hand() -> None:
    assert pooled_rising(np.array([0.1, 0.5, 0.3, 0.9]), np.array([1.0, 1.0, 3.0, 1.0])).tolist() == [
        0.1, 0.35, 0.35, 0.9]


def test_the_curve_recovers_a_bent_truth_and_keeps_order() -> None:
    """Background far below zero where a few positives hide: the right answer there is flat, above it is steep."""
    rng = np.random.default_rng(1)
    logits = rng.uniform(-16, 6, 400_000)
    true = np.where(logits < -4, 0.002, 1 / (1 + np.exp(-(logits - 2))))
    curve = isotonic_curve(logits, (rng.random(400_000) < true).astype(float))
    at = np.array([-12.0, -6.0, 0.0, 2.0, 4.0])
    expected = np.array([0.002, 0.002, 0.119, 0.5, 0.881])
    assert np.abs(curve.probability(at) - expected).max() < 0.03
    scan = curve.probability(np.linspace(-30, 20, 2000))
    assert np.all(np.diff(curve.logit(np.linspace(-30, 20, 2000))) > 0) and scan.min() >= 0 and scan.max() <= 1


def test_a_suggestion_is_worth_how_often_its_like_was_right() -> None:
    """Peaks at logit 2 are right once in four photographs, at 4 in three of four; a photograph may stand for three."""
    pictures = []
    for number in range(80):
        logits = np.full((8, 30, 60), -9.0, np.float32)
        logits[1, 5, 10], logits[1, 20, 40] = 2.0, 4.0
        boxes = [[10.0, 5.0, 11.0, 6.0]] * (number % 4 == 0) + [[40.0, 20.0, 41.0, 21.0]] * (number % 4 != 0)
        pictures.append(Seen(logits, {"haemorrhage": np.array(boxes)}, {}))
    worth = _suggestion_curve(pictures, 1, "haemorrhage", 0.0, Curve())
    assert np.abs(worth.probability(np.array([2.0, 4.0])) - [0.25, 0.75]).max() < 0.03
    thrice = [replace(one, stands_for=3 if len(one.boxes["haemorrhage"]) and number % 4 == 0 else 1)
              for number, one in enumerate(pictures)]
    worth = _suggestion_curve(thrice, 1, "haemorrhage", 0.0, Curve())
    assert np.abs(worth.probability(np.array([2.0, 4.0])) - [0.5, 0.5]).max() < 0.03


def test_what_is_veiled_does_not_calibrate() -> None:
    logits = np.zeros((8, 10, 10), np.float32)
    shares = np.zeros((10, 10), np.float32)
    shares[:5], logits[1, :5] = 1, 2
    shares[5, 5] = np.nan
    curve = _pixel_curve([Seen(logits, {}, {"haemorrhage": shares})], 1, "haemorrhage")
    assert np.isfinite(curve.values).all() and curve.probability(np.array([2.0]))[0] > 0.8
