"""What the unchanged layers of the sentence encoder see of each sentence, worked out once and kept on disk.

Sentences of one length go through together, so no word is ever padded here; in a batch for training they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fineview.lab.array_files import write_arrays
from fineview.models.language.question_features import pieces
from fineview.models.language.question_reader import BENT_FROM
from fineview.models.language.sentence_encoder import SentenceEncoder

CHUNK, TOGETHER = 2000, 64
THINNED = 0.25  # share of a sentence's hashed pieces left out at each step
_SORTED = 8  # batches that are cut from one sorted run, so that their sentences are of similar length
Bag = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """``state`` (B, N, d) float32 and ``there`` (B, N): 1 for a word, 0 behind the end; hashed pieces in a row."""

    state: Tensor
    there: Tensor
    flat: Tensor
    starts: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Of each sentence the words' vectors (n, d) float16 before the bent layers, and its hashed pieces."""

    states: list[npt.NDArray[np.float16]]
    bags: list[Bag]

    def batches(self, seed: int, turn: int, size: int) -> list[npt.NDArray[np.int64]]:
        """The batches of one round through all sentences, the same for one seed and round."""
        rng = np.random.default_rng([seed, 73, turn])
        order, lengths = rng.permutation(len(self.states)), np.array([len(one) for one in self.states])
        made = []
        for first in range(0, len(order) - size + 1, size * _SORTED):
            run = order[first: first + size * _SORTED]
            run = run[np.argsort(lengths[run], kind="stable")]
            made += [run[at: at + size] for at in range(0, len(run) - size + 1, size)]
        return [made[k] for k in rng.permutation(len(made))]

    def batch(self, chosen: npt.NDArray[np.int64], rng: np.random.Generator | None = None) -> Batch:
        """The sentences ``chosen``; with ``rng`` a quarter of their hashed pieces is left out."""
        states = [self.states[k] for k in chosen]
        longest = max(map(len, states))
        state = np.zeros((len(states), longest, states[0].shape[1]), np.float32)
        there = np.zeros((len(states), longest), np.float32)
        for row, one in enumerate(states):
            state[row, :len(one)], there[row, :len(one)] = one, 1
        bags = [self.bags[k] if rng is None else _thinned(self.bags[k], rng) for k in chosen]
        starts = np.cumsum([0, *(len(bag) for bag in bags[:-1])])
        return Batch(torch.from_numpy(state), torch.from_numpy(there), torch.from_numpy(np.concatenate(bags)),
                     torch.from_numpy(starts))


def look(encoder: SentenceEncoder, texts: tuple[str, ...], kept: Path,
         say: Callable[[str], None] = lambda _: None) -> Seen:
    """What ``encoder`` sees of ``texts``; parts already in ``kept`` are read from there."""
    states: list[npt.NDArray[np.float16]] = []
    for first in range(0, len(texts), CHUNK):
        part = texts[first: first + CHUNK]
        known = hashlib.sha256("\n".join((encoder.sha256, *part)).encode()).hexdigest()[:16]
        path = kept / f"{known}.npz"
        if not path.is_file():
            say(f"looking at sentences {first + 1} to {first + len(part)} of {len(texts)}")
            found = _looked(encoder, part)
            write_arrays(path, {"states": np.concatenate(found), "lengths": np.array([len(one) for one in found])})
        with np.load(path, allow_pickle=False) as held:
            states += np.split(held["states"], np.cumsum(held["lengths"])[:-1])
    return Seen(states, [pieces(text) for text in texts])


def _looked(encoder: SentenceEncoder, texts: tuple[str, ...]) -> list[npt.NDArray[np.float16]]:
    ids = [encoder.ids(text) for text in texts]
    found: list[npt.NDArray[np.float16]] = [np.zeros((0, 0), np.float16)] * len(texts)
    by_length: dict[int, list[int]] = {}
    for number, one in enumerate(ids):
        by_length.setdefault(len(one), []).append(number)
    for numbers in by_length.values():
        for first in range(0, len(numbers), TOGETHER):
            group = numbers[first: first + TOGETHER]
            state = encoder.states(np.array([ids[k] for k in group]), BENT_FROM)[-1].astype(np.float16)
            for row, number in enumerate(group):
                found[number] = state[row]
    return found


def _thinned(bag: Bag, rng: np.random.Generator) -> Bag:
    left = bag[rng.random(len(bag)) > THINNED]
    return left if len(left) else bag
