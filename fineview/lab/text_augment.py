"""Other words for the same caption: synonyms, insertion, swap and deletion, and back-translation where there is one.

The four operations are those of EDA (arXiv 1901.11196), made safe for findings, where a random word may not move: a
caption is a row of statements parted by ";", each true for itself.

* synonyms: only words that mean exactly the same (:mod:`fineview.models.language.medical_words`);
* insertion: a word that adds nothing, at the end of a statement, where no negation can lose its object;
* swap: whole statements change places;
* deletion: articles, and whole statements but those that say which eye it is; inside a negated statement nothing goes.

So "no X" never becomes "X", and no side changes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fineview.models.language.medical_words import phrase_pattern, plain, synonyms

Translate = Callable[[str], str]  # there and back again, by a model on this machine
NEGATORS = re.compile(r"\b(no|not|without|never|none|neither|nor|absent|absence|free of|denies|negative for)\b",
                      re.IGNORECASE)
_SIDE = re.compile(r"\b(left|right|OD|OS|OU|RE|LE|dexter|sinister|uterque|nasal|temporal|\w+nasal|\w+temporal)\b",
                   re.IGNORECASE)
_EYE = re.compile(r"\b(eyes?|OD|OS|OU|RE|LE|oculus)\b")
_ADDS_NOTHING = ("seen", "visible", "noted")
_ARTICLE = re.compile(r"(?<=\s)the ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextAugmentation:
    """How often each operation is tried: per phrase for ``synonyms``, else per statement or caption."""

    synonyms: float = 0.4
    insertion: float = 0.1
    swap: float = 0.5
    deletion: float = 0.1
    translate: Translate | None = None

    @property
    def note(self) -> str:
        """Whether back-translation takes part, in words."""
        return ("back-translation on, by the model that was handed in" if self.translate is not None
                else "back-translation off: no local translation model was given")

    def __call__(self, words: str, rng: np.random.Generator) -> str:
        """One other wording of ``words``."""
        told = back_translated(words, self.translate)
        told = swapped(told, rng) if rng.random() < self.swap else told
        told = deleted(told, rng, self.deletion)
        return inserted(with_synonyms(told, rng, self.synonyms), rng, self.insertion)


def with_synonyms(words: str, rng: np.random.Generator, share: float = 1.0) -> str:
    """Each phrase of the shipped list is replaced by another of its group with chance ``share``."""

    def another(found: re.Match[str]) -> str:
        others = synonyms(found[0])
        return others[int(rng.integers(len(others)))] if others and rng.random() < share else found[0]

    return phrase_pattern().sub(another, words)


def inserted(words: str, rng: np.random.Generator, share: float = 1.0) -> str:
    """A word that adds nothing at the end of statements, each with chance ``share``."""
    return "; ".join(f"{part} {_ADDS_NOTHING[int(rng.integers(len(_ADDS_NOTHING)))]}"
                     if part and part[-1].isalpha() and rng.random() < share else part for part in statements(words))


def swapped(words: str, rng: np.random.Generator) -> str:
    """Two statements change places; a single statement stays as it is."""
    parts = statements(words)
    if len(parts) < 2:
        return words
    first, second = rng.choice(len(parts), 2, replace=False)
    parts[first], parts[second] = parts[second], parts[first]
    return "; ".join(parts)


def deleted(words: str, rng: np.random.Generator, share: float = 1.0) -> str:
    """Statements go with chance ``share`` (never the last one, nor one about an eye), then articles of the rest."""
    parts = statements(words)
    kept = [part for part in parts if _EYE.search(part) or rng.random() >= share] or parts[:1]
    return "; ".join(part if NEGATORS.search(part) or rng.random() >= share else _ARTICLE.sub("", part)
                     for part in kept)


def back_translated(words: str, translate: Translate | None) -> str:
    """``words`` through another language and back, where the result still says the same; else as they were."""
    if translate is None:
        return words
    told = translate(words).strip()
    return told if told and same_claims(words, told) else words


def same_claims(first: str, second: str) -> bool:
    """Whether two texts name the same listed things as often, deny the same ones and hold the same sides.

    A text with words the list does not know may still differ in them; this is what can be checked.
    """
    return _claims(first) == _claims(second)


def _claims(words: str) -> tuple[Counter[tuple[str, bool]], Counter[str]]:
    named: Counter[tuple[str, bool]] = Counter()
    text = plain(words)
    for part in statements(text):
        denied_from = NEGATORS.search(part)
        for found in phrase_pattern().finditer(part):
            if not NEGATORS.fullmatch(found[0]):
                named[found[0].lower(), denied_from is not None and found.start() > denied_from.start()] += 1
        named["", denied_from is not None] += 1
    return named, Counter(side.lower() for side in _SIDE.findall(text))


def statements(words: str) -> list[str]:
    """The parts between semicolons, without the blanks around them."""
    return [part.strip() for part in words.split(";")]
