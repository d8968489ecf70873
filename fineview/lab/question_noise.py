"""The same question as people really type it: slips of the fingers, no capitals, greetings, telegram style."""

from __future__ import annotations

import numpy as np

_NEAR = {a: b for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
         for a, b in zip(row, (row[1:] + row[-2]), strict=True)}
_BEFORE = ("", "", "", "", "please ", "hi, ", "ok so ", "hello, ", "sorry, ", "doctor here: ", "quick question: ",
           "one more thing: ", "just wondering, ", "um ", "so ", "and ", "hey, ", "well, ", "now ", "dear FineView, ",
           "I was wondering: ", "in your opinion, ", "be honest, ")
_AFTER = ("", "", "", "", "?", "?", "?", "??", " please", " please?", " thanks", ".", "!", " pls", " then?", " or?",
          " exactly?", " by the way", " in your view?", " would you say?")
_DROPPED = frozenset(("is", "are", "the", "a", "an", "do", "does", "of", "there", "it", "you", "to"))
_SHORT = {"you": "u", "are": "r", "please": "pls", "what": "wat", "area": "ar", "with": "w/", "and": "&",
          "micrometres": "um", "microns": "um", "fovea": "fov", "haemorrhage": "haem", "picture": "pic"}


def typed(text: str, rng: np.random.Generator) -> str:
    """One way of typing ``text``; half of all are left as they are but for a mark at the end."""
    if rng.random() < 0.35:
        text = str(rng.choice(_BEFORE)) + text
    if rng.random() < 0.2:
        text = _telegram(text, rng)
    if rng.random() < 0.3:
        for _ in range(int(rng.integers(1, 3))):
            text = _slip(text, rng)
    text += str(rng.choice(_AFTER))
    case = rng.random()
    return text.upper() if case < 0.03 else text.capitalize() if case < 0.4 else text


def _telegram(text: str, rng: np.random.Generator) -> str:
    """Small words go missing, as in notes and in a second language; some are abbreviated."""
    kept = [_SHORT.get(word, word) if rng.random() < 0.4 else word for word in text.split()
            if word not in _DROPPED or rng.random() < 0.4]
    return " ".join(kept) or text


def _slip(text: str, rng: np.random.Generator) -> str:
    """One letter doubled, lost, swapped with the next, or hit beside."""
    places = [n for n, letter in enumerate(text[:-1]) if letter.isalpha() and text[n + 1].isalpha()]
    if not places:
        return text
    at, kind = int(rng.choice(places)), int(rng.integers(4))
    letter, after = text[at], text[at + 1]
    put = (letter * 2 + after, after, after + letter, _NEAR.get(letter.lower(), letter) + after)[kind]
    return text[:at] + put + text[at + 2:]
