"""From the network's logits to probabilities that mean what they say: one monotone curve per label.

A straight line (Platt) does not fit: the logits of clear background run far below zero, and a few missed lesions down
there would flatten the whole line.  The curve is piecewise linear in the logit, isotonic over bins, strictly rising
so that no two scores become ties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import WeightsProblem
from fineview.core.labels import WORDS

END_SLOPE = 0.25
DEFAULT_THRESHOLD = 0.5
PLAIN = (1.0, 0.0, 0.0)
LARGEST = 1e4  # of a logit: beyond it differences overflow, and a score would be no number


@dataclass(frozen=True, slots=True)
class Curve:
    """``knots`` raw logits, rising; ``values`` calibrated logits, rising.  Empty: the identity."""

    knots: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def logit(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Calibrated logits; past the ends the curve goes on with a gentle slope, so that order is kept."""
        raw = np.asarray(raw, np.float32)
        if not self.knots:
            return raw
        inner = np.interp(raw, self.knots, self.values)
        below, above = np.minimum(raw - self.knots[0], 0), np.maximum(raw - self.knots[-1], 0)
        return np.asarray(inner + END_SLOPE * (below + above), np.float32)

    def probability(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities in [0, 1]."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.logit(raw))), np.float32)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a manifest says of its labels: ``thresholds`` for proposals, pixel ``curves``, for regions the slope,
    offset and weight of log(cells) of the pooled calibrated logit, and ``suggestions``: the curve from the logit of a
    suggestion's strongest pixel to that of being right."""

    thresholds: Mapping[str, float]
    curves: Mapping[str, Curve]
    regions: Mapping[str, tuple[float, ...]]
    suggestions: Mapping[str, Curve]

    @staticmethod
    def read(facts: Mapping[str, Any]) -> Calibration:
        """From the facts of ``model.json``; what is missing is plain.  Raises ``WeightsProblem`` for odd values."""
        try:
            thresholds = {word: _numbers(facts, "thresholds", word, (DEFAULT_THRESHOLD,), 1)[0] for word in WORDS}
            regions = {word: _numbers(facts, "region_calibration", word, PLAIN, 3) for word in WORDS}
            curves, suggestions = ({word: _curve(facts.get(name, {}).get(word)) for word in WORDS}
                                   for name in ("calibration", "suggestion_calibration"))
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError):
            raise WeightsProblem("The calibration in model.json cannot be read.",
                                 "Use the model.json that the weights were published with.", "weights-format") from None
        return Calibration(thresholds, curves, regions, suggestions)

    def chance(self, label: str, peak: float) -> float:
        """How often a suggestion is right whose strongest pixel has the calibrated probability ``peak``."""
        return float(self.suggestions[label].probability(logit(np.array([peak])))[0])


def logit(probability: NDArray[Any]) -> NDArray[np.float64]:
    """Log odds, finite: a half-precision map may say 0 or 1."""
    kept = np.clip(np.asarray(probability, np.float64), 1e-4, 1 - 1e-4)
    return np.asarray(np.log(kept) - np.log1p(-kept))


def _numbers(facts: Mapping[str, Any], name: str, word: str, otherwise: tuple[float, ...], count: int
             ) -> tuple[float, ...]:
    values = np.atleast_1d(np.asarray(facts.get(name, {}).get(word, otherwise), np.float64))
    if values.shape != (count,) or not np.isfinite(values).all():
        raise ValueError(name)
    return tuple(float(value) for value in values)


def _curve(held: Any) -> Curve:
    if held is None:
        return Curve()
    knots, values = (np.asarray(held[part], np.float64) for part in ("knots", "values"))
    rising = knots.ndim == 1 and knots.shape == values.shape and len(knots) > 0 and bool(
        (np.abs(knots) <= LARGEST).all() and (np.abs(values) <= LARGEST).all() and (np.diff(knots) > 0).all()
        and (np.diff(values) >= 0).all())
    if not rising:
        raise ValueError("calibration")
    return Curve(tuple(knots.tolist()), tuple(values.tolist()))
