"""How free wording is read: the rules and the trained reader on the paraphrases that nothing was trained on."""

from __future__ import annotations

from collections.abc import Callable

from fineview.core.intent import KINDS, Intent
from fineview.lab.chat_desk import Told, share
from fineview.lab.figures import Figure
from fineview.lab.question_grammar import Paraphrase

Read = Callable[[str], Intent]
_SILENT = ("outside", "unknown")


def reading_figures(paraphrases: tuple[Paraphrase, ...], readers: dict[str, Read], seed: int) -> list[Figure]:
    """For the last of ``readers``, with the others as baselines: what is read rightly inside the field, what is refused
    there, what outside is left unanswered, and the share read rightly of each kind."""
    told = {name: [_told(number, one, read) for number, one in enumerate(paraphrases)]
            for name, read in readers.items()}
    *others, ours = told
    inside = [k for k, one in enumerate(paraphrases) if one.intent.asked not in _SILENT]
    outside = [k for k, one in enumerate(paraphrases) if one.intent.asked in _SILENT]

    def figure(name: str, places: list[int], hit: Callable[[Told], bool], goal: float | None = None,
               higher: bool = True, fixed: dict[str, float | None] | None = None) -> Figure:
        known = {other: sum(hit(told[other][k]) for k in places) / max(len(places), 1) for other in others}
        return share(name, [told[ours][k] for k in places], hit, seed, goal, higher, {**known, **(fixed or {})})

    made = [figure("understood_inside_its_field", inside, lambda one: one.right),
            figure("refused_inside_its_field", inside, lambda one: one.said is None, 0.05, False,
                   {"always abstain": 1.0}),
            figure("misread_inside_its_field", inside, lambda one: one.said is not None and not one.right),
            figure("abstains_outside_its_field", outside, lambda one: one.said is None, 0.95,
                   fixed={"always abstain": 1.0})]
    for kind in KINDS:
        mine = [k for k in inside if paraphrases[k].intent.asked == kind]
        if mine:
            made.append(figure(f"understood_{kind}", mine, lambda one: one.right))
    return made


def _told(number: int, one: Paraphrase, read: Read) -> Told:
    """``said`` None: the question would be left unanswered, as outside the field or not understood."""
    found = read(one.text)
    said = None if found.asked in _SILENT else str(found.meaning())
    return Told(number, one.intent.asked, str(one.intent.meaning()), said)
