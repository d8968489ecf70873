"""Findings and answers come back from JSON exactly as they went in."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings

from fineview.core.dialogue import Answer
from fineview.core.finding import Finding, Origin
from fineview.core.region import Region
from fineview.store import codec
from tests.store import examples


@settings(max_examples=150, deadline=None)
@given(examples.findings)
def test_any_finding_comes_back_equal(one: Finding) -> None:
    text = codec.dumps(one)
    back = codec.loads(Finding, text)
    assert back == one
    assert isinstance(back.origin, Origin) and isinstance(back.region, Region)
    assert text.isascii() and codec.dumps(back) == text


@settings(max_examples=100, deadline=None)
@given(examples.answers)
def test_any_answer_comes_back_equal(one: Answer) -> None:
    assert codec.loads(Answer, codec.dumps(one)) == one


def test_a_score_keeps_its_last_bit() -> None:
    back = codec.loads(Finding, codec.dumps(examples.finding()))
    assert back.score == 0.30000000000000004


def test_fields_an_older_row_lacks_take_their_default() -> None:
    plain = json.loads(codec.dumps(examples.finding()))
    del plain["note"], plain["frame_in_file"]
    plain["unknown"] = 1
    back = codec.loads(Finding, json.dumps(plain))
    assert (back.note, back.frame_in_file) == ("", 0)


def test_not_a_number_is_refused_before_it_is_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        codec.dumps(examples.finding(score=math.nan))


def test_a_region_with_too_few_points_is_refused_on_reading() -> None:
    plain = json.loads(codec.dumps(examples.finding()))
    plain["region"]["points"] = plain["region"]["points"][:1]
    with pytest.raises(ValueError, match="needs 2 points"):
        codec.loads(Finding, json.dumps(plain))
