"""Image-text pairs whose truth is known: a phantom, its caption, and the mask of every object the caption names.

A caption says every kind of lesion its picture holds (how many, how large, where) and every kind it does not hold, in
one statement each, so that among distinct facts each caption is right for its own picture alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count as numbers

import numpy as np
import numpy.typing as npt

from fineview.lab.caption_facts import Facts, Group, Modality, Side, draw_facts, picture_sign
from fineview.lab.caption_scenes import paint

Mask = npt.NDArray[np.bool_]
BETWEEN = "; "  # between statements: each holds for itself and may be told before or after any other
FINE_PX = 400  # pictures from this height on show microaneurysms and hyperreflective foci
_NOUNS = {"haemorrhage": ("haemorrhage", "haemorrhages"), "soft_exudate": ("soft exudate", "soft exudates"),
          "hard_exudate": ("cluster of hard exudates", "clusters of hard exudates"),
          "microaneurysm": ("microaneurysm", "microaneurysms"), "drusen": ("druse", "drusen"),
          "fluid": ("cyst", "cysts"), "hyperreflective_focus": ("hyperreflective focus", "hyperreflective foci")}
_ABSENT = {"haemorrhage": "haemorrhage", "soft_exudate": "soft exudate", "hard_exudate": "hard exudate",
           "microaneurysm": "microaneurysm", "drusen": "drusen", "fluid": "cyst",
           "hyperreflective_focus": "hyperreflective focus"}
_COUNTS = ("", "one", "two", "three")
_ANATOMICAL = {"ST": "superotemporal", "SN": "superonasal", "IT": "inferotemporal", "IN": "inferonasal",
               "T": "temporal", "N": "nasal", "C": "under the fovea"}


@dataclass(frozen=True, slots=True)
class Captioned:
    """``rgb`` (H, W, 3) uint8; ``words``: the caption; ``objects``: (phrase, a substring of ``words``; label word;
    (H, W) bool mask of everything the phrase names); ``laterality`` of the eye; ``facts`` behind the words."""

    rgb: npt.NDArray[np.uint8]
    words: str
    objects: tuple[tuple[str, str, Mask], ...]
    laterality: Side
    facts: Facts


def captioned(seed: int, size: tuple[int, int], modality: Modality | None = None,
              kinds: int | None = None) -> Captioned:
    """The pair of this seed at ``size`` = (height, width).  ``kinds``: with exactly so many kinds of lesion."""
    facts = draw_facts(seed, size[0] >= FINE_PX, modality, kinds)
    scene = paint(facts, seed, size)
    disc = scene.masks.get("optic_disc")
    words, phrases = told(facts, disc is not None and bool(disc.any()), np.random.default_rng([seed, 44]))
    objects = tuple((phrase, kind, scene.masks[kind]) for phrase, kind in phrases)
    return Captioned(scene.rgb, words, objects, facts.side, facts)


def distinct_seeds(first: int, size: tuple[int, int], modality: Modality | None = None,
                   kinds: int | None = None) -> Iterator[int]:
    """Seeds from ``first`` on whose facts differ from those of all seeds before: their captions fit one picture each.

    Endless for captions of any kinds; with ``kinds`` 1 there are only some hundred different facts.
    """
    seen: set[Facts] = set()
    for seed in numbers(first):
        facts = draw_facts(seed, size[0] >= FINE_PX, modality, kinds)
        if facts not in seen:
            seen.add(facts)
            yield seed


def told(facts: Facts, disc: bool, rng: np.random.Generator) -> tuple[str, list[tuple[str, str]]]:
    """The words, and (phrase, label word) of each object they name."""
    eye = {"R": "right", "L": "left"}[facts.side]
    of = "fundus photograph" if facts.modality == "fundus" else "oct scan"
    statements, phrases = [], []
    for group in facts.groups:
        phrase = _phrase(group)
        statements.append(f"{phrase} {_where(facts, group, rng)}")
        phrases.append((phrase, group.kind))
    if disc:
        statements.append(f"optic disc on the {eye}")  # the nose is on the right of a right eye's photograph
        phrases.append(("optic disc", "optic_disc"))
    statements += [f"no {_ABSENT[kind]}" for kind in facts.absent]
    order = rng.permutation(len(statements))
    return BETWEEN.join([f"{of} of the {eye} eye", *(statements[k] for k in order)]), phrases


def _phrase(group: Group) -> str:
    size = "" if group.large is None else "large " if group.large else "small "
    return f"{_COUNTS[group.count]} {size}{_NOUNS[group.kind][group.count > 1]}"


def _where(facts: Facts, group: Group, rng: np.random.Generator) -> str:
    """In anatomical words or as the picture shows it, at random; both are relative to the fovea."""
    sign = picture_sign(facts.side, group.place)
    if sign == 0:
        return _ANATOMICAL[group.place]
    if rng.random() < 0.5:
        return f"{_ANATOMICAL[group.place]} to the fovea"
    height = {"S": "above and ", "I": "below and "}.get(group.place[0], "")
    return f"{height}{'right' if sign > 0 else 'left'} of the fovea"
