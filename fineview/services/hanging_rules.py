"""Hanging rules: which pictures a study shows side by side when it is opened, one line a modality.  Pure.

A rule asks for a layout and says what goes where.  It never guesses: sides, dates and patients that a file does not
give match nothing, and where fewer than two pictures are found one is shown, as without a rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from fineview.core.study import Catalogue, Series, Study
from fineview.services.localizer import pictures_of
from fineview.services.panes import GRID, Layout

Fill = Literal["one", "localizer", "series", "sides", "visits", "sides or visits"]
FILL_WORDS: dict[Fill, str] = {
    "one": "the opened series alone", "localizer": "the volume and its photograph", "series": "all series of the study",
    "sides": "right and left side", "visits": "two visits of one side, the earlier one first",
    "sides or visits": "right and left side, else two visits"}
OTHERS = "other"  # every modality without a line of its own


@dataclass(frozen=True, slots=True)
class Rule:
    modality: str
    layout: Layout = "1x1"
    fill: Fill = "one"


# Ophthalmologists look a patient in the face: the right eye hangs on the left of the screen.
DEFAULT_RULES: tuple[Rule, ...] = (
    Rule("OPT", "2x2", "sides or visits"), Rule("OP", "1x2", "sides or visits"), Rule("MG", "2x2", "sides"),
    Rule("MR", "2x2", "series"), Rule("CT"), Rule("CR"), Rule("DX"), Rule("US"), Rule(OTHERS))


@dataclass(frozen=True, slots=True)
class Hung:
    """``series``: UIDs in reading order, None for an empty pane; ``active``: where the opened series hangs."""

    layout: Layout
    series: tuple[str | None, ...]
    active: int = 0


def rule_for(modality: str, rules: Iterable[Rule]) -> Rule:
    known = {rule.modality: rule for rule in rules}
    return known.get(modality) or known.get(OTHERS) or Rule(OTHERS)


def hang(rule: Rule, catalogue: Catalogue, study: Study, series: Series) -> Hung:
    """What stands beside ``series`` by ``rule``; itself alone where nothing belongs there."""
    found = _fill(rule, catalogue, study, series)
    shown = [one for one in found[:_room(rule.layout)] if one is not None]
    if len(shown) < 2 or series not in shown:
        return Hung("1x1", (series.uid,))
    layout: Layout = rule.layout if len(shown) > 2 or rule.layout == "2x1" else "1x2"
    kept = found[:_room(layout)]
    return Hung(layout, tuple(one.uid if one is not None else None for one in kept), kept.index(series))


def neighbours(catalogue: Catalogue, study: Study, series: Series) -> tuple[Series, ...]:
    """What to offer beside a series where no rule says: localizer, other side, other visit, then all of the patient."""
    first = (_localizer(study, series), _other_side(catalogue, study, series), _other_visit(catalogue, study, series))
    own = [one for one in study.series if one.frames]
    others = [one for other in catalogue.studies if _of_one_patient(other, study) and other.uid != study.uid
              for one in other.series if one.frames]
    named = [one for one in (*first, *own, *others) if one is not None and one.uid != series.uid]
    return tuple({one.uid: one for one in named}.values())


def _room(layout: Layout) -> int:
    rows, cols = GRID[layout]
    return rows * cols


def _fill(rule: Rule, catalogue: Catalogue, study: Study, series: Series) -> tuple[Series | None, ...]:
    if rule.fill == "localizer":
        return (series, _localizer(study, series))
    if rule.fill == "series":
        return _all_series(study, series, _room(rule.layout))
    if rule.fill in ("sides", "sides or visits"):
        other = _other_side(catalogue, study, series)
        if other is not None:
            row = _right_first(series, other)
            return _with_photographs(catalogue, *row) if len(series.frames) > 1 else (*row, *_next_pair(study, row))
    if rule.fill in ("visits", "sides or visits"):
        other = _other_visit(catalogue, study, series)
        if other is not None:
            return _with_photographs(catalogue, *_earlier_first(catalogue, series, other))
    return (series,)


def _with_photographs(catalogue: Catalogue, left: Series, right: Series) -> tuple[Series | None, ...]:
    """A second row under two volumes: the pictures that show where their B-scans lie."""
    below = [_localizer(catalogue.find_series(one.uid)[0], one) for one in (left, right)]
    return (left, right, *below) if any(one is not None for one in below) else (left, right)


def _next_pair(study: Study, above: tuple[Series, Series]) -> tuple[Series, ...]:
    """A second view of both sides, as of mammograms; () where one side has none."""
    rest = [one for one in study.series if one.frames and one.modality == above[0].modality and one not in above]
    pair = [next((one for one in rest if one.laterality.value == side), None) for side in ("R", "L")]
    return (pair[0], pair[1]) if pair[0] is not None and pair[1] is not None else ()


def _localizer(study: Study, series: Series) -> Series | None:
    return next(iter(pictures_of(study, series)), None)


def _all_series(study: Study, series: Series, room: int) -> tuple[Series | None, ...]:
    """Stacks before single pictures, in the study's order; the opened one is always among them."""
    same = [one for one in study.series if one.frames and one.modality == series.modality]
    order = sorted(same, key=lambda one: len(one.frames) < 2)
    return tuple(order) if series in order[:room] else (series, *(one for one in order if one is not series))


def _other_side(catalogue: Catalogue, study: Study, series: Series) -> Series | None:
    """The same kind of picture of the other side, taken on the same day of the same patient."""
    wanted = {"R": "L", "L": "R"}.get(series.laterality.value or "")
    if wanted is None:
        return None
    found = [((other.uid != study.uid, *_unlike(series, one)), one)
             for other, one in _same_kind(catalogue, study, series) if one.laterality.value == wanted
             and (other.uid == study.uid or (other.date == study.date and study.date))]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _other_visit(catalogue: Catalogue, study: Study, series: Series) -> Series | None:
    """The same kind of picture of the same side on another day: the last one before, else the first one after.

    Never where a side is missing: it might be the other eye.
    """
    if not study.date or series.laterality.missing:
        return None
    found = [(other.date, _unlike(series, one), one) for other, one in _same_kind(catalogue, study, series)
             if other.date and other.date != study.date and one.laterality.value == series.laterality.value]
    before, after = [one for one in found if one[0] < study.date], [one for one in found if one[0] > study.date]
    dates = max(one[0] for one in before) if before else min((one[0] for one in after), default="")
    same_day = [one for one in found if one[0] == dates]
    return min(same_day, key=lambda one: one[1])[2] if same_day else None


def _same_kind(catalogue: Catalogue, study: Study, series: Series) -> list[tuple[Study, Series]]:
    return [(other, one) for other in catalogue.studies if _of_one_patient(other, study)
            for one in other.series if one.frames and one.modality == series.modality and one.uid != series.uid]


def _of_one_patient(one: Study, other: Study) -> bool:
    """Two studies that do not say whose they are need not be of one person."""
    known = one.uid == other.uid or bool(one.patient.id or one.patient.name)
    return known and one.patient.key == other.patient.key


def _unlike(series: Series, other: Series) -> tuple[bool, int]:
    return (series.description != other.description, abs(len(series.frames) - len(other.frames)))


def _right_first(one: Series, other: Series) -> tuple[Series, Series]:
    return (one, other) if one.laterality.value == "R" else (other, one)


def _earlier_first(catalogue: Catalogue, one: Series, other: Series) -> tuple[Series, Series]:
    dates = [catalogue.find_series(series.uid)[0].date for series in (one, other)]
    return (one, other) if dates[0] <= dates[1] else (other, one)


def to_text(rules: Iterable[Rule]) -> str:
    """For the settings."""
    return json.dumps({rule.modality: [rule.layout, rule.fill] for rule in rules})


def from_text(text: str | None) -> tuple[Rule, ...]:
    """The default rules with those of ``text`` in their place; what it does not say in our words is left out."""
    try:
        said = json.loads(text) if text else {}
    except ValueError:
        said = {}
    kept = {str(modality): tuple(pair) for modality, pair in said.items() if isinstance(pair, list) and len(pair) == 2
            and pair[0] in tuple(GRID) and pair[1] in get_args(Fill)} if isinstance(said, dict) else {}
    return tuple(replace(rule, layout=kept[rule.modality][0], fill=kept[rule.modality][1])
                 if rule.modality in kept else rule for rule in DEFAULT_RULES)
