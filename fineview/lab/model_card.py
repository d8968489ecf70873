"""The README beside the embedded weights, made from what is stored: ``python -m fineview.lab.model_card``.

Facts come from ``model.json``, figures from ``resources/results`` where they name the sha256 of these very weights,
words from ``card.toml``.  New weights need no hand-edited figure: what was measured on other weights goes away, and
what nobody measured is said.  A test makes the page again and compares.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fineview import paths
from fineview.core.card import ModelCard
from fineview.core.measured import Figure, StoredResult
from fineview.core.promises import OperatingCurve, Reliability
from fineview.core.report import INTENDED_USE
from fineview.lab.figure_tables import missed_by, table
from fineview.models.card_words import read_card_words
from fineview.models.shelf import entry, facts_of
from fineview.models.weights import TENSORS
from fineview.services.model_card import model_card
from fineview.store.results import read_picture, read_results

SHOWN = ("lesions", "layers", "chat", "card")  # the others stand on the results page
FROM_THE_CARD = "../../"  # from resources/weights/NAME to resources
MADE = ("Made by `python -m fineview.lab.model_card` from `model.json`, `card.toml` and the results that name this "
        "sha256; do not edit.")
NEEDED = ("f1", "aupr", "pointing", "presence_auroc", "false_alarms", "sensitivity", "ece")


def readme(card: ModelCard, size_bytes: int) -> str:
    """The whole card as Markdown.  ``size_bytes``: of the file of weights."""
    own = {one.what for one in card.results}
    parts = [f"# {card.entry.name} {card.entry.version}", INTENDED_USE, MADE, _facts(card, size_bytes), "## What it is",
             card.words.what, "## What it was trained on", _sources(card), card.words.data_notes,
             "## What it reaches on data it was not trained on", _how(card)]
    for what in SHOWN:
        parts += [_measured(one) for one in card.results if one.what == what]
    rest = sorted(own - set(SHOWN))
    if rest:
        parts.append(f"Also measured on these weights, on the [results page]({FROM_THE_CARD}handbook/results.md): "
                     f"{', '.join(rest)}.")
    parts += [*_promises(card), *_failures(card), "## Limits", "\n".join(f"- {one}" for one in card.words.limits)]
    if card.own_notes:
        parts += ["## Notes on this file of weights", "\n".join(f"- {one}" for one in card.own_notes)]
    if card.unknown:
        parts += ["## What is not known", "\n".join(f"- {one}" for one in card.unknown)]
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def _facts(card: ModelCard, size_bytes: int) -> str:
    rows = dict(card.facts)
    lines = [f"File: `{TENSORS}`, sha256 `{card.entry.sha256}`, {size_bytes / 1e6:.0f} MB",
             f"Licence of these weights: {card.entry.licence} "
             f"([why]({FROM_THE_CARD}handbook/decisions/0003-licence-of-code-and-weights.md)). The code is Apache-2.0."]
    lines += [f"{name}: {rows[name]}" for name in ("Steps of training", "Kept from training", "Domain head")
              if name in rows]
    lines.append(f"Recipe: {card.words.recipe}")
    return "\n".join(f"- {line}" for line in lines)


def _sources(card: ModelCard) -> str:
    return "\n".join(["| data | licence | use |", "|---|---|---|",
                      *(f"| {one.data} | {one.licence} | {one.use} |" for one in card.words.trained_on)])


def _how(card: ModelCard) -> str:
    if not card.results:
        return "Nothing was measured on these weights yet."
    return ("Intervals are 95 % bootstraps over pictures. A peak of a map, or a suggestion, is right where it falls "
            "into a box or a drawn lesion. Loose boxes were drawn around larger lesions and groups of them. "
            "\"classical\" is a detector without training (top-hat, vessels opened away). "
            f"Every figure with its machine stands on the [results page]({FROM_THE_CARD}handbook/results.md).")


def _measured(one: StoredResult) -> str:
    figures = [figure for figure in one.figures if figure.value is not None and _is_needed(one, figure)]
    missed = [words for figure in one.figures if (words := missed_by(figure))]
    origin = f"`fineview evaluate {one.what}`, {one.made[:10]}, seed {one.seed}: {one.data}."
    return "\n\n".join([origin, table(figures), *([f"Missed: {'; '.join(missed)}."] if missed else [])])


def _is_needed(one: StoredResult, figure: Figure) -> bool:
    return one.what != "lesions" or figure.name.startswith(NEEDED)


def _promises(card: ModelCard) -> Iterable[str]:
    """Where suggestions begin, and how reliable scores are."""
    curves = [(curve, one) for one in card.results for curve in one.curves if curve.points]
    if curves:
        yield "## What a suggestion's score promises"
        yield ("Suggestions begin at the threshold in the first column; the window shows the same for every higher "
               "score.")
        yield "\n".join(["| label | from score | precision | recall | lesions | pictures | data |",
                         "|---|---|---|---|---|---|---|", *(_curve_row(curve, one) for curve, one in curves)])
    if card.reliability:
        yield "Expected calibration error (ten bins; regions: half of them hold the label):"
        yield "\n".join(["| probability of | label | ECE | n | data |", "|---|---|---|---|---|",
                         *(_reliability_row(found, one) for found, one in card.reliability)])


def _curve_row(curve: OperatingCurve, one: StoredResult) -> str:
    point, label = curve.points[0], curve.label.replace("_", " ")
    precision = "-" if point.precision is None else f"{point.precision:.2f}{_span(point.precision_interval)}"
    recall = curve.recall(point)
    found = "-" if recall is None else f"{recall:.2f}{_span(point.recall_interval)}"
    return f"| {label} | {point.score:.2f} | {precision} | {found} | {curve.lesions} | {curve.pictures} | {one.data} |"


def _reliability_row(found: Reliability, one: StoredResult) -> str:
    label = found.label.replace("_", " ") or "all lesions"
    return f"| {found.of} | {label} | {found.ece:.3f} | {found.n} | {one.data} |"


def _span(interval: tuple[float, float] | None) -> str:
    return f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else ""


def _failures(card: ModelCard) -> Iterable[str]:
    if card.pictures:
        yield "## Failures"
        yield "Chosen by rule: the largest lesion missed and the surest wrong suggestion of each label."
        yield "\n\n".join(f"![{one.example.words}]({FROM_THE_CARD}results/{one.example.file}) {one.example.words}. "
                          f"{one.example.source[:1].upper()}{one.example.source[1:]}." for one in card.pictures)


def current(name: str, resources: Path) -> str:
    """The card of a shipped encoder as its stored facts, figures and words want it now."""
    folder, results = resources / "weights" / name, resources / "results"
    shelf = read_results(results, Path("no person's own results"))
    card = model_card(entry(folder), read_card_words(folder), facts_of(folder), shelf.results,
                      lambda _, file: read_picture(results, file))
    return readme(card, (folder / TENSORS).stat().st_size)


def write_all() -> None:
    """Every shipped encoder that has words."""
    for words in sorted(paths.weights_dir().glob("*/card.toml")):
        (words.parent / "README.md").write_text(current(words.parent.name, paths.resources_dir()), "utf-8")


if __name__ == "__main__":
    write_all()
