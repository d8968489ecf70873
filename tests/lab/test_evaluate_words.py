"""Words to regions: an engine that knows what words mean hits, one that answers every word alike does not."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from fineview.lab import evaluate_words as words
from fineview.lab.captions import captioned
from fineview.lab.evaluate import Request, run_evaluation
from fineview.models.predictor import Predictor
from fineview.models.vision.build import TINY


def scene(seed: int, knows: bool) -> list[words.Named]:
    """Three objects in three thirds of a picture; who knows points at the right third, the others at the first."""
    rng = np.random.default_rng(seed)
    found = []
    for number, label in enumerate(("haemorrhage", "hard_exudate", "optic_disc")):
        mask = np.zeros((30, 90), bool)
        mask[5:25, 30 * number + 5:30 * number + 25] = True
        column = 30 * (number if knows else 0) + int(rng.integers(6, 24))
        found.append(words.Named(label, mask, {"raw": (int(rng.integers(6, 24)), column)}))
    return found


def test_who_knows_the_words_hits_and_shuffled_words_do_not() -> None:
    figures = {one.name: one for one in words.figures_of([scene(seed, True) for seed in range(5)], "raw", 0)}
    every = figures["hit_rate_raw"]
    assert (every.value, every.n, every.interval) == (1.0, 15, (1.0, 1.0))
    assert every.baselines["shuffled words"] == 0.0
    assert every.baselines["area of the objects"] == pytest.approx(400 / 2700)
    above = figures["hits_above_shuffled_raw"]
    assert (above.value, above.met) == (1.0, True)
    assert figures["hit_rate_optic_disc_raw"].n == 5
    assert figures["hit_rate_lesions_raw"].n == figures["hits_above_shuffled_lesions_raw"].n == 10, "no disc among them"


def test_who_answers_every_word_alike_is_no_better_than_shuffled_words() -> None:
    figures = {one.name: one for one in words.figures_of([scene(seed, False) for seed in range(5)], "raw", 0)}
    assert figures["hit_rate_raw"].value == pytest.approx(1 / 3)
    assert figures["hit_rate_raw"].baselines["shuffled words"] == pytest.approx(1 / 3)
    assert figures["hits_above_shuffled_raw"].value == pytest.approx(0.0)
    assert figures["hits_above_shuffled_raw"].met is False


def test_a_caption_of_one_thing_borrows_the_map_of_another_picture() -> None:
    alone = [[one for one in scene(seed, True) if one.label == "haemorrhage"] for seed in range(2)]
    alone[1][0].places["raw"] = (0, 0)
    first, second = words.outcomes(alone, "raw")
    assert (first.hit, first.wrong) == (True, False) and (second.hit, second.wrong) == (False, True)
    assert words.outcomes(alone[:1], "raw") == [], "nothing to compare with is not a hit"


def test_the_peak_of_a_map() -> None:
    values = np.zeros((4, 5), np.float32)
    assert words.peak(values) is None and not words.on(values > 1, None)
    values[2, 3] = 0.4
    assert words.peak(values) == (2, 3)
    values[1] = 0.5
    assert words.peak(values) == (1, 2), "the middle of a plateau, not its corner"


def test_the_evaluation_runs_from_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "SIZE", (96, 144))
    engine, told = Predictor.untrained(TINY, seed=1), []
    request = Request(SimpleNamespace(engine=lambda: engine), 0, lambda *step: told.append(step), steps=3)  # type: ignore[arg-type]
    found = run_evaluation("words", request)
    assert found.data == "3 captioned phantoms, seed 0" and len(told) == 3
    assert {one.name for one in found.figures} >= {"hit_rate_raw", "hit_rate_dar", "hits_above_shuffled_dar"}
    shown = captioned(words.FIRST, (96, 144))
    for phrase, _, mask in shown.objects:
        assert phrase in shown.words and mask.shape == (96, 144)
