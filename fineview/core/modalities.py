"""Kinds of data beside each other: their properties, the gap between two of them, how hard it is to align them.

After the modality section of the project's overview document.  Its numbers were not at hand: the table and the two
formulas are this project's transcription of its idea, given in the handbook (modalities.md) so that anybody can
correct them; tests work the arithmetic by hand.  Nothing here is measured.

    difference(p) in [0, 1]   nominal: 0 equal, 1 not; ordinal: steps apart / steps of its scale
    gap                       mean of the six differences
    difficulty                gap * (1 + r) / 2, with r in [0, 1] the redundancy of the more redundant of the two
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from fineview.core.errors import WrongWords


@dataclass(frozen=True, slots=True)
class Property:
    """One property and its ``values``; ``ordinal`` where they stand in an order with equal steps."""

    name: str
    values: tuple[str, ...]
    ordinal: bool
    means: str

    def difference(self, a: str, b: str) -> Fraction:
        """0 (equal) to 1 (as different as this property can be).  Raises ``ValueError`` for an unknown value."""
        apart = abs(self.values.index(a) - self.values.index(b))
        return Fraction(apart, len(self.values) - 1) if self.ordinal else Fraction(int(apart > 0))


_AMOUNT = ("low", "middle", "high")
PROPERTIES: tuple[Property, ...] = (
    Property("continuity", ("continuous", "discrete"), False, "a sampled signal, or symbols of a list"),
    Property("dimensions", ("1", "2", "3"), True, "axes along which the values lie"),
    Property("structure", ("grid", "sequence", "sequence of grids"), False, "what neighbourhood means"),
    Property("density", _AMOUNT, True, "meaning that one element carries: a word much, a pixel little"),
    Property("redundancy", _AMOUNT, True, "noise and repetition that could go without loss of meaning"),
    Property("level", ("signal", "event", "concept"), True, "how far one element is from what a person would say"))


@dataclass(frozen=True, slots=True)
class Modality:
    """One kind of data; ``values`` in the order of ``PROPERTIES``."""

    name: str
    values: tuple[str, ...]

    @property
    def properties(self) -> Mapping[str, str]:
        return {prop.name: value for prop, value in zip(PROPERTIES, self.values, strict=True)}


MODALITIES: tuple[Modality, ...] = (
    Modality("image", ("continuous", "2", "grid", "low", "high", "signal")),
    Modality("text", ("discrete", "1", "sequence", "high", "low", "concept")),
    Modality("audio", ("continuous", "1", "sequence", "low", "high", "event")),
    Modality("video", ("continuous", "3", "sequence of grids", "low", "high", "event")),
    Modality("oct-volume", ("continuous", "3", "sequence of grids", "low", "high", "signal")))

_MEANS: Mapping[frozenset[str], str] = {
    frozenset({"image", "text"}): "A picture and words share almost nothing by themselves: FineView joins them only in "
    "trained weights, shows where the words point, and answers \"cannot tell\" outside what was trained.",
    frozenset({"oct-volume", "text"}): "A question about a volume is put to one B-scan at a time: words meet pixels "
    "there, and nothing is aligned with the volume as a whole.",
    frozenset({"image", "oct-volume"}): "A B-scan of a volume is itself a picture: one encoder reads both, frame by "
    "frame, and learns nothing from one B-scan to the next."}


@dataclass(frozen=True, slots=True)
class ModalityGap:
    """Two modalities compared.  ``differences`` in the order of ``PROPERTIES``; all numbers in [0, 1]."""

    first: Modality
    second: Modality
    differences: Mapping[str, float]
    gap: float
    difficulty: float
    meaning: str


def modality(word: str) -> Modality:
    """The modality of that name, whatever its case, spaces or underscores.  Raises ``WrongWords`` with those known."""
    plain = "-".join(word.lower().replace("_", " ").replace("-", " ").split())
    for one in MODALITIES:
        if one.name == plain:
            return one
    known = ", ".join(one.name for one in MODALITIES)
    raise WrongWords(f"\"{word}\" is no modality that is described here.", f"Known are {known}.")


def explain_gap(first: Modality, second: Modality) -> ModalityGap:
    """Property by property, exactly (fractions), and rounded to a float only at the end."""
    apart = {prop.name: prop.difference(a, b)
             for prop, a, b in zip(PROPERTIES, first.values, second.values, strict=True)}
    gap = sum(apart.values(), Fraction()) / len(apart)
    redundant = max(_share(one.properties["redundancy"]) for one in (first, second))
    return ModalityGap(first, second, {name: float(value) for name, value in apart.items()}, float(gap),
                       float(gap * (1 + redundant) / 2), _meaning(first, second))


def _share(amount: str) -> Fraction:
    return Fraction(_AMOUNT.index(amount), len(_AMOUNT) - 1)


def _meaning(first: Modality, second: Modality) -> str:
    if first == second:
        return "The same kind of data: no gap to close."
    foreign = [one.name for one in (first, second) if one.name in ("audio", "video")]
    if foreign:
        return f"FineView reads no {' and no '.join(foreign)}, so it aligns nothing here."
    return _MEANS[frozenset({first.name, second.name})]
