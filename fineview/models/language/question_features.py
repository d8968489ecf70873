"""A question as a bag of hashed pieces: words, pairs of words, and letters in twos to fives inside each word.

Letters carry typing slips and inflections ("bleedng", "haemorrhages"), pairs of words carry the order ("how far").
Hashing (Weinberger et al. 2009, arXiv 0902.2206) needs no vocabulary: a word never seen still has its letters.
"""

from __future__ import annotations

import re
import zlib

import numpy as np
from numpy.typing import NDArray

BUCKETS = 4096
_WORD = re.compile(r"[a-z0-9&/+=]+|[?]")
LONGEST = 300  # letters read; the rest of a longer text says nothing about what is asked


def pieces(text: str, buckets: int = BUCKETS) -> NDArray[np.int64]:
    """The buckets of a text, each once, in rising order; never empty."""
    words = _WORD.findall(text[:LONGEST].lower().replace("'", "").replace("-", " "))
    found = {"<>"}
    for place, word in enumerate(words):
        found.add(f"w {word}")
        before = words[place - 1] if place else "<"
        found.add(f"p {before} {word}")
        padded = f"<{word}>"
        found.update(f"c {padded[at: at + size]}" for size in (2, 3, 4, 5) for at in range(len(padded) - size + 1))
    if words:
        found.update((f"p {words[-1]} >", f"s {' '.join(words[:2])}"))
    return np.unique([zlib.crc32(piece.encode()) % buckets for piece in found])
