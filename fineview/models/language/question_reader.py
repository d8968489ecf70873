"""Reading free wording: a question's text -> what it asks for, with a calibrated chance that it was understood.

A bag of hashed pieces (:mod:`question_features`) is averaged into one vector, bent once, and read by two heads: the
meaning (kind, target, topic) and the label it names.  fastText's shape (Joulin et al. 2016, arXiv 1607.01759) with one
hidden layer; trained on templates by ``fineview.lab.train_reader``, a few hundred kB, numpy alone, under a millisecond.

Anything else that reads questions (a language model with visual tokens, say) fits by shape: ``read(text) -> Intent``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fineview.core.errors import WeightsProblem
from fineview.core.intent import KINDS, TARGETS, TOPICS, Intent
from fineview.core.labels import WORDS
from fineview.models import weights
from fineview.models.language.question_features import pieces

Array = NDArray[np.float32]
_SLOTS: dict[str, tuple[tuple[str | None, str | None], ...]] = {  # kind -> (target, topic)
    "where": ((None, None), ("layer", None)), "outside": tuple((None, topic) for topic in TOPICS),
    **{kind: tuple((target, None) for target in TARGETS[kind]) for kind in ("distance", "compare")}}
MEANINGS: tuple[Intent, ...] = tuple(Intent(kind, None, target, topic) for kind in KINDS
                                     for target, topic in _SLOTS.get(kind, ((None, None),)))
OUTSIDE = np.array([one.asked in ("outside", "unknown") for one in MEANINGS])
NAMES: tuple[str | None, ...] = (None, "lesion", *WORDS)
NAMED = frozenset({"presence", "count", "where", "size", "length"})  # kinds whose answer may depend on a label
_PARTS = ("pieces", "meaning", "meaning_bias", "name", "name_bias")
_AGAIN = "Train it again with \"fineview train reader --out DIR\"."


@dataclass(frozen=True, slots=True, eq=False)
class QuestionReader:
    """``tensors``: "pieces" (buckets, d), "meaning" (d, meanings), "name" (d, names) and two biases, float32.

    ``temperatures``: of meaning and name, fitted on templates kept from training.  ``outside_from``: from this chance
    on that a question lies outside the field it is taken as such, likelier or not: refusing costs a word, answering
    what was not asked misleads.  ``sure``: below this chance of a reading inside the field it says "unknown", that is,
    it did not understand.  ``name``, ``sha256``: who read.
    """

    tensors: dict[str, Array]
    temperatures: tuple[float, float]
    outside_from: float
    sure: float
    name: str
    sha256: str

    @classmethod
    def load(cls, folder: Path) -> QuestionReader:
        """The reader of a weights folder.  Raises ``WeightsProblem`` where it is missing, damaged or another's."""
        manifest = weights.read_manifest(folder)
        weights.check_file(folder / weights.TENSORS, manifest.sha256)
        from safetensors import SafetensorError
        from safetensors.numpy import load_file  # not torch's: a question that is only measured never waits for torch

        try:
            held = load_file(folder / weights.TENSORS)
        except SafetensorError as problem:
            raise WeightsProblem("This safetensors file cannot be read.", _AGAIN, "weights-format") from problem
        tensors = {name: tensor.astype(np.float32) for name, tensor in held.items()}
        sizes = {name: tensors[name].shape for name in _PARTS if name in tensors}
        wide = sizes.get("pieces", (0, 0))[-1]
        if sizes != {"pieces": (sizes.get("pieces", (0,))[0], wide), "meaning": (wide, len(MEANINGS)),
                     "meaning_bias": (len(MEANINGS),), "name": (wide, len(NAMES)), "name_bias": (len(NAMES),)}:
            raise WeightsProblem("These weights read no questions.", _AGAIN, "weights-format")
        first, second = (float(value) for value in manifest.facts["temperatures"])
        return cls(tensors, (first, second), float(manifest.facts["outside_from"]), float(manifest.facts["sure"]),
                   manifest.name, manifest.sha256)

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
        table = self.tensors["pieces"]
        found = table[pieces(text, len(table))]
        return np.asarray(np.tanh(found.sum(0) / np.sqrt(len(found))), np.float32)


def _softmax(logits: Array) -> Array:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), np.float32)
