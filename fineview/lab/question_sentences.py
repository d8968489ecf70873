"""The sentences that the reader learns from, each with its truths: some made by templates, some written by hand.

Templates say the same thing in many words, but in one tone; people do not.  So a part of what is learnt are questions
written freely (``written.tsv``), each met again and again, typed anew every time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fineview.core.intent import Intent
from fineview.lab.question_grammar import Grammar, Paraphrase, Template
from fineview.lab.question_noise import typed
from fineview.models.language.question_reader import MEANINGS, NAMED, NAMES

BY_HAND = 0.3  # share of the sentences that were written by hand


@dataclass(frozen=True, slots=True, eq=False)
class Sentences:
    """``meaning``, ``name`` int64 (n,): the truths; name -1 where none counts."""

    texts: tuple[str, ...]
    intents: tuple[Intent, ...]
    meaning: npt.NDArray[np.int64]
    name: npt.NDArray[np.int64]


def told(texts: tuple[str, ...], intents: tuple[Intent, ...]) -> Sentences:
    return Sentences(texts, intents, np.array([place(one) for one in intents]),
                     np.array([NAMES.index(one.label) if one.asked in NAMED else -1 for one in intents]))


def sentences(grammar: Grammar, count: int, seed: int) -> Sentences:
    """``count`` typed sentences; every meaning equally often, the templates of a meaning too."""
    rng = np.random.default_rng([seed, 71])
    groups: dict[int, list[Template]] = {}
    for one in grammar.templates:
        groups.setdefault(place(grammar.intent(one, None)), []).append(one)
    kinds, drawn = sorted(groups), []
    # Presence has ten labels to learn beside its meaning, so it is drawn more often.
    share = np.array([4.0 if MEANINGS[k].asked in ("presence", "count") else 1.0 for k in kinds])
    for kind in rng.choice(kinds, count, p=share / share.sum()):
        group = groups[int(kind)]
        text, intent = grammar.draw(group[int(rng.integers(len(group)))], rng)
        drawn.append((typed(text, rng), intent))
    return told(*zip(*drawn, strict=True))


def place(intent: Intent) -> int:
    """The number of the meaning."""
    bare = Intent(intent.asked, None, intent.target, intent.topic)
    return MEANINGS.index(bare)


def by_hand(questions: tuple[Paraphrase, ...]) -> Sentences:
    made = told(tuple(one.text for one in questions), tuple(one.intent for one in questions))
    # Its headings name labels only where an answer hangs on them.
    counts = np.array([one.intent.asked in ("presence", "count") for one in questions])
    return replace(made, name=np.where(counts, made.name, -1))


def lesson(grammar: Grammar, written: tuple[Paraphrase, ...], count: int, seed: int) -> Sentences:
    """``count`` typed sentences, ``BY_HAND`` of them from ``written``, every question of it about equally often."""
    rng = np.random.default_rng([seed, 75])
    many = int(count * BY_HAND)
    turns = -(-many // len(written))
    places = np.concatenate([rng.permutation(len(written)) for _ in range(turns)])[:many]
    made, drawn = sentences(grammar, count - many, seed), \
        by_hand(tuple(replace(written[k], text=typed(written[k].text, rng)) for k in places))
    return Sentences(made.texts + drawn.texts, made.intents + drawn.intents,
                     np.concatenate([made.meaning, drawn.meaning]), np.concatenate([made.name, drawn.name]))
