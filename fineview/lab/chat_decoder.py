"""The evidence, the chat's decoder by itself, and the chat, which weighs the two: the same questions on the same
scenes.  And the decoder's wording.

``decoder_...`` rows score what the decoder alone would answer, ``evidence_...`` rows the evidence alone; the product's
own are the rows without either.  ``gain_...`` rows are the product less the evidence, question by question.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fineview.core.dialogue import Answer, Answered
from fineview.core.evidence import ModelIdentity
from fineview.core.geometry import Box
from fineview.core.intent import KINDS, Asked, Intent
from fineview.core.labels import WORDS, label_for
from fineview.core.plan import NO_SLOT, Plan
from fineview.lab.chat_desk import Desk, Told, share
from fineview.lab.chat_reading import reading_figures
from fineview.lab.chat_silence import blank
from fineview.lab.chat_verdicts import (
    Verdicts,
    calibration_figure,
    collect_beside,
    gain,
    naming_figures,
    presence_figures,
)
from fineview.lab.figures import Figure, judged
from fineview.lab.question_grammar import Grammar, Paraphrase
from fineview.lab.question_pairs import Asking, Pair
from fineview.lab.question_regions import overlaps, twins
from fineview.lab.question_scenes import Scene
from fineview.models.language.own_verdict import plain_question
from fineview.models.language.phraser import ChatPhraser
from fineview.services.answering import settled
from fineview.services.ground import SURE, no_phraser
from fineview.services.phrasing import worded
from fineview.services.verdicts import asked_for

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ON_ENCODER = frozenset({"presence", "what", "count", "distance", "where"})
BLANKS = 9


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """The decoder as if its view were all there is, by the temperature that belongs to such questions."""

    phraser: ChatPhraser

    @property
    def identity(self) -> ModelIdentity:
        return self.phraser.identity

    @property
    def encoder_sha256(self) -> str:
        return self.phraser.encoder_sha256

    def weights(self, domain: str, asked: Asked) -> tuple[float, float]:
        return 0.0, 1 / self.phraser.weighed(domain, asked).temperature

    def log_odds(self, encoding: Any, box: Box | None, asked: Asked, words: Sequence[str]) -> Mapping[str, float]:
        return self.phraser.log_odds(encoding, box, asked, words)

    def phrase(self, *_: Any) -> None:
        """It is not asked for words."""


@dataclass(frozen=True, slots=True, eq=False)
class Ungated(Desk):
    """Asks the decoder about presence where the product is silent: another domain, off the retina, blank."""

    def ask(self, scene: Scene, intent: Intent, box: Box | None) -> Answer:
        ground, alone = self.ground(scene, intent, box), self.phraser()
        assert alone is not None
        encoding = self.encodings.encode(self.engine, ground.request.raster, ground.token)
        words = [word for word in WORDS if asked_for(intent, word)]
        domains = [label_for(word).domain for word in words]
        odds = alone.log_odds(encoding, box, "presence", words)
        seen = max(odds[word] * alone.weights(domain, "presence")[1]
                   for word, domain in zip(words, domains, strict=True))
        sure = abs(seen) >= math.log(SURE / (1 - SURE))
        return Answer(ground.question, "", verdict=("yes" if seen > 0 else "no") if sure else "cannot tell",
                      abstained=not sure)


def verdicts(desk: Desk, phraser: ChatPhraser, scenes: Iterable[Scene], kind: str, seed: int) -> list[Figure]:
    """Rows of the evidence and of the decoder alone, and what the product gains over the evidence in pairs."""
    names = ("evidence", "decoder", "chat")
    desks = (replace(desk, phraser=no_phraser), replace(desk, phraser=lambda: Alone(phraser)), desk)
    told = dict(zip(names, collect_beside(desks, scenes, seed), strict=True))
    rows = {name: _rows(one, kind, seed) for name, one in told.items()}
    chat = {one.name: one.value for one in rows["chat"]}
    found = [replace(one, name=f"{name}_{one.name}", goal=None, met=None,
                     baselines={**one.baselines, "chat": chat[one.name]}) for name in names[:2] for one in rows[name]]
    return [*found, gain(f"gain_over_evidence_presence_{kind}", told["evidence"].presence, told["chat"].presence, seed),
            gain(f"gain_over_evidence_what_is_it_{kind}", told["evidence"].naming, told["chat"].naming, seed)]


def _rows(made: Verdicts, kind: str, seed: int) -> list[Figure]:
    changed = share(f"changes_when_the_image_is_swapped_{kind}", made.swapped, lambda one: one.said != "yes", seed)
    return [*presence_figures(made.presence, kind, seed, False), *naming_figures(made.naming, kind, seed, False),
            calibration_figure(f"calibration_error_{kind}", made.presence, seed, None), changed]


def alone_on_blank(desk: Desk, phraser: ChatPhraser, seed: int) -> Figure:
    """How often the decoder, never gated, says that something is there on a blank picture."""
    told = blank(Ungated(desk.engine, desk.encodings, lambda: Alone(phraser)), BLANKS, seed)
    return share("decoder_alone_present_on_a_blank_image", told, lambda one: one.said == "yes", seed)


def reading(phraser: ChatPhraser, desk: Desk, scene: Scene, paraphrases: tuple[Paraphrase, ...], seed: int
            ) -> list[Figure]:
    ground = desk.ground(scene, Intent("unknown"), None)
    encoding = desk.encodings.encode(desk.engine, ground.request.raster, ground.token)

    def read(text: str) -> Intent:
        return meant(*phraser.read(encoding, None, text))

    return [replace(one, name=f"decoder_{one.name}", goal=None, met=None)
            for one in reading_figures(paraphrases, {"decoder": read}, seed)[:4]]


def meant(kind: str, slot: str) -> Intent:
    """The intent that a plan's first two words name."""
    asked = next(one for one in KINDS if one == kind)
    held = None if slot == NO_SLOT else slot
    if asked in ("presence", "count"):
        return Intent(asked, held)
    return Intent(asked, topic=held) if asked == "outside" else Intent(asked, target=held)


def wording(desk: Desk, phraser: ChatPhraser, scenes: Iterable[Scene], grammar: Grammar, seed: int) -> list[Figure]:
    """Of answers that stand on the encoder: how many are in the decoder's words, whether their numbers are the measured
    ones, and how soon the first word is there once the answer is settled."""
    used, numbers, seconds = list[Told](), list[Told](), list[float]()
    for number, scene in enumerate(scenes):
        for pair in Asking(grammar, scene, seed + number).pairs():
            if pair.intent.asked not in _ON_ENCODER or pair.keeps:
                continue
            plain, answered, first = _said(desk, phraser, scene, pair)
            if plain.model is None:
                continue
            used.append(Told(number, pair.intent.asked, "decoder", "decoder" if answered.spoken_by else "template"))
            if answered.spoken_by is not None:
                same = set(_NUMBER.findall(answered.answer.text)) <= set(_NUMBER.findall(plain.text))
                numbers.append(Told(number, pair.intent.asked, "same", "same" if same else "other"))
                seconds.append(first)
    quick = [float(np.quantile(seconds, part)) for part in (0.1, 0.5, 0.9)] if seconds else [0.0] * 3
    return [share("decoder_words_used", used, lambda one: one.right, seed),
            share("decoder_numbers_are_those_measured", numbers, lambda one: one.right, seed, 1.0),
            judged(Figure("decoder_first_words_seconds", quick[1], "s", len(seconds), (quick[0], quick[2])), 0.5,
                   higher_is_better=False)]


def _said(desk: Desk, phraser: ChatPhraser, scene: Scene, pair: Pair) -> tuple[Answer, Answered, float]:
    """The template's answer, the worded one, and the seconds to its first word beyond the template's."""
    ground = replace(desk.ground(scene, pair.intent, pair.box, pair.text), phraser=lambda: phraser)
    plain = settled(ground)[2]  # encodes, so that the wording alone is timed
    heard: list[float] = []
    began = time.perf_counter()
    answered = worded(ground, lambda _text, _words: heard.append(time.perf_counter() - began))
    return plain, answered, heard[0] if heard else 0.0


def pointing(desk: Desk, phraser: ChatPhraser, scenes: Iterable[Scene], seed: int) -> Figure:
    """Whether the part that the decoder looked at most while it said a label's word touches that lesion, in regions
    that hold one and have parts without it."""
    told, chance = list[Told](), list[float]()
    for number, scene in enumerate(scenes):
        for one in twins(scene, np.random.default_rng([seed, number, 92]), 4):
            ground = desk.ground(scene, Intent("presence", one.word), one.box)
            encoding = desk.encodings.encode(desk.engine, ground.request.raster, ground.token)
            parts = np.array([overlaps(part, scene.boxes[one.word]).any() for part in _parts(one.box)])
            if not one.holds or parts.all() or not parts.any():
                continue
            made = phraser.phrase(encoding, one.box, plain_question("presence", one.word),
                                  Plan("presence", one.word, "yes"), {"<source>": "."}, lambda _: True, ground.token,
                                  lambda *_: None)
            start = one.word.split("_")[0][:3]
            said = next((held for held in made[1] if held.word.lower().startswith(start)), None) if made else None
            if said is not None:
                told.append(Told(number, one.word, "in", "in" if parts[int(said.cells.argmax())] else "beside"))
                chance.append(float(parts.mean()))
    return share("decoder_word_points_into_the_lesion", told, lambda one: one.right, seed,
                 baselines={"a part at random": float(np.mean(chance)) if chance else None})


def _parts(box: Box, side: int = 6) -> Iterator[Box]:
    wide, high = box.w / side, box.h / side
    yield from (Box(box.x + column * wide, box.y + row * high, wide, high) for row in range(side)
                for column in range(side))
