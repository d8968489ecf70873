"""Words of a picture mirrored left to right.

A mirrored right eye is a left eye: "right" and "left" change places wherever they stand, for the eye and for the sides
of the picture alike, and so do OD and OS, RE and LE, R eye and L eye, and the hours of a clock face.  Nasal
and temporal are directions of the eye, not of the picture, and go with it: they stay, as superior and inferior do.
Mirrored twice, a text is itself again.
"""

from __future__ import annotations

import re

_PAIRS = (("left", "right"), ("leftmost", "rightmost"), ("leftward", "rightward"), ("leftwards", "rightwards"),
          ("dexter", "sinister"))
_ABBREVIATED = (("OD", "OS"), ("RE", "LE"))  # capitals only: "re" and "od" are words of their own


def _written(pair: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    first, second = pair
    return (first, second), (first.capitalize(), second.capitalize()), (first.upper(), second.upper())


_OTHER = {word: other for pair in (*(way for two in _PAIRS for way in _written(two)), *_ABBREVIATED)
          for word, other in (pair, pair[::-1])}
_SIDES = re.compile(r"(?<![^\W_])(?:" + "|".join(sorted(_OTHER, key=len, reverse=True)) + r")(?![^\W_])")
_LETTER = re.compile(r"(?<![^\W_])[RL](?=[ -]eyes?\b)")
_CLOCK = re.compile(r"(?<![\w.:])(1[0-2]|[1-9])(?=(?: |-)?o['\u2019]clock\b)")


def mirror_words(words: str) -> str:
    """The caption of the mirrored picture."""
    swapped = _SIDES.sub(lambda found: _OTHER[found[0]], words)
    swapped = _LETTER.sub(lambda found: "L" if found[0] == "R" else "R", swapped)
    return _CLOCK.sub(lambda found: str(12 - int(found[1]) or 12), swapped)
