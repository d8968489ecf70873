"""What the chat's decoder by itself holds for true of a region, and how much that counts beside the evidence.

It is asked in one plain sentence for each meaning, whatever a person's words were, so that a verdict hangs on what was
meant and on nothing that was typed.  Its answer is the logits of the verdict's token, kind and slot given.

``model.json`` says under "verdicts" how a verdict is made for each kind of picture and of question: its log odds are
``encoder`` times those of the evidence plus ``decoder`` times these.  Training chooses the numbers (:mod:`chat_rules`);
where none stand there, the evidence decides alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from fineview.core.intent import ANY_LESION, Asked
from fineview.core.labels import DOMAINS, WORDS
from fineview.core.plan import NO_SLOT, Plan
from fineview.models.language.small_decoder import ChatTokens, plan_words

JUDGED: tuple[Asked, ...] = ("presence", "what")
_MOST, _HOTTEST = 10.0, 20.0


@dataclass(frozen=True, slots=True)
class Weighing:
    """``encoder``, ``decoder``: what the log odds of each are multiplied by before they are added.
    ``temperature``: what the decoder's are divided by where it is scored alone."""

    encoder: float = 1.0
    decoder: float = 0.0
    temperature: float = 1.0


EVIDENCE_ALONE = Weighing()
Weighings = Mapping[tuple[str, str], Weighing]


def read_weighings(facts: Mapping[str, Any]) -> Weighings:
    """(kind of picture, kind of question) -> how its verdicts are made.  Raises ``ValueError`` for what is odd."""
    return {(domain, asked): _weighing(held)
            for domain, questions in _held(facts.get("verdicts", {}), DOMAINS).items()
            for asked, held in _held(questions, JUDGED).items()}


def _weighing(held: Any) -> Weighing:
    numbers = _held(held, tuple(one.name for one in fields(Weighing)))
    if not all(type(one) in (int, float) for one in numbers.values()) or not {"encoder", "decoder"} <= set(numbers):
        raise ValueError("verdicts")
    made = Weighing(**numbers)
    fits = 0 <= made.encoder <= _MOST and 0 <= made.decoder <= _MOST and made.encoder + made.decoder > 0
    if not fits or not 1 / _HOTTEST < made.temperature < _HOTTEST:
        raise ValueError("verdicts")
    return made


def _held(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or not set(value) <= set(names):
        raise ValueError("verdicts")
    return value


def plain_question(asked: Asked, word: str | None) -> str:
    return "what is this?" if asked == "what" else f"is there {(word or ANY_LESION).replace('_', ' ')}?"


def prompt(tokens: ChatTokens, asked: Asked, word: str | None) -> list[int]:
    """The plain question and the plan up to the verdict.  Raises ``KeyError`` for a word that it does not know."""
    slot = (word or ANY_LESION) if asked == "presence" else NO_SLOT
    return [*tokens.question(plain_question(asked, word)), *_numbers(tokens, plan_words(Plan(asked, slot, "none"))[:3])]


def own_log_odds(logits: Tensor, tokens: ChatTokens, asked: Asked) -> Tensor:
    """From logits (B, vocabulary) where the verdict is told: (B, 1) of yes against no, or (B, 8) of each of ``WORDS``
    against the others; float32."""
    words = WORDS if asked == "what" else ("yes", "no")
    told = logits.float()[:, _numbers(tokens, [f"<verdict {word}>" for word in words])]
    if asked != "what":
        return told[:, :1] - told[:, 1:]
    rest = [torch.cat([told[:, :n], told[:, n + 1:]], 1).logsumexp(1) for n in range(len(words))]
    return told - torch.stack(rest, 1)


def _numbers(tokens: ChatTokens, pieces: tuple[str, ...] | list[str]) -> list[int]:
    found = [tokens.number(one) for one in pieces]
    if None in found:
        raise KeyError(pieces)
    return [one for one in found if one is not None]
