"""Which encoder and which scale for a task: from stored, measured results, and from nothing else.

Pure: results and the weights at hand go in, a frozen ``Advice`` comes out.  A figure counts where the evaluation said
what it is about (``core.measured.Figure.about``); figures are compared within one what, data words and seed only.
One choice is better where its interval lies above the other's on at least one measure and below on none.  Overlapping
intervals are "no measured difference", and then the cheaper one is taken, where costs were measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import permutations

from fineview.core.advice import Advice, Choice, Kind, Row
from fineview.core.evidence import TASK_SCALES, ModelIdentity, Task
from fineview.core.measured import Figure, StoredResult

FEW = 3  # a figure on fewer is shown and decides nothing: a bootstrap over two photographs has hardly any width


def advise(task: Task, results: Iterable[StoredResult], at_hand: Sequence[ModelIdentity]) -> Advice:
    """Advice for ``task``.  ``at_hand``: the weights that can be used here, by name, sha256 and calibration."""
    rows = tuple(row for result in newest(results) for row in _rows(task, result, at_hand))
    plain = [row for row in rows if row.scale is None]
    scaled = [row for row in rows if row.scale is not None]
    scale, preset = _choose("scale", task, scaled), " and ".join(f"1/{one}" for one in TASK_SCALES[task])
    own = () if scale.recommended else (f"The scale set for {task} is {preset}: a setting, not a measurement.",)
    return Advice(task, _choose("encoder", task, plain), scale, rows, (*own, *_caveats(rows, at_hand)),
                  tuple(_comparisons(task, rows)))


def newest(results: Iterable[StoredResult]) -> tuple[StoredResult, ...]:
    """The newest result of the same thing, weights and data, the person's own before a shipped one of the same time."""
    found: dict[tuple[str, str, str], StoredResult] = {}
    for one in sorted(results, key=lambda result: (result.made, result.own)):
        found[one.what, one.encoder.sha256 if one.encoder else "", one.data] = one
    return tuple(found.values())


def _rows(task: Task, result: StoredResult, at_hand: Sequence[ModelIdentity]) -> Iterable[Row]:
    usable = any(result.speaks_of(one) for one in at_hand)
    for one in result.figures:
        cost = one.about.get("role") == "cost"
        # what an encoder takes does not depend on the task, so a cost may leave the task open
        if one.value is None or one.about.get("task", task if cost else None) != task:
            continue
        scored = result.encoder
        name = one.about.get("encoder") or (scored.name if scored else "")
        sha256 = scored.sha256 if scored and name == scored.name else None
        lower = one.about.get("better") == "lower"
        baseline = _best_baseline(one, lower)
        better = None
        if one.interval and baseline:
            better = one.interval[1] < baseline[1] if lower else one.interval[0] > baseline[1]
        yield Row(name, sha256, bool(sha256) and usable, one.about.get("scale"), one.about.get("measure") or one.name,
                  one.value, one.unit, one.interval, one.n, baseline, better, lower, cost,
                  result.what, result.data, result.seed, result.made, result.machine, result.software, result.own)


def _best_baseline(one: Figure, lower: bool) -> tuple[str, float] | None:
    known = [(name, value) for name, value in one.baselines.items() if value is not None]
    return (min if lower else max)(known, key=lambda pair: pair[1]) if known else None


def _choose(kind: Kind, task: Task, rows: Sequence[Row]) -> Choice:
    """Which of the encoders, or scales, in ``rows`` the figures prefer, among the weights at hand."""
    quality = [row for row in rows if not row.cost]
    ours = [row for row in quality if row.at_hand]
    if not quality:
        return Choice(None, "not measured", f"Not measured: no stored result compares {kind}s for {task}.")
    if not ours:
        seen = _listed([row.named for row in quality])
        return Choice(None, "not measured", f"Not measured with the weights at hand; results are of {seen}.")
    return _prefer(kind, task, ours, [row for row in rows if row.cost and row.at_hand])


def _comparisons(task: Task, rows: Sequence[Row]) -> Iterable[Choice]:
    """What each evaluation that trained its own encoders says of them: of their kind, since none is at hand."""
    for what in dict.fromkeys(row.what for row in rows if row.sha256 is None):
        trained = [row for row in rows if row.what == what and row.sha256 is None and row.scale is None]
        quality = [row for row in trained if not row.cost]
        if len({row.named for row in quality}) > 1:
            found = _prefer("encoder", task, quality, [row for row in trained if row.cost])
            yield replace(found, words=f"Small encoders trained by \"evaluate {what}\": {found.words}")


def _prefer(kind: Kind, task: Task, rows: Sequence[Row], costs: Sequence[Row]) -> Choice:
    names = list(dict.fromkeys(_subject(kind, row) for row in rows))
    if len(names) == 1:
        return Choice(names[0], "only one measured", f"{names[0]} is the only {kind} measured for {task}: there is "
                      "nothing to choose between.", tuple(row.figure for row in rows))
    wins = {(a, b): _wins(kind, rows, a, b) for a, b in permutations(names, 2)}
    beaten = {b for (a, b), won in wins.items() if won and not wins[b, a]}
    left = [name for name in names if name not in beaten] or names
    if len(left) == 1:
        won = {other: wins[left[0], other] for other in names if other != left[0]}
        reasons = tuple(f"{a.figure}; {other}: {b.figure}" for other, pairs in won.items() for a, b in pairs)
        against = _listed([other for other, pairs in won.items() if pairs])
        return Choice(left[0], "measured better", f"{left[0]} measured better than {against} for {task}: the "
                      "intervals do not overlap.", reasons)
    why = "their intervals overlap" if any(_compared(kind, rows, a, b) for a, b in permutations(left, 2)) \
        else "they were not measured on the same data with enough cases"
    return _undecided(kind, left, why, _cheapest(kind, costs, left))


def _subject(kind: Kind, row: Row) -> str:
    return row.named if kind == "encoder" else row.scale or ""


def _wins(kind: Kind, rows: Sequence[Row], a: str, b: str) -> list[tuple[Row, Row]]:
    """Pairs of comparable figures in which ``a`` lies clear of ``b``."""
    return [(x, y) for x, y in _compared(kind, rows, a, b) if _clear(x, y)]


def _compared(kind: Kind, rows: Sequence[Row], a: str, b: str) -> list[tuple[Row, Row]]:
    """Pairs that may decide: of one run's data and seed, on enough cases, scales within one encoder."""
    ours, theirs = ([row for row in rows if _subject(kind, row) == one and row.n >= FEW] for one in (a, b))
    return [(x, y) for x in ours for y in theirs if x.comparable == y.comparable
            and (kind == "encoder" or x.named == y.named)]


def _clear(x: Row, y: Row) -> bool:
    if x.interval is None or y.interval is None:
        return False
    return x.interval[1] < y.interval[0] if x.lower_is_better else x.interval[0] > y.interval[1]


def _cheapest(kind: Kind, costs: Sequence[Row], left: Sequence[str]) -> list[Row]:
    """One cost figure for each of ``left``, all of one run, cheapest first; empty where that was not measured."""
    for first in costs:
        same = {_subject(kind, row): row for row in costs if row.comparable == first.comparable}
        if all(one in same for one in left):
            return sorted((same[one] for one in left), key=lambda row: row.value)
    return []


def _undecided(kind: Kind, left: Sequence[str], why: str, costs: Sequence[Row]) -> Choice:
    among = f"No measured difference between {_listed(left)}: {why}."
    if not costs:
        return Choice(None, "no measured difference", f"{among} Their cost was not measured, so none is preferred.")
    cheap = _subject(kind, costs[0])
    return Choice(cheap, "no measured difference", f"{among} {cheap} is the cheaper.",
                  tuple(row.figure for row in costs))


def _caveats(rows: Sequence[Row], at_hand: Sequence[ModelIdentity]) -> Iterable[str]:
    quality = [row for row in rows if not row.cost and row.at_hand]
    few = [f"{row.measure} (n is {row.n})" for row in quality if row.n < FEW]
    if few:
        yield f"Measured on too few to decide anything: {_listed(few)}."
    weak = [f"{row.measure} {row.value:.3g} ({row.baseline[0]} {row.baseline[1]:.3g})"
            for row in quality if row.better_than_baseline is False and row.baseline]
    if weak:
        yield f"Not clear of the best baseline: {_listed(weak)}."
    others = [f"{row.named} ({row.made[:10]})" for row in rows if not row.at_hand and row.sha256]
    if others:
        yield f"Measured with weights or a calibration that is not at hand: {_listed(others)}."
    silent = [one.short for one in at_hand if one.sha256 not in {row.sha256 for row in quality}]
    if quality and silent:
        yield f"At hand but not measured for this task: {_listed(silent)}."
    phantoms = [row.data for row in rows if "phantom" in row.data]
    if phantoms:
        yield f"Phantoms are not patients: {_listed(phantoms)}."
    if rows:
        days = sorted({row.made[:10] for row in rows})
        yield f"Results made {days[0]}." if len(days) == 1 else f"Results made {days[0]} to {days[-1]}."


def _listed(names: Sequence[str]) -> str:
    once = list(dict.fromkeys(names))
    return once[0] if len(once) == 1 else f"{', '.join(once[:-1])} and {once[-1]}"
