"""Reading free wording: a question's text -> what it asks for, with a calibrated chance that it was understood.

Two views of a text are put side by side.  What its words mean: the mean of their vectors half way up and at the top of
a sentence encoder (:mod:`sentence_encoder`) whose upper layers are bent by low-rank additions (LoRA, Hu et al. 2021,
arXiv 2106.09685).  How it is spelt: a bag of hashed pieces (:mod:`question_features`, fastText's shape, Joulin et al.
2016, arXiv 1607.01759).  Two heads read both: the meaning (kind, target, topic) and the label it names.  Trained on
templates and questions written by hand by ``fineview.lab.train_reader``; numpy alone, milliseconds.

Anything else that reads questions (a language model with visual tokens, say) fits by shape: ``read(text) -> Intent``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import WeightsProblem
from fineview.core.intent import KINDS, TARGETS, TOPICS, Intent
from fineview.core.labels import WORDS
from fineview.models import weights
from fineview.models.language.question_features import pieces
from fineview.models.language.sentence_encoder import MATRICES, SentenceEncoder, finite, first_size, read_tensors

Array = NDArray[np.float32]
_SLOTS: dict[str, tuple[tuple[str | None, str | None], ...]] = {  # kind -> (target, topic)
    "where": ((None, None), ("layer", None)), "outside": tuple((None, topic) for topic in TOPICS),
    **{kind: tuple((target, None) for target in TARGETS[kind]) for kind in ("distance", "compare")}}
MEANINGS: tuple[Intent, ...] = tuple(Intent(kind, None, target, topic) for kind in KINDS
                                     for target, topic in _SLOTS.get(kind, ((None, None),)))
OUTSIDE = np.array([one.asked in ("outside", "unknown") for one in MEANINGS])
NAMES: tuple[str | None, ...] = (None, "lesion", *WORDS)
NAMED = frozenset({"presence", "count", "where", "size", "length"})  # kinds whose answer may depend on a label
BENT_FROM = 3  # layers of the sentence encoder that stay as they are
SENTENCES = "sentences-s"  # the encoder's folder, beside the reader's
_HEAT = (0.05, 20.0)  # temperatures that can be meant: those tried in training lie well inside
_AGAIN = "Train it again with \"fineview train reader --out DIR\"."


@dataclass(frozen=True, slots=True, eq=False)
class QuestionReader:
    """``sentences``: the encoder with the additions worked in.  ``tensors``, float32: "lift" (w, 2d) and its bias,
    "pieces" (buckets, b), "meaning" (w + b, meanings), "name" (w + b, names) and their biases.

    ``temperatures``: of meaning and name, fitted on the rehearsal, questions that are never trained on.
    ``outside_from``: from this chance on that a question lies outside the field it is taken as such, likelier or not:
    refusing costs a word, answering what was not asked misleads.  ``sure``: below this chance of a reading inside the
    field it says "unknown", that is, it did not understand.  ``name``, ``sha256``: who read.
    """

    sentences: SentenceEncoder
    tensors: dict[str, Array]
    temperatures: tuple[float, float]
    outside_from: float
    sure: float
    name: str
    sha256: str

    @classmethod
    def load(cls, folder: Path, sentences: Path | None = None) -> QuestionReader:
        """The reader of a weights folder and the encoder it was trained on, of ``sentences`` or the folder beside.

        Raises ``WeightsProblem`` where one is missing, damaged or another's.
        """
        manifest = weights.read_manifest(folder)
        held = read_tensors(folder, manifest.sha256, _AGAIN)
        encoder = SentenceEncoder.load(sentences or folder.parent / SENTENCES)
        if manifest.facts.get("sentences_sha256") != encoder.sha256:
            raise WeightsProblem("This reader was trained on another sentence encoder.", _AGAIN, "weights-hash")
        if not _fits(held, encoder):
            raise WeightsProblem("These weights read no questions.", _AGAIN, "weights-format")
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is refused, not warned of
            tensors = {name: tensor.astype(np.float32) for name, tensor in held.items()}
            made = bent(encoder, tensors)
        finite({**tensors, **made.tensors}, _AGAIN)
        return cls(made, tensors, *_borders(manifest.facts), manifest.name, manifest.sha256)

    def read(self, text: str) -> Intent:
        """What ``text`` asks for; kind "unknown" where the chance of having understood it is too small."""
        best = self.best(text)
        understood = best.asked in ("outside", "unknown") or best.confidence >= self.sure
        return best if understood else Intent("unknown", confidence=best.confidence)

    def best(self, text: str) -> Intent:
        """The likeliest reading on its side of the field with its chance, however small."""
        meaning, name = self.chances(text)
        beyond = float(meaning[OUTSIDE].sum())
        chosen = np.where((beyond >= self.outside_from) == OUTSIDE, meaning, -1.0)
        asked = MEANINGS[int(chosen.argmax())]
        chance, label = float(chosen.max()), None
        if asked.asked in ("outside", "unknown"):
            return replace(asked, confidence=beyond)
        if asked.asked in NAMED:
            label = NAMES[int(name.argmax())]
            if asked.asked in ("presence", "count"):
                label = label or "lesion"
                chance *= float(name.max())
        return replace(asked, label=label, confidence=chance)

    def chances(self, text: str) -> tuple[Array, Array]:
        """Calibrated chances of ``MEANINGS`` and of ``NAMES``."""
        parts, hidden = self.tensors, self.hidden(text)
        return (_softmax((hidden @ parts["meaning"] + parts["meaning_bias"]) / self.temperatures[0]),
                _softmax((hidden @ parts["name"] + parts["name_bias"]) / self.temperatures[1]))

    def hidden(self, text: str) -> Array:
        held = self.tensors
        states = self.sentences.states(np.array([self.sentences.ids(text)]))
        means = np.concatenate([states[BENT_FROM][0].mean(0), states[-1][0].mean(0)])
        spelt = held["pieces"][pieces(text, len(held["pieces"]))]
        both = (held["lift"] @ means + held["lift_bias"], spelt.sum(0) / np.sqrt(len(spelt)))
        return np.asarray(np.tanh(np.concatenate(both)), np.float32)


def bent(encoder: SentenceEncoder, tensors: dict[str, Array]) -> SentenceEncoder:
    """``encoder`` with the products of the additions among ``tensors`` added to its matrices."""
    added = {f"{layer}.{name}" for layer in range(BENT_FROM, encoder.layers) for name in MATRICES}
    matrices = {name: encoder.tensors[name] + tensors[f"{name}.up"] @ tensors[f"{name}.down"] for name in added}
    return replace(encoder, tensors={**encoder.tensors, **matrices})


def _borders(facts: Mapping[str, Any]) -> tuple[tuple[float, float], float, float]:
    """Temperatures, ``outside_from`` and ``sure`` of a manifest; each one is a number that can be meant."""
    pair = facts.get("temperatures")
    first, second = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
    # Chances are sums of float32, so one may lie a rounding above 1.
    return ((_number(first, *_HEAT), _number(second, *_HEAT)), _number(facts.get("outside_from"), 0, 1.001),
            _number(facts.get("sure"), 0, 1.001))


def _number(value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise WeightsProblem("The temperatures and borders in model.json cannot be used.", _AGAIN, "weights-format")
    return float(value)


def _fits(tensors: Mapping[str, NDArray[Any]], encoder: SentenceEncoder) -> bool:
    sizes = {name: tensor.shape for name, tensor in tensors.items()}
    bags, lifted = (first_size(tensors, "pieces"), math.prod(sizes.get("pieces", ())[1:])), first_size(tensors, "lift")
    wide = lifted + bags[1]
    wanted: dict[str, tuple[int, ...]] = {
        "lift": (lifted, 2 * encoder.tensors["places"].shape[1]), "lift_bias": (lifted,), "pieces": bags,
        "meaning": (wide, len(MEANINGS)), "meaning_bias": (len(MEANINGS),), "name": (wide, len(NAMES)),
        "name_bias": (len(NAMES),)}
    for layer in range(BENT_FROM, encoder.layers):
        for name in MATRICES:
            rows, columns = encoder.tensors[f"{layer}.{name}"].shape
            rank = first_size(tensors, f"{layer}.{name}.down")
            wanted |= {f"{layer}.{name}.down": (rank, columns), f"{layer}.{name}.up": (rows, rank)}
    return sizes == wanted and min(bags) > 0 and encoder.layers >= BENT_FROM


def _softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), np.float32)
