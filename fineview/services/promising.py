"""What a person who sets a threshold on scores may expect, in words: from stored curves of these very weights.

Pure: stored results, the weights in force and a score go in, sentences come out.  Where nothing was measured for these
weights and this label, the sentence says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fineview.core.evidence import EncoderEntry, ModelIdentity
from fineview.core.finding import Finding, Origin, State
from fineview.core.labels import on_phantoms_alone
from fineview.core.measured import Interval, StoredResult
from fineview.core.promises import OperatingCurve
from fineview.services.advise import newest

PHANTOMS_ALONE = "The score was calibrated on phantoms alone, not on scans of patients."


@dataclass(frozen=True, slots=True)
class Measured:
    """One curve with where it comes from."""

    curve: OperatingCurve
    data: str
    made: str
    seed: int


@dataclass(frozen=True, slots=True)
class Promise:
    """One line.  ``words``: "drusen: precision 0.40, recall 0.45 on 40 known lesions"; ``more``: with
    intervals, counts and origin."""

    label: str
    words: str
    more: str


def share_words(finding: Finding, results: Iterable[StoredResult]) -> str:
    """How often held-out suggestions of this label and about this score were right, by the weights that suggested it.

    A score was calibrated on the training side: the share says what it was worth on pictures kept apart.
    """
    if finding.model is None or finding.score is None:
        return ""
    share = _share(finding.label, finding.score, finding.model, results)
    return f"{share} {PHANTOMS_ALONE}" if on_phantoms_alone(finding.label) else share


def _share(label: str, score: float, model: ModelIdentity, results: Iterable[StoredResult]) -> str:
    title = label.replace("_", " ")
    known = [one for result in _of(model, results) for one in result.reliability
             if (one.of, one.label) == ("suggestions", label)]
    most = max(known, key=lambda one: one.n, default=None)
    if most is None:
        return f"How often {title} suggestions of this score are right was not measured."
    near = next((one for one in most.bins if one.low <= score < one.high or one.high >= 1.0 <= score), None)
    if near is None:
        return f"No held-out suggestion of {title} had a score like this."
    return (f"Of held-out {title} suggestions scored {near.low:.1f} to {near.high:.1f}, {near.share:.0%} were right "
            f"(n {near.count}).")


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Undecided suggestions of the shown frame: how many there are, how many reach ``least``, and what that promises.

    ``begin``: the lowest score any of them has, or the lowest threshold measured; below it the slider has no meaning.
    """

    least: float = 0.0
    begin: float = 0.0
    total: int = 0
    shown: int = 0
    promises: tuple[Promise, ...] = ()
    of_selected: str = ""


def curves_of(results: Iterable[StoredResult], weights: ModelIdentity | EncoderEntry) -> tuple[Measured, ...]:
    """The newest curves of these weights as they are calibrated, the one on the most lesions first."""
    found = [Measured(curve, one.data, one.made, one.seed) for one in _of(weights, results) for curve in one.curves]
    return tuple(sorted(found, key=lambda one: (-one.curve.lesions, one.data)))


def _of(weights: ModelIdentity | EncoderEntry, results: Iterable[StoredResult]) -> tuple[StoredResult, ...]:
    return newest(one for one in results if one.speaks_of(weights))


def promise(label: str, least: float, measured: Sequence[Measured]) -> Promise:
    """What is known of suggestions of ``label`` with a score of ``least`` or more."""
    title, origin = label.replace("_", " "), f" {PHANTOMS_ALONE}" if on_phantoms_alone(label) else ""
    own = [one for one in measured if one.curve.label == label]
    if not own:
        return Promise(label, f"{title}: not measured{', scores calibrated on phantoms alone' if origin else ''}",
                       f"No stored result of these weights speaks of {title}.{origin}")
    return Promise(label, f"{title}: {_short(own[0].curve, least)}",
                   "\n".join(_long(one, least) for one in own) + origin)


def _short(curve: OperatingCurve, least: float) -> str:
    point = curve.at(least)
    if point is None:  # below where suggestions begin, all of them are shown
        point = curve.points[0] if curve.points else None
    if point is None or point.precision is None:
        return "none reached this score when it was measured"
    recall = curve.recall(point)
    if recall is None:
        return "not measured"
    return f"precision {point.precision:.2f}, recall {recall:.2f} on {curve.lesions} known lesions"


def _long(one: Measured, least: float) -> str:
    curve = one.curve
    point = curve.at(least) or (curve.points[0] if curve.points else None)
    origin = f"{one.data}: {curve.lesions} lesions on {curve.pictures} pictures, {one.made[:10]}, seed {one.seed}"
    if point is None or point.precision is None:
        return f"No suggestion reached {least:.2f}. {origin}."
    precision = f"{point.right} of {point.found} suggestions with a score of {max(least, point.score):.2f} or more " \
                f"were right ({point.precision:.2f}{_span(point.precision_interval)})"
    recall = curve.recall(point)
    hit = f"{point.hit} of {curve.lesions} lesions were found ({recall:.2f}{_span(point.recall_interval)})" \
        if recall is not None else "no lesion was known"
    return f"{precision}; {hit}. {origin}."


def _span(interval: Interval | None) -> str:
    return f", 95 % {interval[0]:.2f} to {interval[1]:.2f}" if interval is not None else ""


def reaches(finding: Finding, least: float) -> bool:
    """Whether a mark is shown at this threshold: only an undecided suggestion without a note can be too weak."""
    undecided = finding.origin is Origin.MODEL and finding.state is State.SUGGESTED and not finding.note
    return not undecided or finding.score is None or finding.score >= least - 1e-4


def suggestions(here: Sequence[Finding], least: float, selected: Finding | None, measured: Sequence[Measured],
                results: Iterable[StoredResult] = ()) -> Suggestions:
    """``here``: all marks of the shown frame.  A selected suggestion's label stands alone; else every label's line."""
    undecided = [one for one in here if one.origin is Origin.MODEL and one.state is State.SUGGESTED]
    chosen = selected is not None and selected.origin is Origin.MODEL
    labels = [selected.label] if chosen and selected is not None else list(dict.fromkeys(
        one.label for one in undecided))
    scores = [one.score for one in undecided if one.score is not None]
    begin = min(scores, default=0.0)
    return Suggestions(least, begin, len(undecided), sum(reaches(one, least) for one in undecided),
                       tuple(promise(label, least, measured) for label in labels),
                       share_words(selected, results) if chosen and selected is not None else "")
