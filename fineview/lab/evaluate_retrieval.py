"""``fineview evaluate retrieval``: pictures and captions matched by two towers, decoupled and joint attention.

Three matchers with the same backbones, start, pairs, batches and number of steps; the joint control scores each pair
of a batch in a pass of its own, so the batch all three share is small.  The two towers, which need no such pass, are
also trained as CLIP is, on larger batches (``clip``).  Each is scored on two sets of 64 pairs of distinct facts:

* ``seen``: 64 of the training pairs, in new pictures of them (mirrored, turned, cropped, recoloured) and new words;
* ``held-out``: 64 pairs whose facts, mirrored or not, no training pair has, as they are.

``--steps`` sets the shared number of steps, and that of ``clip`` and of the common start; ``--only`` picks rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from torch import Tensor

from fineview.core.errors import WrongWords
from fineview.lab.caption_facts import Facts, draw_facts
from fineview.lab.captions import Captioned, captioned, distinct_seeds
from fineview.lab.evaluate import Request
from fineview.lab.figures import Figure, Figures, judged, machine_words
from fineview.lab.marked_start import mark_cells
from fineview.lab.matching import WORDING, Budget, Trained, train_matcher
from fineview.lab.naming import naming_figure
from fineview.lab.pair_stream import SIZE, PairStream, drawn, word_pieces
from fineview.lab.retrieval_models import build_matcher
from fineview.lab.retrieval_scores import Array, hits, mean_of, recalls, table

SCORED = 64
GOAL = 0.9
Progress = Callable[[float, float, str], None]
ROWS = ("clip", "two-towers", "decoupled", "coupled")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything; ``steps`` on the command line replaces the three counts of steps."""

    pairs: int = 1024
    scored: int = SCORED
    start_steps: int = 1500
    shared: Budget = Budget(1000, 16)
    clip: Budget = Budget(2200, 64)

    def shortened(self, steps: int) -> Plan:
        return replace(self, start_steps=min(steps, self.start_steps), shared=Budget(steps, self.shared.batch),
                       clip=Budget(steps, self.clip.batch))


@dataclass(frozen=True, slots=True)
class Material:
    """The pairs of one seed."""

    training: Sequence[Captioned]
    seen: Sequence[Captioned]
    held_out: Sequence[Captioned]
    single: Sequence[Captioned]


def run(request: Request) -> Figures:
    """Train and score the rows.  Raises ``WrongWords`` for a row that is none."""
    if wrong := [row for row in request.only if row not in ROWS]:
        raise WrongWords(f"\"{wrong[0]}\" is no row of this table.", f"Rows are: {', '.join(ROWS)}.")
    plan = Plan() if request.steps is None else Plan().shortened(request.steps)
    return Figures(tuple(compare(plan, request.seed, request.only or ROWS, request.progress)), request.seed,
                   machine_words(), f"{plan.pairs} captioned phantoms to learn from, {plan.scored} held out, "
                   f"{plan.shared.steps} steps of {plan.shared.batch} pairs, clip {plan.clip.steps} of "
                   f"{plan.clip.batch}, seed {request.seed}")


def compare(plan: Plan, seed: int, rows: Sequence[str], tell: Progress) -> list[Figure]:
    """All figures of the wanted rows."""
    parts = len(rows) + 2
    made = material(plan, seed, lambda done: tell(done / plan.pairs, parts, "painting pairs"))
    start, marked = common_start(made, plan, seed, lambda step: tell(1 + step / plan.start_steps, parts, "marking"))
    figures = [Figure("start.marking.f1", marked, "fraction", 32)]
    tables: dict[str, Array] = {}
    for number, row in enumerate(rows, start=2):
        budget = plan.clip if row == "clip" else plan.shared
        told = partial(_told, tell, row, number, parts, budget.steps)
        trained = train_matcher("two-towers" if row == "clip" else row, start, made.training, word_pieces(), budget,
                                seed, told)
        tables[row] = _scores(trained, made.held_out)
        figures += _row(row, trained, made, tables[row], budget, seed)
    if {"decoupled", "coupled"} <= tables.keys():
        figures.append(difference(tables["decoupled"], tables["coupled"], seed))
    return figures


def _told(tell: Progress, row: str, at: int, parts: int, steps: int, step: int) -> None:
    tell(at + step / steps, parts, f"training {row}")


def _row(row: str, trained: Trained, made: Material, held: Array, budget: Budget, seed: int) -> list[Figure]:
    seen = recalls(f"{row}.seen", _scores(trained, made.seen), seed)
    if row == "clip":
        seen = [judged(one, GOAL) if one.name.endswith("r@1") else one for one in seen]
    found = [*seen, *recalls(f"{row}.held-out", held, seed)]
    if row in ("clip", "two-towers"):  # a class is some dozens of prompts: the joint control would take an hour
        found.append(naming_figure(f"{row}.names-single-lesions", trained.model, word_pieces(), made.single, seed))
    return [*found, Figure(f"{row}.training", trained.cpu_s, "cpu s", budget.steps * budget.batch)]


def _scores(trained: Trained, pairs: Sequence[Captioned]) -> Array:
    return table(trained.model, word_pieces(), [pair.words for pair in pairs], pairs)


def difference(ours: Array, theirs: Array, seed: int) -> Figure:
    """R@1 of held-out texts to pictures, decoupled less coupled; ``met`` where the whole interval lies above 0."""
    figure = mean_of("decoupled-minus-coupled.held-out.text-to-image.r@1", hits(ours, 1) - hits(theirs, 1), seed, {})
    low = figure.interval[0] if figure.interval is not None else None
    return replace(figure, goal=0.0, met=None if low is None else low > 0)


def material(plan: Plan, seed: int, told: Callable[[int], None]) -> Material:
    """The pairs of this seed; no picture is in two of the four sets."""
    first = 1_000_000 * (seed + 1)
    training = drawn(first, plan.pairs, told)
    known = {facts for pair in training for facts in (pair.facts, _other_eye(pair.facts))}
    seen = PairStream(training[:plan.scored], plan.scored, seed + 1, replace(WORDING, deletion=0.0)).pairs(0)
    held_out = (captioned(number, SIZE) for number in distinct_seeds(first + 500_000, SIZE)
                if draw_facts(number) not in known)
    single = [captioned(first + 900_000 + number, SIZE, kinds=1) for number in range(plan.scored)]
    return Material(training, seen, list(islice(held_out, plan.scored)), single)


def _other_eye(facts: Facts) -> Facts:
    return replace(facts, side="L" if facts.side == "R" else "R")


def common_start(made: Material, plan: Plan, seed: int, told: Callable[[int], None]
                 ) -> tuple[dict[str, Tensor], float]:
    """The image backbone all matchers start from, and how well its last batch was marked (F1)."""
    backbone = build_matcher("two-towers", len(word_pieces().vocabulary), seed).image.backbone  # type: ignore[union-attr]
    marked = mark_cells(backbone, made.training, plan.start_steps, seed, told)
    return {name: value.detach().clone() for name, value in backbone.state_dict().items()}, marked
