"""Batches for the chat's decoder: step ``s`` is a pure function of the seed and ``s``.

Presence is drawn so that every label says yes and no equally often; what is it, so that every label is named equally
often.  All other kinds teach how they are read and worded: their verdicts and numbers are measured, never learnt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fineview.core.intent import ANY_LESION, Asked
from fineview.core.labels import WORDS, label_for
from fineview.lab.chat_sightings import NO, UNSEEN, YES, Sightings
from fineview.lab.chat_words import PADDING, Spoken, Words, sequence
from fineview.models.language.small_decoder import ChatTokens

Array = npt.NDArray[Any]
Where = tuple[str, int]  # picture, region
IGNORED = -100
PRESENCE, NAMING, BLIND, ANY = 0.45, 0.15, 0.08, 0.15  # shares: of kinds; of presence, what shows no retina, any lesion
_MEASURED_VERDICTS: Mapping[str, tuple[str, ...]] = {
    "brighter": ("yes", "no", "unsure"), "darker": ("yes", "no", "unsure"), "cut": ("yes", "no")}


@dataclass(frozen=True, slots=True)
class Batch:
    """``tokens`` (B, 52, C), ``place`` (B, 16), ``ids`` (B, L); ``target`` (B, L), what follows each piece, or
    ``IGNORED``; ``verdict`` (B,) the column where a verdict that is seen is told, or -1."""

    tokens: Tensor
    place: Tensor
    ids: Tensor
    target: Tensor
    verdict: Tensor


class Lessons:
    """All regions by what can be asked about them."""

    def __init__(self, seen: Mapping[str, Sightings], words: Words, tokens: ChatTokens, seed: int) -> None:
        self.seen, self._words, self._tokens, self._seed = seen, words, tokens, seed
        self._present: dict[tuple[str, int], list[Where]] = {}
        self._named: dict[str, list[Where]] = {}
        self._blind, self._all = list[Where](), list[Where]()
        for name, one in seen.items():
            for region in range(len(one.regions)):
                self._file((name, region), one)

    def _file(self, at: Where, one: Sightings) -> None:
        truth = one.truth[at[1]]
        self._all.append(at)
        if (truth == UNSEEN).all():
            self._blind.append(at)
            return
        for number, word in enumerate(WORDS):
            if truth[number] in (YES, NO):
                self._present.setdefault((word, int(truth[number])), []).append(at)
        lesion = any_lesion(truth)
        if lesion in (YES, NO):
            self._present.setdefault((ANY_LESION, lesion), []).append(at)
        if lesion == NO and truth[WORDS.index("optic_disc")] != YES:
            self._named.setdefault("unsure", []).append(at)
        if one.names[at[1]] >= 0:
            self._named.setdefault(WORDS[one.names[at[1]]], []).append(at)

    def batch(self, step: int, size: int) -> Batch:
        rng = np.random.default_rng([self._seed, 85, step])
        return self.made([self._lesson(rng) for _ in range(size)])

    def made(self, lessons: list[tuple[Where, Spoken, bool]]) -> Batch:
        """``lessons``: region, words, and whether its verdict is to be learnt from what is seen."""
        rows, targets, columns = [], [], []
        for _, spoken, seen in lessons:
            ids, plan = sequence(self._tokens, spoken)
            told = [IGNORED] * (plan) + ids[plan + 1:]
            if not seen:
                told[plan + 2] = IGNORED
            rows.append(ids[:-1])
            targets.append(told)
            columns.append(plan + 2 if seen else -1)
        longest = max(len(one) for one in rows)
        pairs = [self._looked(at) for at, _, _ in lessons]
        return Batch(torch.from_numpy(np.stack([one for one, _ in pairs])),
                     torch.from_numpy(np.stack([one for _, one in pairs])), _padded(rows, longest, PADDING),
                     _padded(targets, longest, IGNORED), torch.tensor(columns))

    def _looked(self, at: Where) -> tuple[Array, Array]:
        one = self.seen[at[0]]
        return (np.concatenate([one.frame, one.regions[at[1]]]).astype(np.float32),
                one.places[at[1]].astype(np.float32))

    def _lesson(self, rng: np.random.Generator) -> tuple[Where, Spoken, bool]:
        return self.verdict_lesson(rng) if rng.random() < PRESENCE + NAMING else self._other(rng)

    def verdict_lesson(self, rng: np.random.Generator) -> tuple[Where, Spoken, bool]:
        """A question whose verdict or label is seen."""
        if rng.random() < PRESENCE / (PRESENCE + NAMING) or not self._named:
            return self._presence(rng)
        verdict = str(rng.choice(sorted(self._named)))
        at = self._any(self._named[verdict], rng)
        return at, self._said(rng, at, "what", None, None, verdict), True

    def _presence(self, rng: np.random.Generator) -> tuple[Where, Spoken, bool]:
        if rng.random() < BLIND and self._blind:
            at, word, verdict = self._any(self._blind, rng), str(rng.choice(WORDS)), "unsure"
        else:
            words = sorted({word for word, _ in self._present} - {ANY_LESION})
            word = ANY_LESION if rng.random() < ANY else str(rng.choice(words))
            truth = int(rng.integers(2))
            found = self._present.get((word, truth)) or self._present.get((word, 1 - truth)) or self._all
            truth = truth if (word, truth) in self._present else 1 - truth
            at, verdict = self._any(found, rng), ("no", "yes")[truth]
        return at, self._said(rng, at, "presence", None, word, verdict), True

    def _other(self, rng: np.random.Generator) -> tuple[Where, Spoken, bool]:
        meanings = sorted((one for one in self._words.meanings if one[0] not in ("presence", "what")), key=str)
        asked, slot = meanings[int(rng.integers(len(meanings)))]
        at = self._any(self._all, rng)
        choices = _MEASURED_VERDICTS.get(asked, ("none", "none", "none", "unsure"))
        return at, self._said(rng, at, asked, slot, None, str(rng.choice(choices))), False

    def _said(self, rng: np.random.Generator, at: Where, asked: Asked, slot: str | None, label: str | None,
              verdict: str) -> Spoken:
        return self._words.draw(rng, asked, slot, label, verdict, bool(self.seen[at[0]].whole[at[1]]))

    @staticmethod
    def _any(found: list[Where], rng: np.random.Generator) -> Where:
        return found[int(rng.integers(len(found)))]


def any_lesion(truth: npt.NDArray[np.int8]) -> int:
    """Whether any lesion is there: yes where one is, no where all that are drawn of this kind of picture are absent."""
    held = [int(truth[number]) for number, word in enumerate(WORDS) if label_for(word).lesion]
    if YES in held:
        return YES
    known = [one for one in held if one != UNSEEN]
    return NO if known and sum(one == NO for one in known) >= min(3, len(known)) and -1 not in known[:3] else -1


def statistics(seen: Mapping[str, Sightings]) -> dict[str, Tensor]:
    """Mean and spread of the visual channels and of the place over all regions."""
    tokens = np.concatenate([np.concatenate([one.frame, *one.regions[:8]]).astype(np.float32)
                             for one in seen.values()])
    places = np.concatenate([one.places for one in seen.values()]).astype(np.float32)
    found = {"mean": tokens.mean(0), "spread": tokens.std(0) + 1e-3,
             "place_mean": places.mean(0), "place_spread": places.std(0) + 1e-3}
    return {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in found.items()}


def _padded(rows: list[list[int]], longest: int, filler: int) -> Tensor:
    return torch.tensor([[*one, *([filler] * (longest - len(one)))] for one in rows], dtype=torch.long)
