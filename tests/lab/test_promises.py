"""Curves and reliability against numbers worked out by hand; failures are chosen by rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fineview.core.errors import InputProblem
from fineview.lab.failures import MISSED_RGB, SIDE_PX, Failures
from fineview.lab.figures import Figures
from fineview.lab.lesion_truth import LabelledPhoto
from fineview.lab.promises import Promises
from fineview.lab.reliability import balanced, calibration_error, regions, reliability
from fineview.lab.stored import keep
from fineview.lab.suggestion_scores import Suggested, operating_curve, strongest_points, suggested
from fineview.store.results import read_picture, read_result

SIZE = (40, 60)


def map_of(*places: tuple[int, int, float]) -> np.ndarray:
    """Blocks of 3 x 3 pixels at (x, y); only the middle pixel has the full score."""
    values = np.zeros(SIZE, np.float32)
    for x, y, score in places:
        values[y - 1:y + 2, x - 1:x + 2] = score - 0.05
        values[y, x] = score
    return values


def test_a_suggestion_is_a_component_and_its_strongest_point_decides() -> None:
    places, scores = strongest_points(map_of((10, 10, 0.9), (30, 20, 0.6), (50, 30, 0.3)), 0.5)
    assert places.tolist() == [[10, 10], [30, 20]] and scores == pytest.approx([0.9, 0.6])
    boxes = np.array([[8, 8, 13, 13], [28, 21, 33, 25]], float)  # the second begins below the strongest point
    found = suggested(map_of((10, 10, 0.9), (30, 20, 0.6)), "haemorrhage", Seer(), boxes)  # type: ignore[arg-type]
    assert found.right.tolist() == [True, False] and found.best == pytest.approx([0.45, -1.0])


def test_two_strong_places_of_one_water_are_one_suggestion_as_in_the_window() -> None:
    values = np.zeros((40, 60), np.float16)
    values[10:20, 10:40] = 0.55
    values[12, 12] = values[18, 38] = 0.9
    values[18, 38] += 0.05
    values[30:34, 5:9] = 0.55  # weak alone
    seer = Seer()
    seer.thresholds = {**seer.thresholds, "fluid": 0.8}
    boxes = np.array([[10, 10, 40, 20]], float)
    found = suggested(values, "fluid", seer, boxes)  # type: ignore[arg-type]
    assert found.places.tolist() == [[38, 18]] and found.right.tolist() == [True]


def picture(scores: list[float], right: list[bool], best: list[float]) -> Suggested:
    return Suggested(np.array(scores), np.array(right, bool), np.zeros((len(scores), 2)), np.array(best))


def test_the_curve_counts_what_reaches_a_score() -> None:
    curve = operating_curve("a", 0.5, [picture([0.9, 0.6, 0.55], [True, False, True], [0.9, 0.55, -1.0]),
                                       picture([0.7], [False], [])], 0)
    assert (curve.pictures, curve.lesions) == (2, 3)
    assert [point.score for point in curve.points][:3] == [0.5, 0.51, 0.52] and curve.points[-1].score == 0.9
    low, middle = curve.at(0.5), curve.at(0.653)
    assert low is not None and (low.found, low.right, low.hit, low.precision) == (4, 2, 2, 0.5)
    assert middle is not None and (middle.score, middle.found, middle.right, middle.hit) == (0.65, 2, 1, 1)
    assert curve.recall(low) == pytest.approx(2 / 3) and curve.at(0.49) is None
    # two pictures: half of all draws repeat one of them, so precision spans from 0 of 1 to 2 of 3
    assert low.precision_interval == pytest.approx((0.0, 2 / 3))


def test_without_a_suggestion_the_curve_says_none() -> None:
    curve = operating_curve("a", 0.5, [picture([], [], [-1.0])], 0)
    assert curve.lesions == 1 and [(p.found, p.hit, p.precision) for p in curve.points] == [(0, 0, None)]


def test_the_calibration_error_by_hand() -> None:
    scores, right = np.array([0.1, 0.15, 0.9, 1.0]), np.array([False, True, True, True])
    # bin 0.1-0.2: mean 0.125, share 0.5, gap 0.375 for two; bin 0.9-1: mean 0.95, share 1, gap 0.05 for two
    assert calibration_error(scores, right) == pytest.approx((2 * 0.375 + 2 * 0.05) / 4)
    made = reliability("a", "regions", scores, right)
    assert [(one.low, one.count) for one in made.bins] == [(0.1, 2), (0.9, 2)]
    assert sum(one.count * abs(one.share - one.mean) for one in made.bins) / made.n == pytest.approx(made.ece)


def test_regions_know_whether_a_lesion_reaches_in() -> None:
    lesion = np.array([[20.0, 10.0, 24.0, 14.0]])
    drawn = list(regions(lesion, SIZE, np.random.default_rng(3)))
    assert {holds for _, holds in drawn} == {True, False}
    canvas = np.zeros(SIZE, bool)
    canvas[10:14, 20:24] = True
    for (x0, y0, x1, y1), holds in drawn:
        assert 0 <= x0 < x1 <= SIZE[1] and 0 <= y0 < y1 <= SIZE[0]
        assert canvas[y0:y1, x0:x1].any() == holds


def test_half_of_the_regions_hold_the_label() -> None:
    right = np.array([True] * 3 + [False] * 20)
    chosen = balanced(right, np.random.default_rng(0))
    assert len(chosen) == 6 and right[chosen].sum() == 3
    assert len(balanced(np.zeros(4, bool), np.random.default_rng(0))) == 4


class Seer:
    """Evidence 1 where a region reaches the left half, else 0; a suggestion is right half as often as its peak says."""

    thresholds = {"haemorrhage": 0.5}

    def chance(self, label: str, peak: float) -> float:
        return peak / 2

    def region_evidence(self, encoding: Any, mask: np.ndarray) -> dict[str, float]:
        return {"haemorrhage": float(mask[:, :30].any())}


def test_promises_are_made_of_the_scores_that_are_shown() -> None:
    maps = {"haemorrhage": map_of((10, 10, 0.9), (50, 30, 0.6))}
    boxes = {"haemorrhage": np.array([[8.0, 8, 13, 13], [28, 18, 33, 23]])}
    promises = Promises(Seer(), 0)  # type: ignore[arg-type]
    promises.look(np.zeros((*SIZE, 3), np.uint8), None, maps, LabelledPhoto(Path("eye.png"), boxes, {}))
    (curve,) = promises.curves()
    first, last = curve.points[0], curve.points[-1]
    assert (first.score, first.found, first.right, first.hit) == (0.25, 2, 1, 1)
    assert 0.43 < last.score < 0.46 and last.found == 1
    figures = {one.name: one for one in promises.figures()}
    # scores .45 (right) and .30 (wrong): the mean of .55 and .30
    assert figures["ece_suggestions"].value == pytest.approx(0.425, abs=1e-3) and figures["ece_suggestions"].n == 2


def test_the_largest_miss_and_the_surest_mistake_are_kept() -> None:
    rgb = np.zeros((100, 120, 3), np.uint8)
    boxes = np.array([[10.0, 10, 14, 14], [60, 60, 90, 80]])
    found = picture([0.6, 0.8], [False, False], [-1.0, -1.0])
    failures = Failures("a drawing")
    failures.look(rgb, "haemorrhage", boxes, found, "eye")
    missed, wrong = failures.worst()
    assert missed.words == "missed haemorrhage, eye" and missed.rgb.shape == (SIDE_PX, SIDE_PX, 3)
    assert "0.80" in wrong.words and wrong.source == "a drawing"
    # the larger box is shown at 176 px for 1.6 * 30 px, so its outline is 110 px wide
    columns = np.flatnonzero((missed.rgb[..., 0] > MISSED_RGB[0] // 2).any(0))
    assert columns.max() - columns.min() == pytest.approx(110, abs=3)


def test_what_is_promised_is_kept_and_read_back(tmp_path: Path) -> None:
    failures = Failures("a drawing")
    failures.look(np.zeros((50, 50, 3), np.uint8), "drusen", np.array([[5.0, 5, 9, 9]]), picture([], [], [-1.0]), "b")
    curve = operating_curve("a", 0.5, [picture([0.9], [True], [0.9]), picture([0.7], [False], [])], 0)
    judged = reliability("", "regions", np.array([0.25, 0.75]), np.array([False, True]))
    figures = Figures((), 0, "a machine", curves=(curve,), reliability=(judged,), failures=failures.worst())
    path = keep("lesions", figures, "", None, "phantoms", tmp_path, datetime(2026, 1, 2, tzinfo=UTC))
    back = read_result(path)
    assert back.reliability == (judged,) and back.curves[0].label == "a"
    assert [(p.score, p.found) for p in back.curves[0].points] == [(p.score, p.found) for p in curve.points]
    (example,) = back.examples
    assert example.words == "missed drusen, b" and read_picture(tmp_path, example.file)[:4] == b"\x89PNG"
    assert read_picture(tmp_path, "../" + example.file) == b""
    rows = [line for line in path.read_text().splitlines() if line.strip().startswith("[0.")]
    assert len(rows) == len(curve.points)  # a row of a curve is one line


BAD = {"points": [[0.5, 1, 1, 1]], "rising": [[0.5, 1, 1, 1, None, None, None, None]] * 2,
       "score": [[1.5, 1, 1, 1, None, None, None, None]], "count": [[0.5, 1.5, 1, 1, None, None, None, None]]}


@pytest.mark.parametrize("points", BAD.values(), ids=BAD)
def test_a_curve_that_does_not_fit_is_refused(tmp_path: Path, points: list[Any]) -> None:
    path = keep("lesions", Figures((), 0, ""), "", None, "", tmp_path)
    held = {**json.loads(path.read_text()), "curves": [
        {"label": "a", "pictures": 1, "lesions": 1, "points": points}]}
    path.write_text(json.dumps(held))
    with pytest.raises(InputProblem, match="no stored result"):
        read_result(path)
    path.write_text(json.dumps({**held, "curves": [], "examples": [{"file": "../x.png", "words": "", "source": ""}]}))
    with pytest.raises(InputProblem, match="plain name"):
        read_result(path)


def test_the_evaluation_shows_every_photograph_once(tmp_path: Path) -> None:
    from PIL import Image

    from fineview.lab.evaluate_lesions import Scored, evaluate_lesions

    Image.fromarray(np.full((120, 200, 3), 120, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.txt").write_text("2 0.5 0.5 0.1 0.1\n")
    encoded = []

    def encode(rgb: np.ndarray, token: Any) -> int:
        encoded.append(rgb)
        return len(encoded)

    engine = SimpleNamespace(encode=encode, lesion_maps=lambda encoding, words: {})
    scored = Scored(engine, ("haemorrhage",))  # type: ignore[arg-type]
    seen = []
    evaluate_lesions(tmp_path, tmp_path, lambda rgb: scored.of(rgb)[1],
                     look=lambda rgb, truth: seen.append((scored.of(rgb)[0], truth.path.name)))
    assert seen == [(1, "a.png")] and len(encoded) == 1
