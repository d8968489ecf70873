"""The words the chat's decoder learns: its pieces, and question, plan and answer for one region, as data.

Questions come from the templates of :mod:`question_grammar`, typed as people type; answers from ``answers.txt``.
Which of an answer's wordings is learnt follows from the template that was asked with, so that the decoder answers in a
way that goes with the question.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fineview import paths
from fineview.core.intent import Asked, Intent
from fineview.core.labels import WORDS
from fineview.core.plan import FILLED, Plan, slot_of
from fineview.lab.question_grammar import Grammar, Template
from fineview.lab.question_noise import typed
from fineview.models.language.small_decoder import END, PAD, SPECIAL, UNKNOWN, ChatTokens

PIECES = 1024
_CORPUS = 24_000
_HERE = ("in the marked area", "here", "in this region")
_WHOLE = ("in this picture", "on this frame")
Answers = dict[tuple[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Spoken:
    """One question, what its answer says, and the words for it."""

    question: str
    plan: Plan
    answer: str


def read_answers(path: Path | None = None) -> Answers:
    """(kind, verdict) -> wordings, of ``answers.txt``.  Raises ``ValueError`` for a line with a digit in it."""
    found: dict[tuple[str, str], list[str]] = {}
    held: list[str] = []
    path = path or paths.resources_dir() / "chat" / "answers.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind, verdict = line.strip("[] ").split(" ")
            held = found.setdefault((kind, verdict), [])
        elif line.strip() and not line.startswith("#"):
            if re.search(r"\d", line):
                raise ValueError(f"an answer holds a digit: {line}")
            held.append(line.strip())
    return {key: tuple(lines) for key, lines in found.items()}


def wordings(answers: Answers, plan: Plan) -> tuple[str, ...]:
    """The wordings of a plan; those of "other" for kinds that are told as measured."""
    verdict = "label" if plan.verdict in WORDS else plan.verdict
    return answers.get((plan.asked, verdict)) or answers["other", verdict if verdict == "unsure" else "none"]


class Words:
    """Draws questions with their answers."""

    def __init__(self, grammar: Grammar, answers: Answers | None = None) -> None:
        self._grammar, self._answers = grammar, read_answers() if answers is None else answers
        self.meanings: dict[tuple[Asked, str | None], list[Template]] = {}
        for one in grammar.templates:
            self.meanings.setdefault((one.asked, one.slot), []).append(one)

    def draw(self, rng: np.random.Generator, asked: Asked, slot: str | None, label: str | None, verdict: str,
             whole: bool) -> Spoken:
        """``label``: what is asked for, where the kind has one; ``verdict``: see :class:`Plan`."""
        group = self.meanings[asked, slot]
        if label is not None:
            group = [one for one in group if "{l}" in one.text or "{L}" in one.text] or group
        template = group[int(rng.integers(len(group)))]
        text, intent = self._grammar.draw(template, rng, label)
        return self._spoken(typed(text, rng), template, intent, verdict, whole)

    def _spoken(self, text: str, template: Template, intent: Intent, verdict: str, whole: bool) -> Spoken:
        plan = Plan(intent.asked, slot_of(intent), verdict)
        lines, style = wordings(self._answers, plan), zlib.crc32(template.text.encode())
        places = _WHOLE if whole else _HERE
        name = verdict if verdict in WORDS else plan.slot
        said = lines[style % len(lines)].replace("{l}", name.replace("_", " "))
        return Spoken(text, plan, said.replace("{here}", places[style // 64 % len(places)]))


def corpus(words: Words, rng: np.random.Generator, count: int = _CORPUS) -> Iterator[str]:
    """Questions and answers of every meaning in equal parts, to learn pieces from."""
    meanings = sorted(words.meanings, key=str)
    for number in range(count):
        asked, slot = meanings[number % len(meanings)]
        verdict = str(rng.choice(("yes", "no", "unsure") if asked in ("presence", "brighter", "darker", "cut") else
                                 WORDS if asked == "what" else ("none", "unsure")))
        made = words.draw(rng, asked, slot, None, verdict, bool(rng.integers(2)))
        yield made.question.replace("<", " ")
        yield re.sub(r"<\w+>", " ", made.answer)


def make_tokens(words: Words, seed: int, pieces: int = PIECES, count: int = _CORPUS) -> ChatTokens:
    """Byte-pair pieces (Sennrich et al. 2016) of the training sentences, in lower case; every number is one "#".

    No piece holds a digit, so that none can be generated.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.BPE(unk_token=UNKNOWN))
    made.normalizer = normalizers.Sequence([
        normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace(Regex(r"\d+([.,]\d+)*"), "#")])
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(prepend_scheme="first"),
                                                  pre_tokenizers.Punctuation()])
    made.decoder = decoders.Metaspace(prepend_scheme="first")
    room = pieces - len(FILLED)
    trainer = trainers.BpeTrainer(vocab_size=room, special_tokens=list(SPECIAL), show_progress=False, limit_alphabet=80,
                                  initial_alphabet=list("abcdefghijklmnopqrstuvwxyz#?.,:-'"))
    made.train_from_iterator(corpus(words, np.random.default_rng([seed, 84]), count), trainer)
    made.add_tokens([AddedToken(one, special=False, normalized=False, lstrip=True) for one in FILLED])
    return ChatTokens(made)


def sequence(tokens: ChatTokens, spoken: Spoken) -> tuple[list[int], int]:
    """Pieces of question, plan, answer and end; and where the plan begins."""
    asked, plan = tokens.question(spoken.question), tokens.plan(spoken.plan)
    end = tokens.number(END)
    assert end is not None
    return [*asked, *plan, *tokens.ids(spoken.answer, special=False), end], len(asked)


PADDING = SPECIAL.index(PAD)
