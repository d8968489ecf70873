"""The card check: a seer who knows the truth reaches one, and whatever differs from what is stored is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fineview.core.errors import RequestProblem, WeightsProblem
from fineview.core.evidence import EncoderEntry, ModelIdentity
from fineview.core.labels import WORDS
from fineview.core.measured import ResultShelf, StoredResult
from fineview.lab import evaluate_card
from fineview.lab.evaluate_card import FUNDUS, SCANS, measure, phantom, run
from fineview.lab.figures import Figures
from fineview.lab.verify_card import NOT_STORED, compared, difference, stored_check, verify_card

SHA = "a" * 64
ENTRY = EncoderEntry("seer", "1", SHA, "", "retina", True, True, "", "", True, "c1")


class Seer:
    """Knows the phantoms of seed 3 by their pixels and says the truth."""

    identity = ModelIdentity("seer", "1", SHA)
    thresholds = dict.fromkeys(WORDS, 0.5)

    def __init__(self) -> None:
        self.known = [evaluate_card.phantom(3, number) for number in range(FUNDUS + SCANS)]

    def chance(self, label: str, peak: float) -> float:
        return peak

    def encode(self, rgb: np.ndarray, token: Any) -> Any:
        return next(one for one in self.known if np.array_equal(one.rgb, rgb))

    def domain(self, known: Any) -> dict[str, float]:
        return {"fundus": 0.0, "oct": 0.0, known.domain: 1.0}

    def lesion_maps(self, known: Any, words: tuple[str, ...]) -> dict[str, np.ndarray]:
        return {word: known.masks[word].astype(np.float16) for word in words}

    def layers(self, known: Any) -> dict[str, np.ndarray]:
        return {name: rows + 0.25 for name, rows in known.lines.items()}


@pytest.fixture(scope="module")
def seer() -> Iterator[Seer]:
    with pytest.MonkeyPatch.context() as patch:  # drawn once for all tests: drawing is most of the time
        patch.setattr(evaluate_card, "phantom", cache(phantom))
        yield Seer()


@pytest.fixture(scope="module")
def truth(seer: Seer) -> Figures:
    return measure(seer, 3, lambda *_: None)  # type: ignore[arg-type]


def stored(figures: Figures, made: str = "2026-11-21T10:00:00Z", sha256: str = SHA) -> StoredResult:
    return StoredResult("card", made, "FineView", ModelIdentity("seer", "1", sha256), figures.data, figures.seed, "",
                        figures.figures)


def desk(engine: Any, *results: StoredResult) -> Any:
    return SimpleNamespace(engine=lambda: engine, results=lambda: ResultShelf(results))


def test_who_knows_the_truth_reaches_one(truth: Figures) -> None:
    found = {one.name: one.value for one in truth.figures}
    for name in ("f1_fundus", "f1_oct", "domain_fundus", "domain_oct"):
        assert found[name] == 1.0, name
    assert found["aupr_fundus"] == pytest.approx(1.0, abs=0.02) and found["line_error_oct"] == pytest.approx(0.25)
    assert not truth.failures and truth.data == "6 phantoms, seed 3"
    brightness = np.mean([evaluate_card.phantom(3, number).rgb.mean() for number in range(FUNDUS)])
    assert found["brightness_fundus"] == pytest.approx(brightness)


def test_the_same_weights_hold(seer: Seer, truth: Figures) -> None:
    made = verify_card(desk(seer, stored(truth)), ENTRY, lambda *_: None)
    assert len(made["card"]) == len(truth.figures) and made["stored"] == "2026-11-21T10:00:00Z"
    assert all(abs(row["value"] - row["stored"]) <= row["tolerance"] for row in made["card"])


def test_a_figure_outside_its_tolerance_is_named(seer: Seer, truth: Figures) -> None:
    worse = replace(truth, figures=tuple(replace(one, value=0.5) if one.name == "aupr_oct" else one
                                         for one in truth.figures))
    with pytest.raises(WeightsProblem, match=r"1 of 11 figures.*aupr_oct 1, stored 0\.5, tolerance 0\.01") as caught:
        verify_card(desk(seer, stored(worse)), ENTRY, lambda *_: None)
    assert caught.value.code == "card-differs" and "sha256" in caught.value.remedy


def test_other_phantoms_are_not_taken_for_other_weights(seer: Seer, truth: Figures) -> None:
    darker = replace(truth, figures=tuple(replace(one, value=(one.value or 0) - 9) if "brightness" in one.name else one
                                          for one in truth.figures))
    with pytest.raises(WeightsProblem) as caught:
        verify_card(desk(seer, stored(darker)), ENTRY, lambda *_: None)
    assert "no word on the weights" in caught.value.remedy


def test_nothing_is_measured_where_nothing_is_stored(truth: Figures) -> None:
    assert verify_card(desk(None, stored(truth, sha256="b" * 64)), ENTRY, print) == {"card": None, "note": NOT_STORED}


def test_the_newest_check_counts(truth: Figures) -> None:
    new = stored(truth, "2026-11-22T10:00:00Z")
    assert stored_check((new, stored(truth)), ENTRY) is new


def test_another_calibration_than_was_measured_is_said(truth: Figures) -> None:
    def under(calibration: str, made: str) -> StoredResult:
        return replace(stored(truth, made), encoder=replace(Seer.identity, calibration=calibration))

    old, own = under("c0", "2026-11-22T10:00:00Z"), under("c1", "2026-11-21T10:00:00Z")
    assert stored_check((old, own), ENTRY) is own
    with pytest.raises(WeightsProblem, match="calibrated otherwise") as caught:
        verify_card(desk(None, old), ENTRY, print)
    assert caught.value.code == "card-differs" and "model.json" in caught.value.remedy


def test_a_tolerance_that_is_no_number_allows_nothing(truth: Figures) -> None:
    for words in ("nan", "inf", "1e9", "-1", "much"):
        odd = tuple(replace(one, value=(one.value or 0) + 1e-3, about={"tolerance": words}) for one in truth.figures)
        assert all(difference(row) for row in compared(stored(replace(truth, figures=odd)), truth))


def test_an_encoder_without_heads_has_no_card_to_measure() -> None:
    engine = SimpleNamespace(identity=ModelIdentity("clip", "1", SHA, heads_trained=False))
    with pytest.raises(RequestProblem):
        run(SimpleNamespace(app=SimpleNamespace(engine=lambda: engine)))  # type: ignore[arg-type]
