"""Other pictures for the same caption, and the caption of the other picture: mirror, turn, crop, colour, blur.

What changes the meaning changes the words with it: a mirror swaps left and right in the words, in the phrases and in
the laterality.  A turn stays below the least angle of a place to its axis (12 degrees, :mod:`caption_scenes`), and a
crop keeps every named object, so that quadrants and counts stay true.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fineview.imaging.filters import warp_affine
from fineview.lab.augment import recolour, regrey
from fineview.lab.captions import Captioned
from fineview.lab.mirror import mirror_words

MOST_TURN_DEG = 8.0
KEPT = 0.97  # of each named object's pixels, at a scale of 1
_TRIES = 6


def mirrored(pair: Captioned) -> Captioned:
    """Left and right exchanged, in the picture and in the words.  Mirrored twice it is the same pair."""
    side = "L" if pair.laterality == "R" else "R"
    objects = tuple((mirror_words(phrase), word, mask[:, ::-1]) for phrase, word, mask in pair.objects)
    return Captioned(pair.rgb[:, ::-1], mirror_words(pair.words), objects, side, replace(pair.facts, side=side))


def framed(pair: Captioned, rng: np.random.Generator) -> Captioned:
    """A little turned, moved, and cropped or shrunk; as it was where a named object would be cut every time."""
    height, width = pair.rgb.shape[:2]
    for _ in range(_TRIES):
        turn, zoom = np.deg2rad(rng.uniform(-1, 1) * MOST_TURN_DEG), float(np.exp(rng.uniform(-0.08, 0.14)))
        move = rng.uniform(-0.06, 0.06, 2) * (width, height)
        along, across = zoom * np.cos(turn), zoom * np.sin(turn)
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        spin = np.array([[along, -across], [across, along]])
        matrix = np.hstack([spin, (middle + move - spin @ middle)[:, None]])
        masks = [warp_affine(mask.astype(np.uint8), matrix, (height, width), nearest=True) > 0
                 for _, _, mask in pair.objects]
        if all(mask.sum() >= KEPT * zoom ** 2 * before[2].sum() - 2
               for mask, before in zip(masks, pair.objects, strict=True)):
            rgb = warp_affine(np.ascontiguousarray(pair.rgb), matrix, (height, width))
            objects = tuple((phrase, word, mask) for (phrase, word, _), mask in zip(pair.objects, masks, strict=True))
            return replace(pair, rgb=rgb, objects=objects)
    return pair


def another_picture(pair: Captioned, rng: np.random.Generator) -> Captioned:
    """A mirrored half of the time, framed and recoloured picture with the words that belong to it."""
    turned = framed(mirrored(pair) if rng.random() < 0.5 else pair, rng)
    look = recolour if pair.facts.modality == "fundus" else regrey
    return replace(turned, rgb=look(np.ascontiguousarray(turned.rgb), rng))
