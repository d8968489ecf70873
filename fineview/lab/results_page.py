"""The handbook's results page, made from the shipped result files: ``python -m fineview.lab.results_page``.

The same command makes the cards beside the shipped weights (:mod:`model_card`).

Numbers come from ``resources/results/*.json`` and nothing else; the words beside them, above all why a goal was
missed, from ``resources/handbook/results/WHAT.md``.  A house test makes the page again and compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fineview import paths
from fineview.core.measured import StoredResult
from fineview.lab.figure_tables import missed_by as missed_by
from fineview.lab.figure_tables import table
from fineview.lab.model_card import write_all
from fineview.services.advise import newest
from fineview.store.results import read_results

# what was scored -> title, in the order of the page; a section appears when its result exists
TITLES: Mapping[str, str] = {
    "lesions": "Lesions on photographs", "encoders": "Encoders beside each other", "fusion": "Ways of fusion",
    "ablations": "What earns its place",
    "seams": "Tile seams", "retrieval": "Finding pictures by words", "maps": "Heat maps", "scales": "Scales",
    "words": "Word by word", "deployment": "Light deployment", "layers": "Layer lines", "chat": "Answers",
    "card": "A part of the card, measured again by models verify", "bench-vision": "Speed"}
HEAD = (
    "# Results\n\n"
    "Made by `python -m fineview.lab.results_page` from the files in `resources/results`; do not edit. Each section "
    "names the command that made it, when, on what, with which weights and on which machine. Intervals of scores are "
    "95 %, those of timings go from the smallest to the largest. A goal is met when the value is on its good side, and "
    "undecided where the evaluation says so; where it is missed, the text below the table says by how much and why. "
    "Figures of other people's documents are goals, never results.\n")


def page(results: Sequence[StoredResult], comments: Mapping[str, str]) -> str:
    """The whole page as Markdown; ``comments``: what was scored -> the hand-written text for its section."""
    found = sorted(newest(results), key=lambda one: (_rank(one.what), one.data, one.made))
    words = list(dict.fromkeys(one.what for one in found))
    if not words:
        return f"{HEAD}\nNo result is shipped yet.\n"
    index = "\n".join(f"- [{_title(word)}](#{_anchor(_title(word))})" for word in words)
    sections = [_section(word, [one for one in found if one.what == word], comments.get(word, "")) for word in words]
    return f"{HEAD}\n{index}\n\n" + "\n".join(sections)


def _rank(what: str) -> tuple[int, str]:
    order = list(TITLES)
    return (order.index(what) if what in order else len(order), what)


def _title(what: str) -> str:
    return TITLES.get(what, what)


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _section(what: str, results: Sequence[StoredResult], comment: str) -> str:
    parts = [f"## {_title(what)}\n"]
    for one in results:
        parts += [_origin(one) + "\n", table(one.figures) + "\n"]
        missed = [words for figure in one.figures if (words := missed_by(figure))]
        if missed:
            parts.append(f"Missed: {'; '.join(missed)}.\n")
    if comment:
        parts.append(comment.strip() + "\n")
    return "\n".join(parts)


def _origin(one: StoredResult) -> str:
    command = one.what.replace("-", " ", 1) if one.what.startswith("bench-") else f"evaluate {one.what}"
    weights = f"{one.encoder.name} {one.encoder.sha256[:8]}" if one.encoder else "trained by the evaluation itself"
    return (f"`fineview {command}`, {one.made[:10]}, {one.software}. Data: {one.data}. Weights: {weights}. "
            f"Seed {one.seed}. Machine: {one.machine}.")


def read_comments(folder: Path) -> dict[str, str]:
    """The hand-written texts of ``folder``, by what was scored."""
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.md"))}


def current(resources: Path) -> str:
    """The page as the shipped results and comments want it now.  Raises the first problem of a result file."""
    shelf = read_results(resources / "results", Path("no person's own results"))
    if shelf.problems:
        raise ValueError(f"{shelf.problems[0].path}: {shelf.problems[0].what}")
    return page(shelf.results, read_comments(resources / "handbook" / "results"))


if __name__ == "__main__":
    (paths.resources_dir() / "handbook" / "results.md").write_text(current(paths.resources_dir()), "utf-8")
    write_all()  # the cards beside the weights are made of the same files
