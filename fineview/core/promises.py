"""What held-out pictures promise of a score: precision and recall above it, and how often it was right.

Measured by ``fineview evaluate lesions`` on photographs that training never saw, and shown where a person sets a
threshold or reads a score.
"""

from __future__ import annotations

from dataclasses import dataclass

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """At ``score`` and above: ``found`` suggestions, ``right`` of them with their strongest point in a known lesion,
    and ``hit`` known lesions with such a point in them.  Intervals are 95 %, or None where they are undefined."""

    score: float
    found: int
    right: int
    hit: int
    precision_interval: Span | None = None
    recall_interval: Span | None = None

    @property
    def precision(self) -> float | None:
        return self.right / self.found if self.found else None


@dataclass(frozen=True, slots=True)
class OperatingCurve:
    """All points of one label, scores rising from where suggestions begin; ``lesions`` known ones on ``pictures``."""

    label: str
    pictures: int
    lesions: int
    points: tuple[OperatingPoint, ...]

    def at(self, score: float) -> OperatingPoint | None:
        """What was counted at this score and above, read at the nearest stored score not above it; None below all."""
        below = [point for point in self.points if point.score <= score + 1e-9]
        return below[-1] if below else None

    def recall(self, point: OperatingPoint) -> float | None:
        return point.hit / self.lesions if self.lesions else None


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Scores in [``low``, ``high``): their ``mean``, the ``share`` that was right, and how many there were."""

    low: float
    high: float
    mean: float
    share: float
    count: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often a probability was right.  ``of``: "regions" (a region holds the label) or "suggestions" (one is right);
    ``label`` "" pools all lesions; ``ece`` is the mean distance of share and score, weighted by count."""

    label: str
    of: str
    n: int
    ece: float
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A stored picture of a failure: ``file`` beside the result, what it shows, and whose picture it is."""

    file: str
    words: str
    source: str
