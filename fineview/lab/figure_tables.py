"""Measured figures as Markdown tables, and which of them missed their goals, in words."""

from __future__ import annotations

from collections.abc import Sequence

from fineview.core.measured import Figure

COLUMNS = 6  # baselines beyond this many are written in one cell


def table(figures: Sequence[Figure]) -> str:
    """One row a figure, one column a baseline, or all baselines in one cell where there are many."""
    names = list(dict.fromkeys(name for one in figures for name in one.baselines))
    goals = any(one.goal is not None for one in figures)
    many = len(names) > COLUMNS
    columns = ["figure", "value", "interval", "n", *(["goal"] if goals else []), *(["beside"] if many else names)]
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for one in figures:
        beside = [_number(one.baselines.get(name)) for name in names]
        if many:
            known = [f"{name} {_number(value)}" for name, value in one.baselines.items() if value is not None]
            beside = [", ".join(known) or "-"]
        unit = "" if one.unit in ("", "fraction", "ratio") else f" {one.unit}"
        goal = [_goal(one)] if goals else []
        value = _number(one.value) + ("" if one.value is None else unit)
        cells = [one.name, value, _span(one), str(one.n), *goal, *beside]
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)


def missed_by(one: Figure) -> str:
    """"f1_drusen 0.31 against 0.4 (by 0.09)" where a goal was missed, else ""."""
    if one.met is not False or one.value is None or one.goal is None:
        return ""
    if _number(one.value) == _number(one.goal):
        return f"{one.name} {_number(one.value)}, level with its goal and not beyond it"
    return f"{one.name} {_number(one.value)} against {_number(one.goal)} (by {_number(abs(one.value - one.goal))})"


def _goal(one: Figure) -> str:
    if one.goal is None:
        return "-"
    return f"{_number(one.goal)} {'met' if one.met else 'undecided' if one.met is None else 'missed'}"


def _span(one: Figure) -> str:
    return f"{_number(one.interval[0])} to {_number(one.interval[1])}" if one.interval else "-"


def _number(value: float | None) -> str:
    """Three decimals below ten, fewer above: the digits that a reader compares."""
    if value is None:
        return "-"
    if value and abs(value) < 0.001:
        return f"{value:.2g}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else f"{value:,.0f}"
