"""Batches of augmented image-text pairs of captioned phantoms, each depending on its number alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fineview.lab.captions import Captioned, captioned, distinct_seeds
from fineview.lab.pair_augment import another_picture
from fineview.lab.text_augment import TextAugmentation
from fineview.models.language.medical_words import groups
from fineview.models.language.text_tokens import SPECIAL, WordPieces

SIZE = (96, 96)
LONGEST = 80
_TRIES = 20
_CAPTION_WORDS = (
    "; fundus photograph of the right left eye oct scan optic disc on no one two three small large cluster clusters "
    "hard soft exudate exudates haemorrhage haemorrhages druse drusen cyst cysts superotemporal superonasal "
    "inferotemporal inferonasal temporal nasal to fovea above below and under seen visible noted a with picture"
)


def vocabulary() -> tuple[str, ...]:
    """Every word a caption or one of its synonyms can hold, in a fixed order."""
    listed = re.findall(r"\w+|[^\w\s]", " ".join(phrase.lower() for group in groups() for phrase in group))
    return tuple(dict.fromkeys([*SPECIAL, *_CAPTION_WORDS.split(), *listed]))


def word_pieces() -> WordPieces:
    """The tokenizer of :func:`vocabulary`."""
    return WordPieces(vocabulary(), LONGEST)


def drawn(first: int, count: int, told: Callable[[int], None] = lambda done: None) -> list[Captioned]:
    """``count`` pairs of distinct facts from seed ``first`` on."""
    found = []
    for seed in islice(distinct_seeds(first, SIZE), count):
        found.append(captioned(seed, SIZE))
        told(len(found))
    return found


class PairStream:
    """``batch(number)`` of ``size`` pairs with distinct facts; equal numbers give equal batches."""

    def __init__(self, pairs: Sequence[Captioned], size: int, seed: int, words: TextAugmentation) -> None:
        self._pairs, self._size, self._seed, self._words = pairs, size, seed, words

    def pairs(self, number: int) -> list[Captioned]:
        """Other pictures and other words of pairs drawn without replacement."""
        rng = np.random.default_rng([self._seed, number, 51])
        chosen: dict[object, Captioned] = {}
        for index in rng.permutation(len(self._pairs)):
            for _ in range(_TRIES):  # a mirrored pair may say what another says
                other = another_picture(self._pairs[int(index)], rng)
                if other.facts not in chosen:
                    chosen[other.facts] = replace(other, words=self._words(other.words, rng))
                    break
            if len(chosen) == self._size:
                break
        return list(chosen.values())

    def batch(self, number: int) -> tuple[Tensor, list[str]]:
        """Pictures (B, 3, H, W) float32 in [0, 1] and their captions, both augmented."""
        made = self.pairs(number)
        return pictures([pair.rgb for pair in made]), [pair.words for pair in made]


def pictures(rgbs: Sequence[npt.NDArray[np.uint8]]) -> Tensor:
    """uint8 (H, W, 3) each -> float32 (B, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.stack(rgbs)).permute(0, 3, 1, 2).float().div(255)
