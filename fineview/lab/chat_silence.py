"""Where the chat must keep silent: blank pictures, and pictures that are no retina."""

from __future__ import annotations

import numpy as np

from fineview.core.geometry import Box
from fineview.core.intent import Intent
from fineview.core.labels import LABELS
from fineview.lab.chat_desk import Desk, Told
from fineview.lab.phantom_other import other
from fineview.lab.question_scenes import Scene

SIZE = (384, 576)
_ASKED = ("lesion", *(label.word for label in LABELS if label.lesion))


def blank(desk: Desk, count: int, seed: int) -> list[Told]:
    """``count`` blank pictures: one grey or colour, half of them with the noise of a sensor; every lesion is asked for,
    on the whole picture and on a part.  What is said to be there counts."""
    rng, made = np.random.default_rng([seed, 97]), list[Told]()
    for number in range(count):
        colour = rng.uniform(0, 255, 3) if number % 3 else np.full(3, rng.choice([0.0, 255.0, 128.0]))
        noise = rng.normal(0, 3.0, (*SIZE, 3)) if number % 2 else 0.0
        pixels = np.clip(np.rint(colour + noise + np.zeros((*SIZE, 3))), 0, 255).astype(np.uint8)
        made += _asked(desk, pixels, ("OP", "OPT", "PICTURE")[number % 3], number)
    return made


def no_retina(desk: Desk, count: int, seed: int) -> list[Told]:
    """``count`` pictures of something else, without a header that says so."""
    made, at = list[Told](), 7_000_000 + 1000 * seed
    for number in range(count):
        pixels, empty = other(at, SIZE)
        while empty:
            at += 1
            pixels, empty = other(at, SIZE)
        at += 1
        made += _asked(desk, pixels, "PICTURE", number)
    return made


def _asked(desk: Desk, pixels: np.ndarray, modality: str, number: int) -> list[Told]:
    scene = Scene(pixels, modality, {}, np.ones(pixels.shape[:2], bool))
    made = []
    for box in (None, Box(SIZE[1] / 4, SIZE[0] / 4, SIZE[1] / 3, SIZE[0] / 3)):
        for word in _ASKED:
            answer = desk.ask(scene, Intent("presence", word), box)
            made.append(Told(number, word, "silence", answer.verdict if not answer.abstained else None))
    return made
