"""Told probabilities have two digits and never read as certainty."""

from __future__ import annotations

import pytest

from fineview.core.chance import chance_words


@pytest.mark.parametrize(("share", "told"), [
    (1.0, "> 0.99"), (0.99999, "> 0.99"), (0.9949, "0.99"), (0.9845, "0.98"), (0.5, "0.50"), (0.006, "0.01"),
    (0.004, "< 0.01"), (0.0, "< 0.01")])
def test_words_of_a_probability(share: float, told: str) -> None:
    assert chance_words(share) == told
