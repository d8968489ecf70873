"""Whether a photograph shows any lesion at all: how well that is told, and how often a lesion-free one raises alarm.

The evidence of a photograph is the best of its lesions' map maxima, each weighed as its suggestions are, so that labels
can be compared; of those labels alone that are known on every photograph.  Where boxes are the truth, "lesion-free"
means that nothing was boxed.  The threshold of an alarm is that of greatest mean of sensitivity and specificity on the
other folds of the photographs, never on the photograph itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from fineview.core.labels import label_for
from fineview.lab.figures import Figure, bootstrap_interval, judged
from fineview.lab.lesion_metrics import Tally, auroc

AUROC_GOAL, ALARM_GOAL = 0.98, 0.10
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class AnyLesion:
    """``look`` at the tallies of every photograph and detector, then read ``figures``."""

    def __init__(self) -> None:
        self._evidence: dict[str, list[dict[str, float]]] = {}
        self._present: list[dict[str, bool]] = []

    def look(self, by_detector: Mapping[str, Mapping[str, Tally]],
             weigh: Mapping[str, Callable[[str, float], float]]) -> None:
        """One photograph: detector -> label -> tally; ``weigh``: detector -> (label, maximum) -> evidence, where a
        detector's maxima are not evidence already."""
        present: dict[str, bool] = {}
        for name, tallies in by_detector.items():
            lesions = {word: one for word, one in tallies.items() if label_for(word).lesion}
            own = weigh.get(name, lambda word, top: top)
            self._evidence.setdefault(name, []).append({word: own(word, one.top) for word, one in lesions.items()})
            present = {word: len(one.best) > 0 for word, one in lesions.items()}
        self._present.append(present)

    def figures(self, ours: str, seed: int) -> list[Figure]:
        """AUROC, alarms on lesion-free photographs and the sensitivity that they buy; none where all are of a kind."""
        words = set.intersection(*(set(one) for one in self._present)) if self._present else set[str]()
        present = np.array([any(one[word] for word in words) for one in self._present], bool)
        if present.all() or not present.any():
            return []
        evidence = {name: np.array([max(one[word] for word in words) for one in values])
                    for name, values in self._evidence.items()}
        called = {name: alarms(values, present, seed) for name, values in evidence.items()}
        rows = [("presence_auroc_lesion", evidence, lambda one, at: auroc(one[at][present[at]], one[at][~present[at]]),
                 len(present), AUROC_GOAL, True),
                ("false_alarms_lesion", called, lambda one, at: _share(one[at], ~present[at]), int((~present).sum()),
                 ALARM_GOAL, False),
                ("sensitivity_lesion", called, lambda one, at: _share(one[at], present[at]), int(present.sum()),
                 None, True)]
        return [self._figure(*row, ours=ours, seed=seed) for row in rows]

    def _figure(self, name: str, table: Mapping[str, npt.NDArray[np.generic]],
                statistic: Callable[[npt.NDArray[np.generic], npt.NDArray[np.intp]], float | None], count: int,
                goal: float | None, higher: bool, *, ours: str, seed: int) -> Figure:
        every = np.arange(len(self._present))
        value = statistic(table[ours], every)
        assert value is not None  # both kinds of photograph are there
        interval = bootstrap_interval(lambda chosen: statistic(table[ours], chosen), len(every), seed)
        made = Figure(name, value, "fraction", count, interval,
                      baselines={other: statistic(values, every) for other, values in table.items() if other != ours})
        return made if goal is None else judged(made, goal, higher_is_better=higher)


def alarms(evidence: Floats, present: Bools, seed: int, folds: int = 5) -> Bools:
    """(n,) whether each photograph is called diseased at the threshold of the other folds."""
    fold = np.random.default_rng([seed, len(evidence)]).permutation(len(evidence)) % folds
    called = np.zeros(len(evidence), bool)
    for part in range(folds):
        others = fold != part
        levels = np.unique(evidence[others])
        worth = [_share(evidence[others] >= level, present[others]) or 0.0 for level in levels]
        spared = [1 - (_share(evidence[others] >= level, ~present[others]) or 0.0) for level in levels]
        best = levels[int(np.argmax(np.add(worth, spared)))] if len(levels) else np.inf
        called[~others] = evidence[~others] >= best
    return called


def _share(called: npt.NDArray[np.generic], among: Bools) -> float | None:
    return float(called[among].mean()) if among.any() else None
