"""Naming a lesion without a classifier: the kind whose captions score highest for a picture with one kind.

After CLIP's section 3.1.4: a class is an ensemble of prompts, here every caption that the facts of one kind allow
(eye, count, size, place), and its score the mean over them.  The matcher was never trained to classify and never saw
these pictures; it saw captions of single lesions among its pairs, and its image backbone started from one that marks
lesions (:mod:`marked_start`), so this is zero-shot in CLIP's sense of the last step only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

import numpy as np
from torch import nn

from fineview.lab.caption_facts import KINDS, MOST, PLACES, Facts, Group, Modality, Side
from fineview.lab.captions import Captioned, told
from fineview.lab.figures import Figure
from fineview.lab.retrieval_scores import Array, mean_of, table
from fineview.models.language.text_tokens import WordPieces

_SIDES: tuple[Side, ...] = ("R", "L")


def prompts(modality: Modality, kind: str) -> list[str]:
    """The captions of all facts with this kind alone."""
    absent = tuple(other for other in KINDS[modality] if other != kind)
    found = []
    for number, (side, count, large, place) in enumerate(
            product(_SIDES, range(1, MOST + 1), (False, True), PLACES[modality])):
        facts = Facts(modality, side, (Group(kind, count, large, place),), absent)
        found.append(told(facts, modality == "fundus", np.random.default_rng([number, 45]))[0])
    return found


def named(model: nn.Module, pieces: WordPieces, pairs: Sequence[Captioned]) -> list[str]:
    """The best kind of each picture's own modality, which anybody can see."""
    best: dict[int, str] = {}
    for modality, kinds in KINDS.items():
        own = [k for k, pair in enumerate(pairs) if pair.facts.modality == modality]
        if own:
            shown = [pairs[k] for k in own]
            scores: Array = np.stack([table(model, pieces, prompts(modality, kind), shown).mean(0) for kind in kinds])
            best |= {k: kinds[int(row)] for k, row in zip(own, scores.argmax(0), strict=True)}
    return [best[k] for k in range(len(pairs))]


def naming_figure(name: str, model: nn.Module, pieces: WordPieces, pairs: Sequence[Captioned], seed: int) -> Figure:
    """Accuracy against chance and against always saying the commonest kind of the modality."""
    truth = [pair.facts.groups[0].kind for pair in pairs]
    right = np.array([said == true for said, true in zip(named(model, pieces, pairs), truth, strict=True)], float)
    chance = float(np.mean([1 / len(KINDS[pair.facts.modality]) for pair in pairs]))
    common = {modality: Counter(kind for pair, kind in zip(pairs, truth, strict=True)
                                if pair.facts.modality == modality).most_common(1) for modality in KINDS}
    majority = sum(found[0][1] for found in common.values() if found) / len(pairs)
    return mean_of(name, right, seed, {"chance": chance, "commonest kind": majority})
