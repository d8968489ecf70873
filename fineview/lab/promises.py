"""What held-out photographs promise of a score, gathered picture by picture while lesions are scored.

For every label: precision and recall of its suggestions above any score (:mod:`suggestion_scores`), and whether its
probabilities mean what they say (:mod:`reliability`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fineview.core.labels import WORDS, label_for
from fineview.core.promises import OperatingCurve, Reliability
from fineview.imaging.proposals import DEFAULT_THRESHOLD
from fineview.lab.failures import Failures
from fineview.lab.figures import Figure, bootstrap_interval, judged
from fineview.lab.lesion_truth import LabelledPhoto
from fineview.lab.reliability import balanced, calibration_error, regions, reliability
from fineview.lab.suggestion_scores import Suggested, operating_curve, suggested
from fineview.services.ports import Engine

Array = npt.NDArray[Any]
ECE_GOAL = 0.05


@dataclass(frozen=True, slots=True)
class Rows:
    """Probabilities (n,), whether each was right, and the number of the picture it belongs to."""

    scores: Array
    right: Array
    picture: Array


class Promises:
    """``look`` at every held-out picture once; then read ``curves``, ``reliability`` and ``figures``."""

    def __init__(self, engine: Engine, seed: int, failures: Failures | None = None) -> None:
        self._engine, self._seed, self.failures = engine, seed, failures
        self._found: dict[str, list[Suggested]] = {}
        self._stated: dict[str, list[tuple[Array, Array]]] = {}
        self._numbers: dict[str, list[int]] = {}  # of the pictures whose truth of this label is known
        self._pictures = 0

    def look(self, rgb: npt.NDArray[np.uint8], encoding: Any, maps: Mapping[str, Array], truth: LabelledPhoto) -> None:
        """One picture (H, W, 3) with its encoding, its maps (H, W) by label, and what is known of it."""
        for word, boxes in truth.boxes.items():
            if word not in maps:
                continue
            found = suggested(np.asarray(maps[word]), word, self._engine, boxes)
            self._found.setdefault(word, []).append(found)
            self._numbers.setdefault(word, []).append(self._pictures)
            self._stated.setdefault(word, []).append(self._regions(rgb, encoding, word, boxes))
            if self.failures is not None and label_for(word).lesion:
                self.failures.look(rgb, word, boxes, found, truth.path.stem)
        self._pictures += 1

    def _regions(self, rgb: Array, encoding: Any, word: str, boxes: Array) -> tuple[Array, Array]:
        """(probability that the region holds the label, whether it does) of regions drawn on one picture."""
        rng = np.random.default_rng([self._seed, self._pictures, WORDS.index(word)])
        stated, truth = [], []
        for (x0, y0, x1, y1), holds in regions(boxes, (rgb.shape[0], rgb.shape[1]), rng):
            mask = np.zeros(rgb.shape[:2], np.bool_)
            mask[y0:y1, x0:x1] = True
            stated.append(float(self._engine.region_evidence(encoding, mask)[word]))
            truth.append(holds)
        return np.array(stated), np.array(truth, bool)

    def curves(self) -> tuple[OperatingCurve, ...]:
        """One for each label that had a known lesion, in the order of the labels."""
        least = {word: self._engine.thresholds.get(word, DEFAULT_THRESHOLD) for word in self._known()}
        return tuple(operating_curve(word, self._engine.chance(word, begin), self._found[word], self._seed)
                     for word, begin in least.items())

    def reliability(self) -> tuple[Reliability, ...]:
        """All lesions pooled ("") and each label, for regions and for suggestions."""
        return tuple(reliability(word, of, rows.scores, rows.right) for of, by_word in self._tables().items()
                     for word, rows in by_word.items() if len(rows.scores))

    def figures(self) -> tuple[Figure, ...]:
        """The expected calibration error over all lesions, with its interval over pictures."""
        made = []
        for of, by_word in self._tables().items():
            rows = by_word[""]
            if len(rows.scores):
                one = Figure(f"ece_{of}", calibration_error(rows.scores, rows.right), "fraction", len(rows.scores),
                             _interval(rows, self._pictures, self._seed))
                made.append(judged(one, ECE_GOAL, higher_is_better=False))
        return tuple(made)

    def _known(self) -> tuple[str, ...]:
        return tuple(word for word in WORDS if any(len(one.best) for one in self._found.get(word, ())))

    def _tables(self) -> dict[str, dict[str, Rows]]:
        """"regions" and "suggestions" -> label, "" (all lesions; the disc is none, and easy) first -> rows."""
        stated = {word: _halved(_rows(self._stated[word], self._numbers[word]), self._seed + WORDS.index(word))
                  for word in self._known()}
        shown = {word: _rows([(one.scores, one.right) for one in self._found[word]], self._numbers[word])
                 for word in self._known()}
        return {of: {"": _together([rows for word, rows in tables.items() if label_for(word).lesion]), **tables}
                for of, tables in (("regions", stated), ("suggestions", shown))}


def _rows(tables: list[tuple[Array, Array]], numbers: list[int]) -> Rows:
    number = np.repeat(numbers, [len(scores) for scores, _ in tables])
    return Rows(np.concatenate([one for one, _ in tables]), np.concatenate([one for _, one in tables]), number)


def _halved(rows: Rows, seed: int) -> Rows:
    """As many regions with the label as without."""
    keep = balanced(rows.right, np.random.default_rng([seed, 9]))
    return Rows(rows.scores[keep], rows.right[keep], rows.picture[keep])


def _together(tables: list[Rows]) -> Rows:
    if not tables:
        return Rows(np.zeros(0), np.zeros(0, bool), np.zeros(0, int))
    return Rows(*(np.concatenate([getattr(one, part) for one in tables]) for part in ("scores", "right", "picture")))


def _interval(rows: Rows, pictures: int, seed: int) -> tuple[float, float] | None:
    places = [np.flatnonzero(rows.picture == k) for k in range(pictures)]

    def again(chosen: Array) -> float:
        drawn = np.concatenate([places[k] for k in chosen])
        return calibration_error(rows.scores[drawn], rows.right[drawn])

    return bootstrap_interval(again, pictures, seed)
