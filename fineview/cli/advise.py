"""``fineview models advise`` and ``fineview models explain-gap``: values of the services and the table, printed."""

from __future__ import annotations

import argparse
from typing import Any

from fineview.cli.study import opened
from fineview.core.advice import Advice, Choice, Row
from fineview.core.errors import WrongWords
from fineview.core.evidence import Task
from fineview.core.measured import ResultShelf
from fineview.core.modalities import PROPERTIES, ModalityGap, explain_gap, modality


def advise(wish: argparse.Namespace) -> Any:
    """Encoder and scale for a task, from stored results."""
    if wish.task is None or wish.name is not None:
        raise WrongWords("Advice is given for a task.", f"Give --task {'|'.join(Task)} and nothing else.")
    with opened(wish) as app:
        shelf = app.results()
        advice = app.advice(Task(wish.task), shelf)
    if wish.json:
        return advice_object(advice, shelf)
    print("\n".join(_advice_lines(advice, shelf)))
    return 0


def advice_object(advice: Advice, shelf: ResultShelf) -> dict[str, Any]:
    """The ``models advise`` object."""
    return {"task": str(advice.task), "measured": advice.measured, "encoder": _choice(advice.encoder),
            "scale": _choice(advice.scale), "figures": [_row(row) for row in advice.rows],
            "comparisons": [_choice(one) for one in advice.comparisons], "caveats": list(advice.caveats),
            "problems": [{"path": p.path, "code": p.code, "what": p.what, "remedy": p.remedy} for p in shelf.problems]}


def _choice(choice: Choice) -> dict[str, Any]:
    return {"recommended": choice.recommended, "verdict": choice.verdict, "words": choice.words,
            "reasons": list(choice.reasons)}


def _row(row: Row) -> dict[str, Any]:
    baseline = None if row.baseline is None else {"name": row.baseline[0], "value": row.baseline[1]}
    return {"encoder": {"name": row.encoder, "sha256": row.sha256, "at_hand": row.at_hand}, "scale": row.scale,
            "name": row.measure, "value": row.value, "unit": row.unit,
            "interval": list(row.interval) if row.interval else None, "n": row.n, "baseline": baseline,
            "better_than_baseline": row.better_than_baseline, "role": "cost" if row.cost else "quality",
            "better": "lower" if row.lower_is_better else "higher", "what": row.what, "data": row.data,
            "seed": row.seed, "made": row.made, "machine": row.machine, "software": row.software,
            "source": "own" if row.own else "shipped"}


def _advice_lines(advice: Advice, shelf: ResultShelf) -> list[str]:
    lines = [f"task {advice.task}"]
    for kind, choice in (("encoder", advice.encoder), ("scale", advice.scale)):
        lines.append(f"{kind:8} {choice.recommended or '-'}: {choice.words}")
        lines.extend(f"         {reason}" for reason in choice.reasons)
    for choice in advice.comparisons:
        lines.append(f"compared {choice.words}")
        lines.extend(f"         {reason}" for reason in choice.reasons)
    lines.extend(f"note     {caveat}" for caveat in advice.caveats)
    for made in dict.fromkeys((row.what, row.made, row.data, row.machine, row.own) for row in advice.rows):
        what, when, data, machine, own = made
        lines.append(f"source   evaluate {what}, {when}, {data}; {machine}; {'own' if own else 'shipped'}")
    lines.extend(f"problem  {p.path}: {p.what} {p.remedy}" for p in shelf.problems)
    if not advice.measured:
        lines.append("         Advice is given from stored results only: \"fineview evaluate WHAT --keep\" makes one.")
    return lines


def explain(wish: argparse.Namespace) -> Any:
    """Properties of two modalities, their gap, and how hard they are to align."""
    if not wish.name or not wish.other:
        raise WrongWords("Two modalities are needed.", "Example: fineview models explain-gap image text")
    found = explain_gap(modality(wish.name), modality(wish.other))
    if wish.json:
        return gap_object(found)
    first, second = found.first, found.second
    print(f"{'':12} {first.name:20} {second.name:20} difference")
    for prop in PROPERTIES:
        print(f"{prop.name:12} {first.properties[prop.name]:20} {second.properties[prop.name]:20} "
              f"{found.differences[prop.name]:.2f}   {prop.means}")
    print(f"gap {found.gap:.3f}, alignment difficulty {found.difficulty:.3f} (0 to 1, from a table, not measured)")
    print(found.meaning)
    return 0


def gap_object(found: ModalityGap) -> dict[str, Any]:
    """The ``models explain-gap`` object."""
    return {"modalities": [{"name": one.name, "properties": dict(one.properties)} for one in
                           (found.first, found.second)],
            "differences": dict(found.differences), "gap": round(found.gap, 6),
            "alignment_difficulty": round(found.difficulty, 6), "meaning": found.meaning,
            "source": "table of the handbook page modalities.md; nothing here is measured"}
