"""Training the reader of free wording from templates: seconds to minutes on one core, the same weights for one seed.

1. Sentences are drawn from four templates in five, typed as people type, and the heads are trained on them.
2. The fifth template of each kind is never seen: on its sentences the temperatures are fitted (Guo et al. 2017, arXiv
   1706.04599), and two borders chosen: from which chance on a question counts as outside the field, where as many
   questions inside are refused as outside are answered; and below which chance the reader did not understand.
3. The heads are trained once more on all templates, and shipped with those temperatures and borders.

The paraphrases written by hand take no part in any of this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fineview.core.intent import Intent
from fineview.lab.question_grammar import Grammar, Template, read_grammar
from fineview.lab.question_noise import typed
from fineview.lab.temperature import least_loss_temperature
from fineview.models import weights
from fineview.models.language.question_features import BUCKETS, pieces
from fineview.models.language.question_reader import MEANINGS, NAMED, NAMES, OUTSIDE, QuestionReader

SENTENCES, DEVELOPMENT, EPOCHS, BATCH, WIDTH = 40_000, 6_000, 6, 256, 64
THINNED = 0.25  # share of a sentence's pieces left out at each step
SILENT = 0.02  # of the questions inside the field, the least understood: these it says it did not understand


@dataclass(frozen=True, slots=True, eq=False)
class Sentences:
    """``bags``: the buckets of each text; ``meaning``, ``name`` int64 (n,): the truths; name -1 where none counts."""

    texts: tuple[str, ...]
    intents: tuple[Intent, ...]
    bags: tuple[npt.NDArray[np.int64], ...]
    meaning: npt.NDArray[np.int64]
    name: npt.NDArray[np.int64]


def sentences(grammar: Grammar, templates: list[Template], count: int, seed: int, buckets: int = BUCKETS) -> Sentences:
    """``count`` typed sentences; every meaning equally often, the templates of a meaning too."""
    rng = np.random.default_rng([seed, 71])
    groups: dict[int, list[Template]] = {}
    for one in templates:
        groups.setdefault(place(grammar.intent(one, None)), []).append(one)
    kinds, drawn = sorted(groups), []
    # Presence has ten labels to learn beside its meaning, so it is drawn more often.
    share = np.array([4.0 if MEANINGS[k].asked in ("presence", "count") else 1.0 for k in kinds])
    for kind in rng.choice(kinds, count, p=share / share.sum()):
        group = groups[int(kind)]
        text, intent = grammar.draw(group[int(rng.integers(len(group)))], rng)
        drawn.append((typed(text, rng), intent))
    texts, intents = zip(*drawn, strict=True)
    return Sentences(texts, intents, tuple(pieces(text, buckets) for text in texts),
                     np.array([place(one) for one in intents]),
                     np.array([NAMES.index(one.label) if one.asked in NAMED else -1 for one in intents]))


def place(intent: Intent) -> int:
    """The number of the meaning."""
    bare = Intent(intent.asked, None, intent.target, intent.topic)
    return MEANINGS.index(bare)


class Heads(nn.Module):
    """The reader with gradients: mean of piece vectors over the root of their number, tanh, two heads."""

    def __init__(self, buckets: int, width: int) -> None:
        super().__init__()
        self.pieces = nn.EmbeddingBag(buckets, width, mode="sum")
        nn.init.normal_(self.pieces.weight, std=0.1)
        self.meaning, self.name = nn.Linear(width, len(MEANINGS)), nn.Linear(width, len(NAMES))

    def forward(self, flat: Tensor, starts: Tensor, dropped: float = 0.0) -> tuple[Tensor, Tensor]:
        ends = torch.cat([starts[1:], torch.tensor([len(flat)])])
        hidden = torch.tanh(self.pieces(flat, starts) / (ends - starts).float().sqrt()[:, None])
        hidden = nn.functional.dropout(hidden, dropped, dropped > 0)
        return self.meaning(hidden), self.name(hidden)

    def tensors(self) -> dict[str, Tensor]:
        """The shipped form, float16: see :class:`QuestionReader`."""
        found = {"pieces": self.pieces.weight, "meaning": self.meaning.weight.T, "meaning_bias": self.meaning.bias,
                 "name": self.name.weight.T, "name_bias": self.name.bias}
        return {name: value.detach().half().contiguous() for name, value in found.items()}


def fit(data: Sentences, seed: int, buckets: int = BUCKETS, width: int = WIDTH, epochs: int = EPOCHS,
        say: Callable[[str], None] = lambda _: None) -> Heads:
    """Train on ``data`` by Adam; pieces are dropped at random, so that no single word decides."""
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 72])
    heads = Heads(buckets, width)
    steps = epochs * (len(data.bags) // BATCH)
    optimizer = torch.optim.Adam(heads.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=max(steps, 2))
    for epoch in range(epochs):
        order, total = rng.permutation(len(data.bags)), 0.0
        for first in range(0, len(order) - BATCH + 1, BATCH):
            chosen = order[first: first + BATCH]
            bags = [_thinned(data.bags[k], rng) for k in chosen]
            meaning, name = heads(*_flat(bags), 0.1)
            loss = (nn.functional.cross_entropy(meaning, torch.from_numpy(data.meaning[chosen]), label_smoothing=0.02)
                    + nn.functional.cross_entropy(name, torch.from_numpy(data.name[chosen]), ignore_index=-1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        say(f"epoch {epoch + 1} of {epochs}: loss {total / max(1, len(order) // BATCH):.3f}")
    return heads.eval()


def _thinned(bag: npt.NDArray[np.int64], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    kept = bag[rng.random(len(bag)) > THINNED]
    return kept if len(kept) else bag


def _flat(bags: list[npt.NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
    starts = np.cumsum([0, *(len(bag) for bag in bags[:-1])])
    return torch.from_numpy(np.concatenate(bags)), torch.from_numpy(starts)


@dataclass(frozen=True, slots=True)
class Borders:
    """See :class:`QuestionReader`."""

    temperatures: tuple[float, float] = (1.0, 1.0)
    outside_from: float = 0.5
    sure: float = 0.0


def calibrated(heads: Heads, data: Sentences) -> Borders:
    """Temperatures of least log loss on ``data``, the border of the field, and that of what was understood."""
    with torch.no_grad():
        meaning, name = heads(*_flat(list(data.bags)))
    known = data.name >= 0
    pair = (least_loss_temperature(meaning, torch.from_numpy(data.meaning), 5, 60),
            least_loss_temperature(name[torch.from_numpy(known)], torch.from_numpy(data.name[known]), 5, 60))
    reader = reader_of(heads, Borders(pair))
    beyond = np.array([float(reader.chances(text)[0][OUTSIDE].sum()) for text in data.texts])
    border = balanced_border(beyond, OUTSIDE[data.meaning])
    reader = reader_of(heads, Borders(pair, border))
    read = [reader.best(text) for text in data.texts]
    chance = np.array([one.confidence for one, out in zip(read, OUTSIDE[data.meaning], strict=True)
                       if not out and one.asked not in ("outside", "unknown")])
    return Borders(pair, border, float(np.quantile(chance, SILENT)) if len(chance) else 0.0)


def balanced_border(beyond: npt.NDArray[np.float64], outside: npt.NDArray[np.bool_]) -> float:
    """Where the share of questions inside that are refused and the share outside that are answered meet."""
    levels = np.unique(np.concatenate([beyond, [0.5]]))
    worse = [max(float((beyond[~outside] >= at).mean()), float((beyond[outside] < at).mean())) for at in levels]
    return float(levels[int(np.argmin(worse))])


def reader_of(heads: Heads, borders: Borders) -> QuestionReader:
    tensors = {name: value.float().numpy() for name, value in heads.tensors().items()}
    return QuestionReader(tensors, borders.temperatures, borders.outside_from, borders.sure, "reader in training",
                          "0" * 64)


def train_reader(out: Path, seed: int = 0, count: int = SENTENCES,
                 say: Callable[[str], None] = lambda _: None) -> dict[str, float]:
    """Train, calibrate, write into ``out``; returns what it reached on templates kept from training."""
    grammar = read_grammar()
    seen = [one for one in grammar.templates if not one.held_out]
    unseen = [one for one in grammar.templates if one.held_out]
    heads = fit(sentences(grammar, seen, count, seed), seed, say=say)
    kept = sentences(grammar, unseen, DEVELOPMENT, seed + 1)
    borders = calibrated(heads, kept)
    reached = score(reader_of(heads, borders), kept)
    say(f"templates kept from training: {reached}")
    final = fit(sentences(grammar, list(grammar.templates), count, seed + 2), seed, say=say)
    weights.save(final.tensors(), out, {
        "name": "reader-s", "version": "0.1.0", "licence": "Apache-2.0", "trained_steps": EPOCHS * (count // BATCH),
        "seed": seed, "sentences": count, **asdict(borders), "development": reached})
    return reached


def score(reader: QuestionReader, data: Sentences) -> dict[str, float]:
    """Shares of ``data``: of questions inside the field those read rightly and those refused; of questions outside
    those answered all the same."""
    read = [reader.read(text) for text in data.texts]
    outside = OUTSIDE[data.meaning]
    silent = np.array([one.asked in ("outside", "unknown") for one in read])
    right = np.array([a.meaning() == b.meaning() for a, b in zip(read, data.intents, strict=True)])
    return {"inside_right": float(right[~outside].mean()), "inside_refused": float(silent[~outside].mean()),
            "outside_answered": float((~silent[outside]).mean())}
