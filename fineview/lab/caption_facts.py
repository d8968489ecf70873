"""What a caption says, before it is words or a picture: which lesions, how many, how large, where, in which eye.

Facts are complete (every kind of the modality is either there or said to be absent), so that a caption is right for
another picture only where all facts are equal.  Places are relative to the fovea and anatomical ("T" temporal, "N"
nasal, "S" superior, "I" inferior, "C" under the fovea), so that they stay true when a right eye is mirrored into a
left one; picture sides follow from them and the laterality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Modality = Literal["fundus", "oct"]
Side = Literal["R", "L"]
PLACES: dict[Modality, tuple[str, ...]] = {"fundus": ("ST", "SN", "IT", "IN"), "oct": ("T", "C", "N")}
KINDS: dict[Modality, tuple[str, ...]] = {"fundus": ("haemorrhage", "hard_exudate", "soft_exudate"),
                                          "oct": ("drusen", "fluid")}
FINE_KINDS: dict[Modality, str] = {"fundus": "microaneurysm", "oct": "hyperreflective_focus"}
MOST = 3


@dataclass(frozen=True, slots=True)
class Group:
    """``count`` objects of one kind (1..3) in one place.  ``large`` is None where the kind has one size."""

    kind: str
    count: int
    large: bool | None
    place: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything there is to say about one picture, at most one group for a kind; ``absent`` kinds in order."""

    modality: Modality
    side: Side
    groups: tuple[Group, ...]
    absent: tuple[str, ...]


def draw_facts(seed: int, fine: bool = False, modality: Modality | None = None, kinds: int | None = None) -> Facts:
    """Random facts with at least one lesion; ``kinds``: exactly so many of them.

    ``fine``: the picture is large enough to show microaneurysms and hyperreflective foci; they come on top, so equal
    seeds give equal facts of the other kinds at any size.
    """
    rng = np.random.default_rng([seed, 41])
    drawn: Modality = "fundus" if rng.random() < 0.6 else "oct"
    of = modality or drawn
    side: Side = "R" if rng.random() < 0.5 else "L"
    several = int(rng.integers(1, len(KINDS[of]) + 1))
    present = rng.permutation(len(KINDS[of]))[:kinds or several]
    groups, absent = [], []
    for number, kind in enumerate(KINDS[of]):
        count, large, place = int(rng.integers(1, MOST + 1)), bool(rng.random() < 0.5), _place(of, rng)
        if number in present:
            groups.append(Group(kind, count, large, place))
        else:
            absent.append(kind)
    if fine and kinds is None:
        if rng.random() < 0.5:
            groups.append(Group(FINE_KINDS[of], int(rng.integers(1, MOST + 1)), None, _place(of, rng)))
        else:
            absent.append(FINE_KINDS[of])
    return Facts(of, side, tuple(groups), tuple(absent))


def _place(modality: Modality, rng: np.random.Generator) -> str:
    return PLACES[modality][int(rng.integers(len(PLACES[modality])))]


def picture_sign(side: Side, place: str) -> int:
    """+1 where the place lies to the right of the fovea in the picture, -1 to its left, 0 under it.

    The nose is on the right of a photograph of a right eye.
    """
    across = {"N": 1, "T": -1}.get(place[-1], 0)
    return across if side == "R" else -across
