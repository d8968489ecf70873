"""Captioned phantoms kept on disk by seed, as :mod:`phantom_pool` keeps the others; deleting the folder is harmless."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fineview.lab.array_files import write_arrays
from fineview.lab.caption_facts import draw_facts
from fineview.lab.captions import FINE_PX, Captioned, captioned

POOL_PAIRS = 1024
FIRST_SEED = 5_000_000
_GENERATION = "pairs_1"  # raise when phantoms or captions change


def pooled_pair(number: int, size_px: int, cache: Path) -> Captioned:
    """Pair ``number`` of the pool, square, with masks of what its caption names."""
    path = cache / f"{_GENERATION}_{size_px}" / f"{number:05d}.npz"
    if not path.exists():
        made = captioned(FIRST_SEED + number, (size_px, size_px))
        write_arrays(path, {"rgb": made.rgb, "words": np.array(made.words),
                            "masks": np.stack([mask for _, _, mask in made.objects]),
                            "names": np.array([[phrase, word] for phrase, word, _ in made.objects])}, compressed=True)
    return _read(path, number)


def _read(path: Path, number: int) -> Captioned:
    with np.load(path) as held:
        facts = draw_facts(FIRST_SEED + number, held["rgb"].shape[0] >= FINE_PX)
        objects = tuple((str(phrase), str(word), mask)
                        for (phrase, word), mask in zip(held["names"], held["masks"], strict=True))
        return Captioned(held["rgb"], str(held["words"]), objects, facts.side, facts)
