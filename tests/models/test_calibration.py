"""Calibration as a manifest holds it: applied in order, refused when odd."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from fineview.core.errors import WeightsProblem
from fineview.core.labels import WORDS
from fineview.models.calibration import Calibration, Curve
from fineview.models.weights import CALIBRATED, Manifest


def test_a_curve_goes_through_its_knots_and_keeps_order_beyond_them() -> None:
    curve = Curve((-4.0, 0.0, 2.0), (-6.0, -1.0, 0.0))
    assert curve.logit(np.array([-4.0, -2.0, 2.0, 6.0, -8.0])).tolist() == [-6.0, -3.5, 0.0, 1.0, -7.0]
    assert curve.probability(np.array([2.0]))[0] == 0.5
    assert Curve().logit(np.array([3.0])).tolist() == [3.0]


def test_what_is_missing_is_plain() -> None:
    plain = Calibration.read({})
    assert plain.thresholds == dict.fromkeys(WORDS, 0.5)
    assert plain.regions["drusen"] == (1.0, 0.0, 0.0) and plain.curves["drusen"] == Curve()


@pytest.mark.parametrize("facts", [
    {"thresholds": {"drusen": "high"}}, {"thresholds": [1]}, {"thresholds": {"drusen": float("nan")}},
    {"region_calibration": {"fluid": [1.0, 2.0]}}, {"calibration": {"fluid": [1.0, 2.0]}},
    {"calibration": {"fluid": {"knots": [0.0, 0.0], "values": [0.0, 1.0]}}},
    {"calibration": {"fluid": {"knots": [0.0, 1.0], "values": [1.0, 0.0]}}},
    {"calibration": {"fluid": {"knots": [], "values": []}}},
    {"suggestion_calibration": {"fluid": {"knots": [float("nan")], "values": [0.0]}}},
    {"suggestion_calibration": {"fluid": {"knots": [-1e308, 1e308], "values": [-1e308, 1e308]}}},
    {"suggestion_calibration": {"fluid": {"knots": [10**400], "values": [0.0]}}}, {"thresholds": {"fluid": 10**400}},
])
def test_odd_values_are_one_sentence(facts: dict[str, Any]) -> None:
    with pytest.raises(WeightsProblem) as caught:
        Calibration.read(facts)
    assert caught.value.code == "weights-format" and caught.value.remedy


class Asked(dict[str, Any]):
    """Facts that remember what was asked of them."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def get(self, name: str, otherwise: Any = None) -> Any:
        self.names.add(name)
        return otherwise


def digits(**facts: Any) -> str:
    return Manifest("t", "1", "a" * 64, "none", 1, facts).calibration


def test_the_digits_of_a_calibration_are_over_all_that_is_read_of_it() -> None:
    facts = Asked()
    Calibration.read(facts)
    assert facts.names == set(CALIBRATED)
    text = ('{"calibration":null,"region_calibration":null,"suggestion_calibration":{"fluid":{"knots":[0.5],'
            '"values":[1.0]}},"thresholds":{"drusen":0.25,"fluid":0.5}}')
    curves = {"fluid": {"values": (1.0,), "knots": (0.5,)}}
    assert digits(thresholds={"fluid": 0.5, "drusen": 0.25}, suggestion_calibration=curves) == hashlib.sha256(
        text.encode()).hexdigest()[:16]


def test_the_digits_change_with_the_scores_and_with_nothing_else() -> None:
    plain = digits()
    assert digits(threshold_f1={"drusen": 0.3}, trained_steps=7, licence="mit") == plain
    assert len({plain, *(digits(**{name: {"fluid": 0.5}}) for name in CALIBRATED)}) == 5
